'use strict';

// For undici's dispatchers: requests through one get a token, and are sent once more if the API rejects
// it. A response is held back until its first bytes give the verdict; from then on it flows unchanged.

const { isAbortSignal } = require('../pending-calls.js');
const { decoder } = require('./content-decoding.js');
const { MOST_BYTES, headersOf, sendWithAuth, timeLimit } = require('./send.js');
const { Watch } = require('./undici-destination.js');

/** @typedef {import('../../index').Client} Client */
/** @typedef {InstanceType<typeof import('../auth-flow.js').AuthFlow>} AuthFlow */
/** @typedef {import('undici').Dispatcher.DispatchHandler} Handler */
/** @typedef {import('undici').Dispatcher.DispatchController} Controller */
/** @typedef {import('undici').Dispatcher.DispatchOptions} Options */
/** @typedef {import('./send.js').Rejection} Rejection */
/** @typedef {{ signal?: unknown, servername?: unknown }} Extras what the types leave out */

/**
 * @param {Client} client
 * @returns {import('undici').Dispatcher.DispatcherComposeInterceptor}
 */
function interceptor(client) {
  return (dispatch) => (given, handler) => {
    /** @type {Attempt | undefined} */
    let attempt;
    const send = async () => {
      // What is looked at now is what is sent, though its owner may change it meanwhile.
      const options = { ...given };
      const { origin = '', path, body, headersTimeout, signal, servername } = /** @type {Options & Extras} */ (options);
      // Some dispatchers take a whole address for the path, and send it to their own origin.
      const url = String(path).startsWith('/') ? `${origin}${path}` : '';
      const own = pairs(options.headers);
      const waiting = { timeoutMs: timeLimit(headersTimeout), signal: isAbortSignal(signal) ? signal : undefined };
      const check = destinationCheck(client, url, servername);
      await sendWithAuth(client, { url, body, headers: own, waiting }, (flow, authorization) => {
        // A Host that is right is left to undici, so that another one tells of a look-up in between.
        const headers = headersOf(flow, own, authorization).filter(([name]) => name.toLowerCase() !== 'host');
        const watch = new Watch(headers);
        return new Promise((resolve) => {
          attempt = new Attempt(handler, flow, watch, check, resolve);
          const sent = { ...options, headers: merged(headers) };
          watch.during(() => dispatch(sent, /** @type {Attempt} */ (attempt)));
        });
      });
    };
    send().catch((error) => handler.onResponseError?.(attempt?.controller ?? idle, error));
    return true;
  };
}

/**
 * Refuses, by throwing, what leads elsewhere than the request's address.
 *
 * @param {Client} client
 * @param {string} url
 * @param {unknown} servername that the caller gave
 * @returns {(destination: import('./undici-destination.js').Destination) => void}
 */
function destinationCheck(client, url, servername) {
  return (destination) => {
    const { hostname, origin } = new URL(url);
    if (destination.origin === origin) return;
    // An interceptor that looks names up puts an address in the name's place and says what the name was.
    if (servername == null && destination.servername === hostname) return;
    client.authFlow(destination.origin);
  };
}

/** One sending. Its response is held until the verdict, and then is the caller's or is dropped. */
class Attempt {
  /** @type {Controller} */
  controller = idle;
  #handler;
  #flow;
  #watch;
  #check;
  #settle;
  /** Bytes that came behind the verdict. */
  #behind = 0;
  /** Settled once the response has ended, or no more of it is wanted. */
  #rest;
  #ended = () => {};
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
   * @param {InstanceType<typeof Watch>} watch
   * @param {ReturnType<typeof destinationCheck>} check
   * @param {(rejection: Rejection | undefined) => void} settle
   */
  constructor(handler, flow, watch, check, settle) {
    this.#handler = handler;
    this.#flow = flow;
    this.#watch = watch;
    this.#check = check;
    this.#rest = new Promise((/** @type {(value?: unknown) => void} */ resolve) => (this.#ended = resolve));
    this.#settle = (/** @type {Rejection | undefined} */ rejection) => {
      watch.end();
      settle(rejection);
    };
  }

  /**
   * @param {Controller} controller
   * @param {any} context
   */
  onRequestStart(controller, context) {
    this.controller = controller;
    this.#watch.end();
    // Nothing has been sent yet.
    try {
      for (const destination of this.#watch.destinations) this.#check(destination);
    } catch (error) {
      return controller.abort(/** @type {Error} */ (error));
    }
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
    if (this.#state === 'rejected' && (this.#behind += chunk.length) >= MOST_BYTES) this.#ended();
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
    this.#ended();
    if (this.#state !== 'open') return;
    if (this.#decoder) this.#decoder.end();
    else this.#read(undefined);
  }

  /** @param {Parameters<Required<Handler>['onResponseError']>} error */
  onResponseError(...error) {
    if (this.#state === 'rejected') return this.#ended();
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
    this.#settle({
      rest: this.#rest,
      cut: () => controller.abort(new Error('the response was a rejection of the token')),
    });
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

/**
 * The same headers as an object, which all interceptors can read.
 *
 * @param {[string, string | string[] | undefined][]} pairs
 */
function merged(pairs) {
  /** @type {Record<string, string | string[]>} */
  const headers = Object.create(null);
  for (const [name, value] of pairs) {
    const before = headers[name];
    if (value != null) headers[name] = before == null ? value : [before, value].flat(1);
  }
  return headers;
}

module.exports = { interceptor };
