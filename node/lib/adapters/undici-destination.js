'use strict';

// Where undici sends a request. A dispatcher with an origin of its own, such as a Pool, takes no notice of the
// request's; undici tells through its diagnostics channel, before anything is sent.

const { subscribe, unsubscribe } = require('node:diagnostics_channel');

const CHANNEL = 'undici:request:create';
const REQUEST_ID = 'x-request-id';

/**
 * @typedef {object} Destination
 * @property {string} origin
 * @property {string | null} [servername] what the server's certificate has to be for, if that was said
 */

/** What is told of one dispatch. */
class Watch {
  /** @type {Destination[]} */
  destinations = [];
  #requestId;

  /** @param {[string, unknown][]} headers of the request, among them its id */
  constructor(headers) {
    this.#requestId = String(headers.find(([name]) => name.toLowerCase() === REQUEST_ID)?.[1]);
    if (watches.size === 0) subscribe(CHANNEL, note);
    const others = watches.get(this.#requestId);
    if (others) others.add(this);
    else watches.set(this.#requestId, new Set([this]));
  }

  /**
   * Most dispatchers make the request within the call; others when they have a connection for it.
   *
   * @param {() => unknown} dispatch
   */
  during(dispatch) {
    const outer = current;
    current = this;
    try {
      dispatch();
    } finally {
      current = outer;
    }
  }

  end() {
    const mine = watches.get(this.#requestId);
    if (!mine?.delete(this) || mine.size > 0) return;
    watches.delete(this.#requestId);
    if (watches.size === 0) unsubscribe(CHANNEL, note);
  }
}

/** @type {Map<string, Set<Watch>>} By the id of the request. */
const watches = new Map();
/** @type {Watch | undefined} */
let current;

/** @param {unknown} message */
function note(message) {
  const { request } = /** @type {{ request: Destination & { headers: unknown, method: string } }} */ (message);
  const { headers, method, origin, servername = null } = request;
  // A dispatcher that asks a proxy for a tunnel does so within the call, with a request of its own.
  const watching = current && method !== 'CONNECT' ? [current] : watchesOf(headers);
  for (const watch of watching) watch.destinations.push({ origin, servername });
}

/**
 * @param {unknown} headers names and values in turn
 * @returns {Iterable<Watch>}
 */
function watchesOf(headers) {
  if (!Array.isArray(headers)) return [];
  const at = headers.findIndex((name, i) => i % 2 === 0 && String(name).toLowerCase() === REQUEST_ID);
  return watches.get(String(headers[at + 1])) ?? [];
}

module.exports = { Watch };
