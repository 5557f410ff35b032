'use strict';

// The classes of what goes wrong, apart from wrong types, which are a `TypeError`: one for all failures of the
// library, whose facts come from its table, and one for what a GraphQL answer reports, if that is asked for.

/** @typedef {import('./binding').Failure} Failure */

class SeekAuthError extends Error {
  /** @param {Failure} failure the facts, all of which become properties */
  constructor({ message, ...facts }) {
    super(message);
    Object.assign(this, facts);
  }
}
Object.defineProperty(SeekAuthError.prototype, 'name', { value: 'SeekAuthError' });

class GraphqlError extends Error {
  /** @param {import('../index').GraphqlReply} reply all of which becomes properties */
  constructor(reply) {
    super(reply.errors.map(({ message }) => message).join('; '));
    Object.assign(this, reply);
  }
}
Object.defineProperty(GraphqlError.prototype, 'name', { value: 'GraphqlError' });

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

module.exports = { GraphqlError, SeekAuthError, unwrap };
