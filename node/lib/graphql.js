'use strict';

// GraphQL operations and responses as JavaScript values. What the API reports in `errors` is data; it becomes
// an exception on request only.

const { GraphQLError, SeekAuthError } = require('./error.js');

/** @typedef {import('../index').GraphQLResponse} GraphQLResponse */

/**
 * @param {string} query
 * @param {Omit<import('../index').GraphQLOptions, 'signal' | 'throwOnErrors'>} options
 * @returns {import('./binding').NativeOperation}
 */
function write(query, { variables, operationName, headers, timeoutMs, ...unknown }) {
  for (const name in unknown) {
    throw new TypeError(
      `unknown option "${name}"; the options are variables, operationName, headers, timeoutMs, signal, throwOnErrors`,
    );
  }
  if (typeof query !== 'string') throw new TypeError('query must be a string');
  return {
    query,
    variables: variables == null ? undefined : String(JSON.stringify(variables)),
    operationName,
    headers: [...new Headers(headers)],
    timeoutMs,
  };
}

/**
 * @param {import('./binding').NativeResponse} response
 * @param {boolean} [throwOnErrors]
 * @returns {GraphQLResponse}
 */
function read({ status, text, requestId }, throwOnErrors = false) {
  const { data, errors, extensions } = parse(text, { status, requestId });
  const response = { data, errors: errors ?? [], extensions: extensions ?? undefined, status, requestId };
  if (throwOnErrors && response.errors.length > 0) throw new GraphQLError(response);
  return response;
}

/**
 * The library has looked at the shape; what else JavaScript may find wrong is a failure of the table too.
 *
 * @param {string} text
 * @param {{ status: number, requestId?: string | undefined }} facts
 * @returns {any}
 */
function parse(text, facts) {
  try {
    return JSON.parse(text);
  } catch {
    throw new SeekAuthError('the response is not JSON that JavaScript reads', { code: 'protocol', ...facts });
  }
}

module.exports = { read, write };
