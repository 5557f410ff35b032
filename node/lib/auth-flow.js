'use strict';

// The library's rules of one request and its reading of the response, with failures thrown where the caller
// stands. The library knows a flow by a number until it is released: adapters release it when they are done,
// the garbage collector releases those that users open.

const { unwrap } = require('./error.js');
const { waitForToken } = require('./pending-calls.js');

/** @typedef {import('./binding').AuthFlows} AuthFlows */

const registry = new FinalizationRegistry((/** @type {{ flows: AuthFlows, number: number }} */ held) => {
  held.flows.release(held.number);
});

class AuthFlow {
  #client;
  #flows;
  /** @type {any} */
  #number;

  /**
   * @param {object} client
   * @param {AuthFlows} flows of the client
   * @param {string} url
   * @param {boolean} replayable
   */
  constructor(client, flows, url, replayable) {
    this.#client = client;
    this.#flows = flows;
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

  /**
   * Releases a flow at once. It is of no use afterwards.
   *
   * @param {AuthFlow} flow that is not released when it is collected
   */
  static release(flow) {
    flow.#flows.release(flow.#number);
    flow.#number = undefined;
  }

  /**
   * @param {Iterable<string>} [present] names of the headers that the request has
   * @returns {[string, string][]}
   */
  headers(present = []) {
    const lines = this.#flows.headers(this.#number, [...present].join('\n')).split('\n');
    const pairs = [];
    for (let i = 0; i < lines.length; i += 2) pairs.push([lines[i], lines[i + 1]]);
    return /** @type {[string, string][]} */ (pairs);
  }

  /** @param {string} host value of a header that the program set */
  checkHost(host) {
    unwrap(this.#flows.checkHost(this.#number, host));
  }

  /** @param {import('../index').GetTokenOptions} [options] */
  async authorization(options) {
    const token = await waitForToken(
      this.#client,
      (timeoutMs, spentMs, call) => this.#flows.getToken(this.#number, timeoutMs, spentMs, call),
      options,
    );
    return token.authorization;
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
    return new Inspection(this, this.#flows.inspect(this.#number, status, url));
  }

  retry() {
    unwrap(this.#flows.retry(this.#number));
  }

  /**
   * @param {AuthFlow} flow
   * @param {Uint8Array} chunk
   */
  static feed(flow, chunk) {
    return flow.#flows.feed(flow.#number, chunk);
  }

  /** @param {AuthFlow} flow */
  static finish(flow) {
    return flow.#flows.finish(flow.#number);
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
