'use strict';

const { startSandbox, Sandbox, SandboxError } = require('./lib/sandbox.js');

module.exports = { startSandbox, Sandbox, SandboxError };
