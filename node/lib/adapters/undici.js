'use strict';

// For undici's dispatchers: requests through one get a token, and are sent once more if the API rejects
// it. A response is held back until its first bytes give the verdict; from then on it flows unchanged.

const { decoder } = require('./content-decoding.js');
const { headersOf, hostsOf, sendWithAuth } = require('./send.js');

/** @typedef {import('../../index').Client} Client */
/** @typedef {InstanceType<typeof import('../auth-flow.js').AuthFlow>} AuthFlow */
/** @typedef {import('undici').Dispatcher.DispatchHandler} Handler */
/** @typedef {import('undici').Dispatcher.DispatchController} Controller */
/** @typedef {import('undici').Dispatcher.DispatchOptions} Options */

/**
 * @param {Client} client
 * @returns {import('undici').Dispatcher.DispatcherComposeInterceptor}
 */
function interceptor(client) {
  return (dispatch) => (options, handler) => {
    /** @type {Attempt | undefined} */
    let attempt;
    const send = async () => {
      const url = `${options.origin ?? ''}${options.path}`;
      const own = pairs(options.headers);
      const { signal } = /** @type {{ signal?: unknown }} */ (options);
      const waiting = signal instanceof AbortSignal ? { signal } : {};
      const plan = { url, body: options.body, hosts: hostsOf(own), waiting };
      await sendWithAuth(client, plan, (flow, authorization) => {
        const headers = /** @type {any} */ (headersOf(flow, own, authorization).flat(1));
        return new Promise((resolve) => {
          attempt = new Attempt(handler, flow, resolve);
          dispatch({ ...options, headers }, attempt);
        });
      });
    };
    send().catch((error) => handler.onResponseError?.(attempt?.controller ?? idle, error));
    return true;
  };
}

/** One sending. Its response is held until the verdict, and then is the caller's or is dropped. */
class Attempt {
  /** @type {Controller} */
  controller = idle;
  #handler;
  #flow;
  #settle;
  /** @type {'open' | 'accepted' | 'rejected'} */
  #state = 'open';
  /** @type {import('../../index').Inspection | undefined} */
  #inspection;
  /** @type {ReturnType<typeof decoder>} */
  #decoder;
  /** @type {(() => void)[]} Events for the caller's handler, until the verdict. */
  #held = [];
  /** @type {URL[] | undefined} */
  #history;

  /**
   * @param {Handler} handler
   * @param {AuthFlow} flow
   * @param {(cut: (() => void) | undefined) => void} settle
   */
  constructor(handler, flow, settle) {
    this.#handler = handler;
    this.#flow = flow;
    this.#settle = settle;
  }

  /**
   * @param {Controller} controller
   * @param {any} context
   */
  onRequestStart(controller, context) {
    this.controller = controller;
    this.#history = context?.history;
    this.#handler.onRequestStart?.(controller, context);
  }

  /** @param {Parameters<Required<Handler>['onRequestUpgrade']>} upgrade */
  onRequestUpgrade(...upgrade) {
    this.#accept();
    this.#handler.onRequestUpgrade?.(...upgrade);
  }

  /** @param {Parameters<Required<Handler>['onResponseStart']>} start */
  onResponseStart(...start) {
    const [, status, headers] = start;
    const forward = () => this.#handler.onResponseStart?.(...start);
    // Interim responses and those that were accepted need no verdict.
    if (status < 200 || this.#state === 'accepted') return forward();
    this.#held.push(forward);
    // Interceptors that follow redirects note where they have been.
    const visited = this.#history?.at(-1);
    this.#inspection = this.#flow.inspect(status, visited && String(visited));
    if (this.#inspection.verdict === undefined) {
      this.#decoder = decoder(headers['content-encoding'], (chunk) => this.#read(chunk));
    }
    this.#decide(this.#inspection.verdict);
  }

  /** @param {Parameters<Required<Handler>['onResponseData']>} data */
  onResponseData(...data) {
    this.#pass(() => this.#handler.onResponseData?.(...data));
    const [controller, chunk] = data;
    if (this.#state !== 'open') return;
    if (!this.#decoder) return this.#read(chunk);
    const decoder = this.#decoder;
    // No more than one chunk waits for its decoding.
    controller.pause();
    decoder.write(chunk, () => {
      controller.resume();
      if (this.#state !== 'open') decoder.destroy();
    });
  }

  /** @param {Parameters<Required<Handler>['onResponseEnd']>} end */
  onResponseEnd(...end) {
    this.#pass(() => this.#handler.onResponseEnd?.(...end));
    if (this.#state !== 'open') return;
    if (this.#decoder) this.#decoder.end();
    else this.#read(undefined);
  }

  /** @param {Parameters<Required<Handler>['onResponseError']>} error */
  onResponseError(...error) {
    if (this.#state === 'rejected') return;
    this.#held = [];
    this.#accept();
    this.#handler.onResponseError?.(...error);
  }

  /** @param {Uint8Array | undefined} chunk nothing for the end */
  #read(chunk) {
    if (this.#state !== 'open' || !this.#inspection) return;
    this.#decide(chunk ? this.#inspection.feed(chunk) : this.#inspection.finish());
  }

  /** @param {boolean | undefined} verdict */
  #decide(verdict) {
    if (verdict === undefined) return;
    if (!verdict) return this.#accept();
    this.#state = 'rejected';
    this.#held = [];
    const { controller } = this;
    this.#settle(() => controller.abort(new Error('the response was a rejection of the token')));
  }

  #accept() {
    if (this.#state === 'accepted') return;
    this.#state = 'accepted';
    this.#settle(undefined);
    for (const forward of this.#held.splice(0)) forward();
  }

  /** @param {() => void} forward to the caller's handler, now or when its turn comes */
  #pass(forward) {
    if (this.#state === 'accepted') forward();
    if (this.#state === 'open') this.#held.push(forward);
  }
}

/** A controller for the time before there is a connection. */
const idle = /** @type {Controller} */ ({
  aborted: false,
  paused: false,
  reason: null,
  abort() {},
  pause() {},
  resume() {},
});

/**
 * Headers in any of the forms that undici takes.
 *
 * @param {Options['headers']} headers
 * @returns {[string, string | string[] | undefined][]}
 */
function pairs(headers) {
  if (!headers) return [];
  if (!Array.isArray(headers)) {
    return Symbol.iterator in headers ? [...headers] : /** @type {any} */ (Object.entries(headers));
  }
  if (Array.isArray(headers[0])) return /** @type {any} */ (headers);
  return Array.from({ length: headers.length / 2 }, (_, i) => [String(headers[2 * i]), headers[2 * i + 1]]);
}

module.exports = { interceptor };
