#!/usr/bin/env node
'use strict';

// The command `seekauth`: `npx seekauth --help` tells what it does.

const { rootCertificates } = require('node:tls');
const native = require('./native.js');
const { platform } = require('./platform.js');

const variables = /** @type {[string, string][]} */ (Object.entries(process.env));
/** @type {[string, string][]} */
const facts = [
  ['node', process.version],
  ['package', platform()],
];
process.exitCode = native.runCommand(process.argv.slice(2), variables, facts, rootCertificates.join('\n'));
