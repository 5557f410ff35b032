'use strict';

// How the package is taken in: by require and by import, with nothing but its public names.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const native = require('../lib/native.js');
const manifest = require('../package.json');

const root = path.join(__dirname, '..');

test('require and import give the same classes', async () => {
  const required = require('seekauth');
  const imported = await import('seekauth');
  assert.deepEqual(Object.keys(required), ['Client', 'GraphQLError', 'SeekAuthError', 'Token', 'requestIdOf']);
  assert.equal(imported.Client, required.Client);
  assert.equal(imported.GraphQLError, required.GraphQLError);
  assert.equal(imported.SeekAuthError, required.SeekAuthError);
  assert.equal(imported.Token, required.Token);
  assert.equal(imported.requestIdOf, required.requestIdOf);
});

test('named imports work in a module, without types', () => {
  const program = "import { Client, SeekAuthError, Token } from 'seekauth'; console.log(typeof Client, typeof SeekAuthError, typeof Token);";
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' });
  assert.equal(output, 'function function function\n');
});

test('require and import give the same adapters', async () => {
  for (const [name, key] of /** @type {const} */ ([['seekauth/undici', 'interceptor'], ['seekauth/axios', 'attach'], ['seekauth/opentelemetry', 'instrument']])) {
    const imported = await import(name);
    assert.equal(typeof imported[key], 'function');
    assert.equal(typeof require(name)[key], 'function');
  }
});

test('no HTTP library is loaded before it is used, and none at all for undici', () => {
  const program = `
    const { Client } = require('seekauth');
    require('seekauth/undici').interceptor(undefined);
    const loaded = Object.keys(require.cache);
    console.log(loaded.filter((name) => name.includes('node_modules')).length, loaded.some((name) => /fetch\\.js$/.test(name)));`;
  assert.equal(execFileSync(process.execPath, ['-e', program], { cwd: root, encoding: 'utf8' }), '0 false\n');
});

test('no file of the package requires itself through others', () => {
  const { Module } = require('node:module');
  /** @type {(file: string) => string[]} */
  const required = (file) =>
    [...fs.readFileSync(file, 'utf8').matchAll(/\brequire\('(\.[^']+\.js)'\)/g)].map(([, name]) =>
      Module.createRequire(file).resolve(/** @type {string} */ (name)),
    );
  /** @type {(file: string, path: string[]) => void} */
  const visit = (file, path) => {
    assert.ok(!path.includes(file), [...path, file].join(' -> '));
    for (const next of required(file)) visit(next, [...path, file]);
  };
  for (const entry of ['index.js', 'undici.js', 'axios.js', 'opentelemetry.js']) visit(path.join(root, entry), []);
});

test('the inner files are not for users', () => {
  const inner = 'seekauth/lib/native.js';
  assert.throws(() => require(inner), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
});

test('the library has the version of the package', () => {
  assert.equal(native.version(), manifest.version);
});

test('taking the package in starts nothing', () => {
  const program = `
    // Where there is no /proc, what the event loop knows of has to do.
    const { existsSync, readdirSync } = require('node:fs');
    const running = () => (existsSync('/proc/self/task') ? readdirSync('/proc/self/task') : process.getActiveResourcesInfo());
    const before = running().length;
    const { Client } = require('seekauth');
    Client.oauth({ tokenUrl: 'https://issuer.test/token', clientId: 'a', clientSecret: 'b', userAgent: 'Test/1.0' });
    console.log(running().length - before);`;
  // Files with certificates would be read, on a thread that ends by itself.
  const { NODE_EXTRA_CA_CERTS, ...env } = process.env;
  assert.equal(execFileSync(process.execPath, ['-e', program], { cwd: root, env, encoding: 'utf8' }), '0\n');
});
