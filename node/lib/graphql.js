'use strict';

// GraphQL operations and replies as JavaScript values. What the API reports in `errors` is data, and
// becomes an exception only for those who ask for it.

const { GraphqlError } = require('./error.js');

/** @typedef {import('../index').GraphqlReply} GraphqlReply */

/**
 * @param {string} query
 * @param {Omit<import('../index').GraphqlOptions, 'signal' | 'throwOnErrors'>} options
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
 * @param {import('./binding').NativeReply} reply
 * @param {boolean} [throwOnErrors]
 * @returns {GraphqlReply}
 */
function read({ status, text }, throwOnErrors = false) {
  const { data, errors, extensions } = JSON.parse(text);
  const reply = { data, errors: errors ?? [], extensions, status };
  if (throwOnErrors && reply.errors.length > 0) throw new GraphqlError(reply);
  return reply;
}

module.exports = { read, write };
