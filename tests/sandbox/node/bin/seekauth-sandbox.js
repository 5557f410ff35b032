#!/usr/bin/env node
'use strict';

const { spawn } = require('node:child_process');
const { findSandbox } = require('../lib/program.js');

const child = spawn(findSandbox(), process.argv.slice(2), { stdio: 'inherit' });
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
