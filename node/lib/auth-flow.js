'use strict';

// The library's rules of one request and its reading of the response, with failures thrown where the caller
// stands. The library knows a flow by a number until it is released: adapters release it when they are done,
// the garbage collector releases those that users open. This file is loaded late, perhaps for a client of a copy
// of the package that the program has replaced meanwhile, so that it shares nothing with others but what it is given.

const { unwrap } = require('./error.js');

/** @typedef {import('./binding').AuthFlows} AuthFlows */
/**
 * Keeps the client meanwhile.
 *
 * @typedef {(
 *   start: import('./pending-calls.js').StartToken,
 *   isRepetition: boolean,
 *   options?: import('../index').GetTokenOptions,
 * ) => Promise<string>} Authorize
 */

const registry = new FinalizationRegistry((/** @type {{ flows: AuthFlows, number: number }} */ held) => {
  held.flows.release(held.number);
});

/** The key of a method for adapters/send.js, which may be that of another copy of this package. */
const releaseAuthFlow = Symbol.for('seekauth.releaseAuthFlow');

class AuthFlow {
  #flows;
  #authorize;
  #isRepetition = false;
  /** @type {any} */
  #number;

  /**
   * @param {AuthFlows} flows of a client
   * @param {Authorize} authorize gives the client's header value for an attempt
   * @param {string} url
   * @param {boolean} replayable
   */
  constructor(flows, authorize, url, replayable) {
    this.#flows = flows;
    this.#authorize = authorize;
    this.#number = unwrap(flows.open(url, replayable));
  }

  /**
   * Has a flow released when it is collected.
   *
   * @param {AuthFlow} flow
   */
  static releaseOnCollect(flow) {
    registry.register(flow, { flows: flow.#flows, number: flow.#number });
    return flow;
  }

  /** Releases at once a flow that is not released when it is collected. It is of no use afterwards. */
  [releaseAuthFlow]() {
    this.#flows.release(this.#number);
    this.#number = undefined;
  }

  /**
   * @param {Iterable<string>} [present] names of the headers that the request has
   * @returns {[string, string][]}
   */
  headers(present = []) {
    const lines = unwrap(this.#flows.headers(this.#number, [...present].join('\n'))).split('\n');
    const pairs = [];
    for (let i = 0; i < lines.length; i += 2) pairs.push([lines[i], lines[i + 1]]);
    return /** @type {[string, string][]} */ (pairs);
  }

  /**
   * The `X-Request-Id` of the request, which its errors carry.
   *
   * @returns {string | undefined}
   */
  get requestId() {
    return unwrap(this.#flows.requestId(this.#number)) ?? undefined;
  }

  /** @param {string} value of a header that the request has already */
  set requestId(value) {
    unwrap(this.#flows.setRequestId(this.#number, value));
  }

  /** @param {string} host value of a header that the program set */
  checkHost(host) {
    unwrap(this.#flows.checkHost(this.#number, host));
  }

  /** @param {import('../index').GetTokenOptions} [options] */
  async authorization(options) {
    /** @type {import('./pending-calls.js').StartToken} */
    const start = (timeoutMs, spentMs, call) => this.#flows.getToken(this.#number, timeoutMs, spentMs, call);
    return this.#authorize(start, this.#isRepetition, options);
  }

  /** @param {string} authorization the header value that is about to be sent */
  attempt(authorization) {
    unwrap(this.#flows.attempt(this.#number, authorization));
  }

  /**
   * @param {number} status
   * @param {string} [url] where the response came from
   */
  inspect(status, url) {
    return new Inspection(this, unwrap(this.#flows.inspect(this.#number, status, url)));
  }

  retry() {
    unwrap(this.#flows.retry(this.#number));
    this.#isRepetition = true;
  }

  /**
   * @param {AuthFlow} flow
   * @param {Uint8Array} chunk
   */
  static feed(flow, chunk) {
    return unwrap(flow.#flows.feed(flow.#number, chunk));
  }

  /** @param {AuthFlow} flow */
  static finish(flow) {
    return unwrap(flow.#flows.finish(flow.#number));
  }
}

class Inspection {
  #flow;
  #verdict;

  /**
   * @param {AuthFlow} flow which reads one response at a time
   * @param {boolean | null} verdict
   */
  constructor(flow, verdict) {
    this.#flow = flow;
    this.#verdict = verdict ?? undefined;
  }

  /** True for a rejection, false for a response that is the caller's. */
  get verdict() {
    return this.#verdict;
  }

  /** @param {Uint8Array} chunk */
  feed(chunk) {
    return (this.#verdict ??= AuthFlow.feed(this.#flow, chunk) ?? undefined);
  }

  /** @returns {boolean} */
  finish() {
    return (this.#verdict ??= AuthFlow.finish(this.#flow));
  }
}

module.exports = { AuthFlow };
