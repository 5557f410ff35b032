'use strict';

// `client.fetch`: the platform's own fetch with a token. It does what fetch does, redirects included,
// which take no token to another origin. What can be answered by the first bytes of a body is.

const { converse, headersOf } = require('./send.js');
const { resume } = require('./replayed-response.js');

/** @typedef {import('../../index').Client} Client */
/** @typedef {import('../../index').Inspection} Inspection */

/**
 * @param {Client} client
 * @param {string | URL | Request} input
 * @param {RequestInit} [init]
 * @returns {Promise<Response>}
 */
async function authenticatedFetch(client, input, init) {
  // A request in the place of its options has getters, which no copy would have.
  if (init instanceof Request) return authenticatedFetch(client, new Request(input, init));
  const given = input instanceof Request ? input : undefined;
  const url = given ? given.url : String(input);
  const headers = pairs(init?.headers ?? given?.headers ?? {});
  const signal = init?.signal ?? given?.signal ?? null;
  const body = isMutable(init?.body) ? await frozen(init.body, headers) : init?.body;
  const spare = given?.body && body == null ? given.clone() : undefined;
  let request = given ?? url;
  /** @type {Response | undefined} */
  let response;
  try {
    await converse(client, url, body, { signal }, async (exchange, authorization) => {
      const changes = { headers: headersOf(exchange, headers, authorization), ...(body != null && { body }) };
      const sent = fetch(request, { ...init, ...changes });
      request = spare ?? request;
      response = await sent;
      return examine(exchange.inspect(response.status, response.redirected ? response.url : undefined), response);
    });
  } finally {
    if (spare && !spare.bodyUsed) ignore(spare.body?.cancel());
  }
  return /** @type {Response} */ (/** @type {unknown} */ (response));
}

/**
 * @param {NonNullable<RequestInit['headers']>} headers
 * @returns {[string, string][]}
 */
function pairs(headers) {
  return Symbol.iterator in headers ? [...new Headers(headers)] : /** @type {any} */ (Object.entries(headers));
}

/**
 * Whether a body may be another one by the time that it is sent again.
 *
 * @param {unknown} body
 * @returns {body is object}
 */
function isMutable(body) {
  return body != null && typeof body === 'object' && !(body instanceof Blob) && !(Symbol.asyncIterator in body);
}

/**
 * A body that is the same for each attempt: forms are given their boundary here, and bytes are copied.
 *
 * @param {any} body
 * @param {[string, string][]} headers of the request, which get the content type of such a body
 */
async function frozen(body, headers) {
  const copy = new Response(body);
  const type = copy.headers.get('content-type');
  if (type && !new Headers(headers).has('content-type')) headers.push(['content-type', type]);
  return copy.arrayBuffer();
}

/**
 * Reads as much of an answer as the verdict needs.
 *
 * @param {Inspection} inspection
 * @param {Response} response
 * @returns {Promise<(() => void) | undefined>} see {@link converse}
 */
async function examine(inspection, response) {
  let { verdict } = inspection;
  if (verdict === false) return undefined;
  const reader = response.body?.getReader();
  const pieces = [];
  while (verdict === undefined) {
    const piece = (await reader?.read())?.value;
    verdict = piece ? inspection.feed(piece) : inspection.finish();
    if (piece) pieces.push(piece);
  }
  if (!verdict) {
    if (reader) resume(response, pieces, reader);
    return undefined;
  }
  if (!reader) return () => {};
  ignore(readAway(reader));
  return () => ignore(reader.cancel());
}

/** @param {ReadableStreamDefaultReader} reader */
async function readAway(reader) {
  while (!(await reader.read()).done);
}

/** @param {Promise<unknown> | undefined} outcome that is of no interest any more */
function ignore(outcome) {
  outcome?.catch(() => {});
}

module.exports = { authenticatedFetch };
