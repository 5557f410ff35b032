'use strict';

// The classes of errors. SeekAuthError is for all failures of the library, whose facts come from its table, and
// GraphQLError for what a GraphQL response reports, on request. Wrong types are a `TypeError`.

/** @typedef {import('./binding').Failure} Failure */

class SeekAuthError extends Error {
  /** @param {Failure} failure the facts, all of which become properties */
  constructor({ message, ...facts }) {
    super(message);
    Object.assign(this, facts);
  }
}
Object.defineProperty(SeekAuthError.prototype, 'name', { value: 'SeekAuthError' });

class GraphQLError extends Error {
  /** @param {import('../index').GraphQLResponse} response all of which becomes properties */
  constructor(response) {
    const texts = response.errors.map(({ message }) => message);
    super(texts.filter((text) => typeof text === 'string').join('; '));
    Object.assign(this, response);
  }
}
Object.defineProperty(GraphQLError.prototype, 'name', { value: 'GraphQLError' });

/**
 * A failure that is found here, of a kind of the library's table.
 *
 * @param {import('../index').ErrorCode} kind
 * @param {string} message
 * @param {Partial<Failure>} [facts]
 */
function failure(kind, message, facts) {
  const row = require('./native.js').errorKinds().find(({ code }) => code === kind);
  const { code, number, retryable } = /** @type {NonNullable<typeof row>} */ (row);
  return new SeekAuthError({ message, code, number, retryable, ...facts });
}

/**
 * The value of an outcome. A failure is thrown from here, because an error that the library made would lack
 * the caller's stack.
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

module.exports = { GraphQLError, SeekAuthError, failure, unwrap };
