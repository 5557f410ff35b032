'use strict';

// The one class of everything that goes wrong, apart from wrong types, which are a `TypeError`. All
// facts come from the library's table of failures; there is none here.

/** @typedef {import('./binding').Failure} Failure */

class SeekAuthError extends Error {
  /** @param {Failure} failure the facts, all of which become properties */
  constructor({ message, ...facts }) {
    super(message);
    Object.assign(this, facts);
  }
}
Object.defineProperty(SeekAuthError.prototype, 'name', { value: 'SeekAuthError' });

/**
 * The value that a call into the library came to. Its failure is thrown from here, because an error
 * made by the library would lack the caller's stack.
 *
 * @template T
 * @param {import('./binding').Outcome<T>} outcome
 * @returns {T}
 */
function unwrap(outcome) {
  if (typeof outcome === 'object' && outcome !== null && 'failure' in outcome) {
    throw new SeekAuthError(outcome.failure);
  }
  return outcome;
}

module.exports = { SeekAuthError, unwrap };
