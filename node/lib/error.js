'use strict';

// The classes of errors. SeekAuthError is for all failures of the library, whose facts come from its table, and
// GraphQLError for what a GraphQL response reports, on request. Wrong types are a `TypeError`.

/** @typedef {import('./binding').Failure} Failure */

class SeekAuthError extends Error {
  /**
   * @param {string} message
   * @param {import('../index').SeekAuthErrorOptions} options the facts, all of which become properties; what the
   *   code alone decides need not be given
   */
  constructor(message, { cause, serverMessage, serverPath, ...facts } = /** @type {any} */ ({})) {
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, 'number' in facts ? facts : { ...kind(facts.code), ...facts });
    // The server's own words are for who asks for them, and are not printed with the error.
    Object.defineProperties(this, { serverMessage: { value: serverMessage }, serverPath: { value: serverPath } });
  }
}
Object.defineProperty(SeekAuthError.prototype, 'name', { value: 'SeekAuthError' });

class GraphQLError extends Error {
  /** @param {import('../index').GraphQLErrorOptions} response all of which becomes properties */
  constructor({ data, errors, extensions, status = 200, requestId }) {
    const texts = errors.map(({ message }) => message);
    super(texts.filter((text) => typeof text === 'string').join('; '));
    Object.assign(this, { data, errors, extensions, status, requestId });
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
 * What the library's table says of a kind of failure.
 *
 * @param {string} name
 */
function kind(name) {
  const kinds = require('./native.js').errorKinds();
  const row = kinds.find(({ code }) => code === name);
  if (!row) throw new TypeError(`code must be one of ${kinds.map(({ code }) => code).join(', ')}`);
  const { code, number, retryable } = row;
  return { code, number, retryable };
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
  const { message, ...facts } = outcome.failure;
  throw new SeekAuthError(message, /** @type {any} */ (facts));
}

/**
 * The class of what was thrown, and nothing else of it: its text may hold a secret.
 *
 * @param {unknown} error
 */
function className(error) {
  try {
    const name = /** @type {any} */ (error)?.constructor?.name;
    return typeof name === 'string' ? name : undefined;
  } catch {
    // What was thrown has a getter that throws.
    return undefined;
  }
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

module.exports = { GraphQLError, SeekAuthError, className, isRefused, noteRequestId, recognizeCopies, requestIdOf, unwrap };
