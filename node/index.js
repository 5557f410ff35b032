'use strict';

// What npm users get. The types and the documentation of it: index.d.ts.

const { Client } = require('./lib/client.js');
const { GraphqlError, SeekAuthError } = require('./lib/error.js');
const { Token } = require('./lib/token.js');

module.exports = { Client, GraphqlError, SeekAuthError, Token };
