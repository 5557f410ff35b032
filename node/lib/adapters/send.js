'use strict';

// The order of an authenticated request, which all adapters share: the rules, the token, the sending, the
// verdict. An adapter brings the HTTP client that sends, and hands over the response.

const { AuthFlow } = require('../auth-flow.js');

/** @typedef {import('../../index').Client} Client */
/** @typedef {InstanceType<typeof AuthFlow>} Flow */

/** The key of the client's method that opens an auth flow for its caller to release. */
const openAuthFlow = Symbol.for('seekauth.openAuthFlow');

/**
 * What the rules look at before a request is sent.
 *
 * @typedef {object} Plan
 * @property {string} url
 * @property {unknown} body
 * @property {unknown[]} hosts values of the header `Host`, if the caller set it
 * @property {import('../../index').GetTokenOptions} waiting how to wait for tokens
 */

/**
 * Sends one request, and once more if the API rejects its token.
 *
 * @param {Client} client
 * @param {Plan} plan
 * @param {(flow: Flow, authorization: string) => Promise<(() => void) | undefined>} sendOnce sends it.
 *   Resolves to nothing for a response that is the caller's; for a rejection, to what cuts off the rest of
 *   the response. The rest is drained in the background until then, so that the connection can be used again.
 */
async function sendWithAuth(client, { url, body, hosts, waiting }, sendOnce) {
  /** @type {Flow} */
  const flow = /** @type {any} */ (client)[openAuthFlow](url, isReplayable(body));
  /** @type {(() => void) | undefined} */
  let cut;
  try {
    for (const host of hosts) flow.checkHost(String(host));
    // While the token needs nothing, the client has its value at hand.
    let authorization = client.authorizationNow() ?? (await flow.authorization(waiting));
    for (;;) {
      flow.attempt(authorization);
      cut?.();
      cut = await sendOnce(flow, authorization);
      if (!cut) return;
      flow.retry();
      authorization = await flow.authorization(waiting);
    }
  } finally {
    cut?.();
    AuthFlow.release(flow);
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
 * The values of the header `Host` among those of the caller.
 *
 * @param {[string, unknown][]} own
 */
function hostsOf(own) {
  return own.flatMap(([name, value]) => (name.toLowerCase() === 'host' && value != null ? value : []));
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

module.exports = { headersOf, hostsOf, sendWithAuth };
