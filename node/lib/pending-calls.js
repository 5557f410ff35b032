'use strict';

// What the library sends here from its own thread: the answers to calls that wait, which are the only thing
// that keeps the process alive meanwhile, and questions, which are nobody's reason to stay. A call also ends
// because a signal gives it up.

const { unwrap } = require('./error.js');
const native = require('./native.js');

/** @typedef {import('./binding').Mailbox} Mailbox */
/** @typedef {import('./binding').Waiter} Waiter */
/**
 * @template T
 * @typedef {import('./binding').Outcome<T>} Outcome
 */

/**
 * The calls that wait. Whoever waits must not be collected, for its answer may depend on a question to it.
 *
 * @type {Map<number, { caller: object, settle: (outcome: any) => void }>}
 */
const calls = new Map();
/** @type {Map<number, (question: import('./binding').Question) => void>} */
const answerers = new Map();
let last = 0;

const mailbox = new native.Mailbox((number, content) => {
  const call = calls.get(number);
  if (!call) return answerers.get(number)?.(/** @type {any} */ (content));
  calls.delete(number);
  if (calls.size === 0) mailbox.unref();
  call.settle(content);
});

/** A number for the library to use in what it sends. */
function newNumber() {
  return ++last;
}

/** @type {WeakMap<AbortSignal, Set<Waiter>>} */
const waiters = new WeakMap();

/**
 * Waits for the result of a call that `begin` starts.
 *
 * @template T
 * @param {object} caller the client
 * @param {(mailbox: Mailbox, call: number) => Outcome<Waiter>} begin
 * @param {AbortSignal | null} [signal]
 * @returns {Promise<T>} rejected with the signal's reason once that is aborted
 */
async function wait(caller, begin, signal) {
  if (signal != null && !(signal instanceof AbortSignal)) {
    throw new TypeError('signal must be an AbortSignal');
  }
  signal?.throwIfAborted();
  const number = newNumber();
  const waiter = unwrap(begin(mailbox, number));
  const release = signal && cancelOnAbort(signal, waiter);
  /** @type {Outcome<T>} */
  const outcome = await arrival(caller, number);
  release?.();
  signal?.throwIfAborted();
  return unwrap(outcome);
}

/**
 * Waits for what comes of a call, which several may unwrap, so that each has an error of its own.
 *
 * @template T
 * @param {object} caller the client
 * @param {(mailbox: Mailbox, call: number) => Outcome<Waiter>} begin
 * @returns {Promise<Outcome<T>>}
 */
async function outcome(caller, begin) {
  const number = newNumber();
  const begun = begin(mailbox, number);
  return 'failure' in begun ? begun : arrival(caller, number);
}

/**
 * @param {object} caller
 * @param {number} number
 * @returns {Promise<Outcome<any>>}
 */
function arrival(caller, number) {
  return new Promise((settle) => {
    if (calls.size === 0) mailbox.ref();
    calls.set(number, { caller, settle });
  });
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

module.exports = { answerers, mailbox, newNumber, outcome, wait };
