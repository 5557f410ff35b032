'use strict';

// The package's public names. Their types and documentation: index.d.ts.

const { Client } = require('./lib/client.js');
const { GraphQLError, SeekAuthError, requestIdOf } = require('./lib/error.js');
const { Token } = require('./lib/token.js');

module.exports = { Client, GraphQLError, SeekAuthError, Token, requestIdOf };
