'use strict';

// The order of an authenticated request, which all adapters share: the rules, the token, the sending, the
// verdict. An adapter brings the HTTP client that sends, and hands over the response.

const { types } = require('node:util');
const { MessageChannel } = require('node:worker_threads');

/** @typedef {import('../../index').Client} Client */
/** @typedef {InstanceType<typeof import('../auth-flow.js').AuthFlow>} Flow */

/** The key of the client's method that opens an auth flow for its caller to release, and that of what does so. */
const openAuthFlow = Symbol.for('seekauth.openAuthFlow');
const releaseAuthFlow = Symbol.for('seekauth.releaseAuthFlow');

/**
 * What the rules look at before a request is sent.
 *
 * @typedef {object} Plan
 * @property {string} url
 * @property {unknown} body
 * @property {[string, unknown][]} headers of the caller
 * @property {import('../../index').GetTokenOptions} waiting how to wait for tokens
 */

/**
 * Sends one request, and once more if the API rejects its token.
 *
 * @param {Client} client
 * @param {Plan} plan
 * @param {(flow: Flow, authorization: string) => Promise<Rejection | undefined>} sendOnce sends it. Resolves to
 *   nothing for a response that is the caller's
 */
async function sendWithAuth(client, { url, body, headers, waiting }, sendOnce) {
  const open = /** @type {any} */ (client)?.[openAuthFlow];
  if (typeof open !== 'function') {
    throw new TypeError('requests need a Client of seekauth; in tests, Client.fake() gives one, and an automatic mock is none');
  }
  /** @type {Flow} */
  const flow = open.call(client, url, isReplayable(body));
  try {
    const [requestId] = valuesOf(headers, 'x-request-id');
    if (requestId !== undefined) flow.requestId = String(requestId);
    for (const host of valuesOf(headers, 'host')) flow.checkHost(String(host));
    /** @type {Promise<void> | undefined} The end of a rejection. */
    let ended;
    for (;;) {
      const authorization = await flow.authorization(waiting);
      await ended;
      flow.attempt(authorization);
      const rejection = await sendOnce(flow, authorization);
      if (!rejection) return;
      ended = end(rejection);
      flow.retry();
    }
  } finally {
    /** @type {any} */ (flow)[releaseAuthFlow]();
  }
}

/**
 * A response that was a rejection, and is nobody's.
 *
 * @typedef {object} Rejection
 * @property {Promise<unknown>} rest settled when the rest of it has arrived, or {@link MOST_BYTES} of that
 * @property {() => void} cut gives up what has not arrived, and the connection with it
 */

/** How much of a rejection is read for the sake of its connection, and how long that may take. */
const MOST_BYTES = 1 << 20;
const MOST_MS = 1_000;

/**
 * Lets a rejection come to its end, after which the next request can use its connection, or cuts it off.
 *
 * @param {Rejection} rejection
 */
async function end({ rest, cut }) {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const late = /** @type {any} */ (Atomics).waitAsync(clock, 0, 0, MOST_MS).value;
  await Promise.race([rest, late]).catch(() => {});
  Atomics.notify(clock, 0);
  cut();
  // HTTP clients give the connection free one turn of the event loop later.
  await nextTurn();
}

/** Tests replace timers, and their replacements may never run; what is waited for here nobody replaces. */
function nextTurn() {
  const { port1, port2 } = new MessageChannel();
  return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
    port1.once('message', () => {
      port1.close();
      resolve();
    });
    port2.postMessage(undefined);
  });
}

/**
 * Reads what is left of a rejection.
 *
 * @param {() => Promise<{ done?: boolean | undefined, value?: any }>} next gives the chunks
 */
async function drain(next) {
  for (let bytes = 0; bytes < MOST_BYTES; ) {
    const { done, value } = await next();
    if (done) return;
    bytes += value.length;
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
    types.isArrayBuffer(body) ||
    body instanceof Blob
  );
}

/**
 * What a time-out of the HTTP client means for waiting: 0 is none, and some clients take text.
 *
 * @param {unknown} timeout in milliseconds
 */
function timeLimit(timeout) {
  const limit = Number(timeout);
  return limit > 0 && Number.isFinite(limit) ? limit : undefined;
}

/**
 * The values of a header among those of the caller.
 *
 * @param {[string, unknown][]} own
 * @param {string} wanted its name in lower case
 */
function valuesOf(own, wanted) {
  return own.flatMap(([name, value]) => (name.toLowerCase() === wanted && value != null ? value : []));
}

/**
 * The headers of an attempt: those that the rules set replace those of the same name.
 *
 * @template V
 * @param {Flow} flow
 * @param {[string, V][]} own of the caller
 * @param {string} authorization
 * @returns {[string, V | string][]}
 */
function headersOf(flow, own, authorization) {
  const set = flow.headers(own.map(([name]) => name));
  set.push(['Authorization', authorization]);
  const kept = own.filter(([name]) => set.every(([other]) => other.toLowerCase() !== name.toLowerCase()));
  return [...kept, ...set];
}

module.exports = { MOST_BYTES, drain, headersOf, sendWithAuth, timeLimit };
