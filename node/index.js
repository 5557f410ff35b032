'use strict';

// What npm users get. The types and the documentation of it: index.d.ts.

const { Client } = require('./client.js');
const { SeekAuthError } = require('./error.js');
const { GraphqlError } = require('./graphql.js');
const { Token } = require('./token.js');

module.exports = { Client, GraphqlError, SeekAuthError, Token };
