'use strict';

// The rules of one request and the reading of its answer, as the library keeps them, with its failures
// thrown in the caller's place. The library knows an exchange by a number, until that is released: by
// the adapters as soon as they are done, for others when the exchange is collected.

const { unwrap } = require('./error.js');

/** @typedef {import('./binding').Exchanges} Exchanges */

const forgotten = new FinalizationRegistry((/** @type {{ exchanges: Exchanges, number: number }} */ held) => {
  held.exchanges.release(held.number);
});

class Exchange {
  #exchanges;
  /** @type {any} */
  #number;

  /**
   * @param {Exchanges} exchanges of a client
   * @param {string} url
   * @param {boolean} replayable
   */
  constructor(exchanges, url, replayable) {
    this.#exchanges = exchanges;
    this.#number = unwrap(exchanges.open(url, replayable));
  }

  /**
   * Has an exchange released when it is collected.
   *
   * @param {Exchange} exchange
   */
  static entrust(exchange) {
    forgotten.register(exchange, { exchanges: exchange.#exchanges, number: exchange.#number });
    return exchange;
  }

  /**
   * Releases an exchange that was not entrusted. It is of no use any more.
   *
   * @param {Exchange} exchange
   */
  static release(exchange) {
    exchange.#exchanges.release(exchange.#number);
    exchange.#number = undefined;
  }

  /**
   * @param {Iterable<string>} [present] names of the headers that the request has
   * @returns {[string, string][]}
   */
  headers(present = []) {
    const lines = this.#exchanges.headers(this.#number, [...present].join('\n')).split('\n');
    const pairs = [];
    for (let i = 0; i < lines.length; i += 2) pairs.push([lines[i], lines[i + 1]]);
    return /** @type {[string, string][]} */ (pairs);
  }

  /** @param {string} authorization the header value that is about to be sent */
  admit(authorization) {
    unwrap(this.#exchanges.admit(this.#number, authorization));
  }

  /**
   * @param {number} status
   * @param {string} [url] where the answer came from
   */
  inspect(status, url) {
    return new Inspection(this, this.#exchanges.inspect(this.#number, status, url));
  }

  reject() {
    unwrap(this.#exchanges.reject(this.#number));
  }

  /**
   * @param {Exchange} exchange
   * @param {Uint8Array} piece
   */
  static feed(exchange, piece) {
    return exchange.#exchanges.feed(exchange.#number, piece);
  }

  /** @param {Exchange} exchange */
  static finish(exchange) {
    return exchange.#exchanges.finish(exchange.#number);
  }
}

class Inspection {
  #exchange;
  #verdict;

  /**
   * @param {Exchange} exchange which reads one answer at a time
   * @param {boolean | null} verdict
   */
  constructor(exchange, verdict) {
    this.#exchange = exchange;
    this.#verdict = verdict ?? undefined;
  }

  /** True for a rejection, false for an answer that is the caller's. */
  get verdict() {
    return this.#verdict;
  }

  /** @param {Uint8Array} piece */
  feed(piece) {
    return (this.#verdict ??= Exchange.feed(this.#exchange, piece) ?? undefined);
  }

  /** @returns {boolean} */
  finish() {
    return (this.#verdict ??= Exchange.finish(this.#exchange));
  }
}

module.exports = { Exchange };
