'use strict';

// What the adapters have in common: the order in which a request's rules, its token and its sending
// are asked for. Which HTTP client sends, and what becomes of the answer, is up to them.

const { open } = require('../client.js');
const { Exchange } = require('../auth-flow.js');

/** @typedef {import('../../index').Client} Client */

/**
 * Sends one request, and once more if the API rejects its token.
 *
 * @param {Client} client
 * @param {string} url
 * @param {unknown} body
 * @param {import('../../index').GetTokenOptions} waiting how to wait for tokens
 * @param {(exchange: import('../../index').Exchange, authorization: string) => Promise<(() => void) | undefined>} attempt
 *   sends it. Nothing is given back for an answer that is the caller's; for a rejection, what cuts off the
 *   rest of it. By then the rest has been read away in the background, so that the connection can be used
 *   again.
 */
async function converse(client, url, body, waiting, attempt) {
  const exchange = open(client, url, isReplayable(body));
  /** @type {(() => void) | undefined} */
  let cut;
  try {
    for (;;) {
      const authorization = client.authorizationNow() ?? (await client.getToken(waiting)).authorization;
      exchange.admit(authorization);
      cut?.();
      cut = await attempt(exchange, authorization);
      if (!cut) return;
      exchange.reject();
    }
  } finally {
    cut?.();
    Exchange.release(exchange);
  }
}

/**
 * Whether a body can be sent twice and be the same, as nothing and what is held in memory can.
 *
 * @param {unknown} body
 */
function isReplayable(body) {
  return (
    body == null ||
    typeof body === 'string' ||
    ArrayBuffer.isView(body) ||
    body instanceof ArrayBuffer ||
    body instanceof Blob
  );
}

/**
 * The headers of an attempt: those that the rules set are in the place of those of the same name.
 *
 * @template V
 * @param {import('../../index').Exchange} exchange
 * @param {[string, V][]} given by the caller
 * @param {string} authorization
 * @returns {[string, V | string][]}
 */
function headersOf(exchange, given, authorization) {
  const set = exchange.headers(given.map(([name]) => name));
  set.push(['Authorization', authorization]);
  const kept = given.filter(([name]) => set.every(([other]) => other.toLowerCase() !== name.toLowerCase()));
  return [...kept, ...set];
}

module.exports = { converse, headersOf };
