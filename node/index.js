'use strict';

// What npm users get. The types and the documentation of it: index.d.ts.

const { Client } = require('./client.js');
const { GraphqlError, SeekAuthError } = require('./error.js');
const { Token } = require('./token.js');

module.exports = { Client, GraphqlError, SeekAuthError, Token };
