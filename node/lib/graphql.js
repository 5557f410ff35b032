'use strict';

// GraphQL operations and responses as JavaScript values. What the API reports in `errors` is data; it becomes
// an exception on request only.

const { GraphQLError } = require('./error.js');

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
function read({ status, text }, throwOnErrors = false) {
  const { data, errors, extensions } = JSON.parse(text);
  const response = { data, errors: errors ?? [], extensions, status };
  if (throwOnErrors && response.errors.length > 0) throw new GraphQLError(response);
  return response;
}

module.exports = { read, write };
