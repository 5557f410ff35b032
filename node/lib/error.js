'use strict';

// The classes of errors. SeekAuthError is for all failures of the library, whose facts come from its table, and
// GraphQLError for what a GraphQL response reports, on request. Wrong types are a `TypeError`.

/** @typedef {import('./binding').Failure} Failure */

class SeekAuthError extends Error {
  /** @param {Failure} failure the facts, all of which become properties */
  constructor({ message, serverMessage, serverPath, ...facts }) {
    super(message);
    Object.assign(this, facts);
    // The server's own words are for who asks for them, and are not printed with the error.
    Object.defineProperties(this, { serverMessage: { value: serverMessage }, serverPath: { value: serverPath } });
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
 * Has `instanceof` know the objects of other copies of this package in the process: there are several where a
 * test runner loads it for each file anew, or two dependencies bring one each.
 *
 * @param {Function} Class
 * @param {string} name
 */
function recognizeCopies(Class, name) {
  const brand = Symbol.for(`seekauth.${name}`);
  Object.defineProperty(Class.prototype, brand, { value: true });
  Object.defineProperty(Class, Symbol.hasInstance, {
    /** @param {unknown} value */
    value(value) {
      if (this !== Class) return Function.prototype[Symbol.hasInstance].call(this, value);
      return typeof value === 'object' && value !== null && brand in value;
    },
  });
}
recognizeCopies(SeekAuthError, 'SeekAuthError');
recognizeCopies(GraphQLError, 'GraphQLError');

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
 * Whether there is no value.
 *
 * @template T
 * @param {import('./binding').Outcome<T>} outcome
 * @returns {outcome is import('./binding').Refused}
 */
function isRefused(outcome) {
  return typeof outcome === 'object' && outcome !== null && ('failure' in outcome || 'wrongType' in outcome);
}

/**
 * The value of an outcome. Errors are made here, because those that the library made would lack the caller's
 * stack, and could be of another context's classes.
 *
 * @template T
 * @param {import('./binding').Outcome<T>} outcome
 * @returns {T}
 */
function unwrap(outcome) {
  if (!isRefused(outcome)) return outcome;
  if ('wrongType' in outcome) throw new TypeError(outcome.wrongType);
  throw new SeekAuthError(outcome.failure);
}

/** Under which a response of `fetch` has the id of its request, also for another copy of this package. */
const requestId = Symbol.for('seekauth.requestId');

/**
 * Notes the id of the request that a response is for: the platform's own response does not have it.
 *
 * @param {object} response
 * @param {string | undefined} id
 */
function noteRequestId(response, id) {
  Object.defineProperty(response, requestId, { value: id });
}

/**
 * The `X-Request-Id` of the request that a response of `client.fetch` is for.
 *
 * @param {any} response
 * @returns {string | undefined}
 */
function requestIdOf(response) {
  return response?.[requestId];
}

module.exports = { GraphQLError, SeekAuthError, failure, isRefused, noteRequestId, recognizeCopies, requestIdOf, unwrap };
