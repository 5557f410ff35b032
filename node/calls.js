'use strict';

// The calls that wait for the library, and how they end: by the library's answer, which is the only thing
// that keeps the process alive meanwhile, or because a signal gives them up.

const { unwrap } = require('./error.js');
const native = require('./native.js');

/** @typedef {import('./binding').Mailbox} Mailbox */
/** @typedef {import('./binding').Waiter} Waiter */
/**
 * @template T
 * @typedef {import('./binding').Outcome<T>} Outcome
 */

/** @type {Map<number, (outcome: any) => void>} */
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
 * Waits for the result of a call that `begin` starts.
 *
 * @template T
 * @param {(mailbox: Mailbox, call: number) => Outcome<Waiter>} begin
 * @param {AbortSignal | null} [signal]
 * @returns {Promise<T>} rejected with the signal's reason once that is aborted
 */
async function wait(begin, signal) {
  if (signal != null && !(signal instanceof AbortSignal)) {
    throw new TypeError('signal must be an AbortSignal');
  }
  signal?.throwIfAborted();
  const number = ++last;
  const waiter = unwrap(begin(mailbox, number));
  const release = signal && cancelOnAbort(signal, waiter);
  /** @type {Outcome<T>} */
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
