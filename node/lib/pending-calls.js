'use strict';

// What the library sends from its own threads: completions of calls, requests for credentials, and events. Calls
// that wait are all that keeps the process alive meanwhile, and what is here. A signal ends a call as well.

const { isRefused, unwrap } = require('./error.js');
const native = require('./native.js');

/** @typedef {import('./binding').CancelHandle} CancelHandle */
/** @typedef {import('./binding').CredentialsRequest} CredentialsRequest */
/** @typedef {import('./binding').NativeToken} NativeToken */
/**
 * @template T
 * @typedef {import('./binding').Outcome<T>} Outcome
 */
/**
 * Starts a call for a token, of whose time a part is over.
 *
 * @typedef {(timeoutMs: unknown, spentMs: number, call: number) => Outcome<CancelHandle>} StartToken
 */

/**
 * The calls that wait. Each holds its client, which must not be collected: the call may need credentials from
 * the client's function.
 *
 * @type {Map<number, { client: object, settle: (outcome: any) => void }>}
 */
const calls = new Map();
/** @type {Map<number, (request: CredentialsRequest) => void>} What serves the requests for credentials, and takes the rest. */
const providers = new Map();
let last = 0;

/**
 * Takes what the library sends.
 *
 * @param {number} number of a call, or of a function
 * @param {any} content
 */
function settle(number, content) {
  const call = calls.get(number);
  if (!call) return providers.get(number)?.(content);
  calls.delete(number);
  call.settle(content);
}

// Unless a call waits, the library does not hold the function, so that all this can be collected where it is
// thrown away, such as by a test runner; what has the one has the other.
const completions = Object.assign(new native.Completions(settle), { settle });

/** The number of requests for certificate authorities, for a system that has none; no call has it. */
const AUTHORITIES = 0;
providers.set(AUTHORITIES, (/** @type {any} */ request) => {
  let pem = '';
  try {
    // Loaded only here, because that takes longer than all the rest.
    pem = require('node:tls').rootCertificates.join('\n');
  } catch {
    // A Node without TLS has none.
  }
  request.provide(pem);
});

/** The number under which events arrive; no call has it. */
const EVENTS = -1;
// Loaded only here, because most programs have no use for it.
providers.set(EVENTS, (/** @type {any} */ events) => require('./events.js').publish(events));

/** A number for the library to use in what it sends. */
function newNumber() {
  return ++last;
}

/** @type {WeakMap<AbortSignal, Set<CancelHandle>>} */
const handles = new WeakMap();

/**
 * Waits for the result of a call that `start` starts.
 *
 * @template T
 * @param {object} client
 * @param {(call: number) => Outcome<CancelHandle>} start
 * @param {AbortSignal | null} [signal]
 * @returns {Promise<T>} rejected with the signal's reason once that is aborted
 */
async function wait(client, start, signal) {
  check(signal);
  /** @type {Outcome<T>} */
  const outcome = await settled(client, start, signal);
  signal?.throwIfAborted();
  return unwrap(outcome);
}

/**
 * How a caller waits.
 *
 * @param {import('../index').GetTokenOptions} [options]
 */
function waiting({ timeoutMs, signal, ...unknown } = {}) {
  for (const name in unknown) {
    throw new TypeError(`unknown option "${name}"; the options are timeoutMs, signal`);
  }
  check(signal);
  return { timeoutMs, signal };
}

/**
 * Waits for the token of a call, by the terms of its caller.
 *
 * @param {object} client
 * @param {StartToken} start
 * @param {import('../index').GetTokenOptions} [options]
 * @returns {Promise<NativeToken>}
 */
async function waitForToken(client, start, options) {
  const { timeoutMs, signal } = waiting(options);
  const outcome = await tokenOutcome(client, start, timeoutMs, signal);
  signal?.throwIfAborted();
  return unwrap(outcome);
}

/**
 * Waits for the outcome of a call for a token, which several callers may unwrap, so that each has an error of
 * its own. A token that expired while this thread was busy with other things is asked for again, in the time
 * that the call has left.
 *
 * @param {object} client
 * @param {StartToken} start
 * @param {unknown} [timeoutMs]
 * @param {AbortSignal | null} [signal]
 * @returns {Promise<Outcome<NativeToken>>}
 */
async function tokenOutcome(client, start, timeoutMs, signal) {
  for (let spentMs = 0; ; ) {
    /** @type {Outcome<NativeToken>} */
    const outcome = await settled(client, (call) => start(timeoutMs, spentMs, call), signal);
    if (isRefused(outcome) || !outcome.expiredOnTheWay || signal?.aborted) return outcome;
    spentMs += outcome.waitedMs;
  }
}

/** @param {unknown} signal */
function check(signal) {
  if (signal == null) return;
  if (!isAbortSignal(signal)) throw new TypeError('signal must be an AbortSignal');
  signal.throwIfAborted();
}

/**
 * @param {unknown} value which may be of another context's class
 * @returns {value is AbortSignal}
 */
function isAbortSignal(value) {
  return Object.prototype.toString.call(value) === '[object AbortSignal]';
}

/**
 * @param {object} client
 * @param {(call: number) => Outcome<CancelHandle>} start
 * @param {AbortSignal | null} [signal] that cancels the call
 * @returns {Promise<Outcome<any>>}
 */
async function settled(client, start, signal) {
  const number = newNumber();
  const started = start(number);
  if (isRefused(started)) return started;
  const release = signal && cancelOnAbort(signal, started);
  const outcome = await completion(client, number);
  release?.();
  return outcome;
}

/**
 * @param {object} client
 * @param {number} number
 * @returns {Promise<Outcome<any>>}
 */
function completion(client, number) {
  return new Promise((settle) => calls.set(number, { client, settle }));
}

/**
 * Cancels a call when the signal is aborted. A signal has one listener however many calls it serves, because
 * Node warns about more than ten, and none once the last of them has ended.
 *
 * @param {AbortSignal} signal
 * @param {CancelHandle} handle
 * @returns {() => void} to be called when the call has ended
 */
function cancelOnAbort(signal, handle) {
  const others = handles.get(signal) ?? new Set();
  if (others.size === 0) {
    handles.set(signal, others);
    signal.addEventListener('abort', cancel);
  }
  others.add(handle);
  return () => {
    if (others.delete(handle) && others.size === 0) signal.removeEventListener('abort', cancel);
  };
}

/** @this {AbortSignal} */
function cancel() {
  for (const handle of handles.get(this) ?? []) handle.cancel();
}

module.exports = { completions, isAbortSignal, newNumber, providers, tokenOutcome, wait, waitForToken, waiting };
