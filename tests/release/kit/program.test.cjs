'use strict';

// The npm package in what the examples of the documentation do not show.

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const { createServer } = require('node:http');
const { startSandbox, SandboxError } = require('seekauth-sandbox');
const { version } = require('seekauth-sandbox/package.json');

test('the program is on the path of npm, and stops when it is told to', async () => {
  assert.equal(execFileSync('npx', ['--no-install', 'seekauth-sandbox', '--version'], { encoding: 'utf8' }), `seekauth-sandbox ${version}\n`);
  const child = spawn(process.execPath, [require.resolve('seekauth-sandbox/package.json').replace('package.json', 'bin/seekauth-sandbox.js')]);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a sandbox that nobody stops does not hold up the process', () => {
  const code = `require('seekauth-sandbox').startSandbox().then((s) => console.log(s.urls.admin))`;
  assert.match(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8', timeout: 20_000 }), /^http/);
});

test('a response that is no JSON fails the call and not the program', async () => {
  const sandbox = await startSandbox();
  const other = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  sandbox.urls.admin = `http://127.0.0.1:${other.address().port}`;
  await assert.rejects(sandbox.reset(), { name: 'SyntaxError' });
  other.close();
  await sandbox.stop();
});

test('https, a mistake, and an end that may come twice', async () => {
  const sandbox = await startSandbox({ tls: true });
  assert.equal(sandbox.env.SEEKAUTH_CA_FILE, sandbox.caFile);
  assert.match(sandbox.urls.graphqlUrl, /^https:/);
  await assert.rejects(sandbox.script({ endpoint: 'graphql', error: 'nonsense' }), (error) => error instanceof SandboxError && /error must be one of/.test(error.message));
  assert.deepEqual(await sandbox.webhooks(), []);
  await sandbox[Symbol.asyncDispose]();
  await sandbox.stop();
  await assert.rejects(sandbox.reset(), { code: 'ECONNREFUSED' });
});
