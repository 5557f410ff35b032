'use strict';

// `client.fetch`: the platform's own fetch with a token. It does what fetch does, redirects included; fetch
// takes no token to another origin. A response is handed over as soon as its first bytes give a verdict.

const { noteRequestId } = require('../error.js');
const { replayBody } = require('./replayed-response.js');
const { drain, headersOf, sendWithAuth } = require('./send.js');

/** @typedef {import('../../index').Client} Client */
/** @typedef {import('../../index').Inspection} Inspection */

/**
 * @param {Client} client
 * @param {string | URL | Request} input
 * @param {RequestInit} [init]
 * @param {(input: string | Request, init?: RequestInit) => Promise<Response>} [send] in place of the platform's fetch
 * @returns {Promise<Response>}
 */
async function authenticatedFetch(client, input, init, send = fetch) {
  // A request in the place of options has getters, which no copy would have.
  if (init instanceof Request) return authenticatedFetch(client, new Request(input, init), undefined, send);
  const original = input instanceof Request ? input : undefined;
  const url = original ? original.url : String(input);
  const headers = pairs(init?.headers ?? original?.headers ?? {});
  const signal = init?.signal ?? original?.signal ?? null;
  const body = isMutable(init?.body) ? await frozen(init.body, headers) : init?.body;
  const spare = original?.body && body == null ? original.clone() : undefined;
  let request = original ?? url;
  /** @type {Response | undefined} */
  let response;
  try {
    const plan = { url, body, headers, waiting: { signal } };
    await sendWithAuth(client, plan, async (flow, authorization) => {
      const changes = { headers: headersOf(flow, headers, authorization), ...(body != null && { body }) };
      const sent = send(request, { ...init, ...changes });
      request = spare ?? request;
      response = await sent;
      noteRequestId(response, flow.requestId);
      return peekResponse(flow.inspect(response.status, response.redirected ? response.url : undefined), response);
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
 * Whether a body may change before it is sent again.
 *
 * @param {unknown} body
 * @returns {body is object}
 */
function isMutable(body) {
  return body != null && typeof body === 'object' && !(body instanceof Blob) && !(Symbol.asyncIterator in body);
}

/**
 * A body that is the same for each attempt: forms get their boundary here, and bytes are copied.
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
 * Reads as much of a response as the verdict needs.
 *
 * @param {Inspection} inspection
 * @param {Response} response
 * @returns {Promise<import('./send.js').Rejection | undefined>} see {@link sendWithAuth}
 */
async function peekResponse(inspection, response) {
  let { verdict } = inspection;
  if (verdict === false) return undefined;
  const reader = response.body?.getReader();
  const chunks = [];
  while (verdict === undefined) {
    const chunk = (await reader?.read())?.value;
    verdict = chunk ? inspection.feed(chunk) : inspection.finish();
    if (chunk) chunks.push(chunk);
  }
  if (!verdict) {
    if (reader) replayBody(response, chunks, reader);
    return undefined;
  }
  const rest = reader ? drain(() => reader.read()) : Promise.resolve();
  return { rest, cut: () => ignore(reader?.cancel()) };
}

/** @param {Promise<unknown> | undefined} outcome that is no longer needed */
function ignore(outcome) {
  outcome?.catch(() => {});
}

module.exports = { authenticatedFetch };
