'use strict';

// The calls that wait for a token, and how they end: by the library's answer, which is the only thing
// that keeps the process alive meanwhile, or because a signal gives them up.

const { unwrap } = require('./error.js');
const native = require('./native.js');

/** @typedef {import('./binding').NativeClient} NativeClient */
/** @typedef {import('./binding').NativeToken} NativeToken */
/** @typedef {import('./binding').Outcome<NativeToken>} Outcome */
/** @typedef {import('./binding').Waiter} Waiter */

/** @type {Map<number, (outcome: Outcome) => void>} */
const answers = new Map();
let last = 0;

const mailbox = new native.Mailbox((number, outcome) => {
  const answer = answers.get(number);
  if (!answer) return;
  answers.delete(number);
  if (answers.size === 0) mailbox.unref();
  answer(outcome);
});

/** @type {WeakMap<AbortSignal, Set<Waiter>>} */
const waiters = new WeakMap();

/**
 * Waits for a token of this client.
 *
 * @param {NativeClient} client
 * @param {number | undefined} timeoutMs
 * @param {AbortSignal | null | undefined} signal
 * @returns {Promise<NativeToken>} rejected with the signal's reason once that is aborted
 */
async function wait(client, timeoutMs, signal) {
  signal?.throwIfAborted();
  const number = ++last;
  const waiter = unwrap(client.getToken(timeoutMs, mailbox, number));
  const release = signal && cancelOnAbort(signal, waiter);
  const outcome = await new Promise((resolve) => {
    if (answers.size === 0) mailbox.ref();
    answers.set(number, resolve);
  });
  release?.();
  signal?.throwIfAborted();
  return unwrap(outcome);
}

/**
 * Gives a call up when the signal says so. However many calls a signal serves, it has one listener,
 * because Node warns about more than ten, and none once the last of them has ended.
 *
 * @param {AbortSignal} signal
 * @param {Waiter} waiter
 * @returns {() => void} to be called when the call has ended
 */
function cancelOnAbort(signal, waiter) {
  const others = waiters.get(signal) ?? new Set();
  if (others.size === 0) {
    waiters.set(signal, others);
    signal.addEventListener('abort', cancel);
  }
  others.add(waiter);
  return () => {
    if (others.delete(waiter) && others.size === 0) signal.removeEventListener('abort', cancel);
  };
}

/** @this {AbortSignal} */
function cancel() {
  for (const waiter of waiters.get(this) ?? []) waiter.cancel();
}

module.exports = { wait };
