'use strict';

// The packed package, installed into an empty folder as a user would. Needs a release build
// (`npm run build`) beside the loader.

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const root = path.join(__dirname, '..', '..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'seekauth-'));
const installed = path.join(folder, 'node_modules', 'seekauth');
const options = "{ tokenUrl: 'https://issuer.test/token', clientId: 'a', clientSecret: 'b', userAgent: 'Test/1.0' }";

/**
 * @param {string} cwd
 * @param {string} program
 * @param {...string} args
 */
const run = (cwd, program, ...args) => execFileSync(program, args, { cwd, encoding: 'utf8' });

before(() => {
  run(root, 'npm', 'pack', '--silent', '--pack-destination', folder);
  const [tarball = ''] = fs.readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  fs.writeFileSync(path.join(folder, 'package.json'), '{}');
  run(folder, 'npm', 'install', '--silent', '--offline', `./${tarball}`);
});
after(() => fs.rmSync(folder, { recursive: true }));

test('it holds the façade, the types, the library and the papers, and nothing else', () => {
  const names = fs.readdirSync(installed, { recursive: true }).map(String).sort();
  const expected = [
    ...['LICENSE-APACHE', 'LICENSE-MIT', 'LICENSE-THIRD-PARTY', 'README.md', 'package.json', 'seekauth-node.cdx.json'],
    ...['axios.d.mts', 'axios.d.ts', 'axios.js', 'axios.mjs', 'index.d.ts', 'index.js', 'undici.d.ts', 'undici.js'],
    ...['lib', 'lib/auth-flow.js', 'lib/client.js', 'lib/credentials.js', 'lib/error.js', 'lib/graphql.js'],
    ...['lib/native.js', 'lib/pending-calls.js', 'lib/token.js', 'lib/adapters'],
    ...['lib/adapters/axios.js'],
    ...['lib/adapters/content-decoding.js', 'lib/adapters/fetch.js', 'lib/adapters/replayed-response.js'],
    ...['lib/adapters/send.js', 'lib/adapters/undici.js', 'lib/adapters/undici-destination.js'],
  ];
  assert.deepEqual(names.filter((name) => !/^seekauth\..*\.node$/.test(name)), expected.sort());
  assert.equal(names.length, expected.length + 1);
});

test('it works by require and by import', () => {
  const required = `const { Client } = require('seekauth'); console.log(Client.oauth(${options}).authorizationNow());`;
  const imported = `import { Client } from 'seekauth'; console.log(Client.oauth(${options}).authorizationNow());`;
  assert.equal(run(folder, process.execPath, '-e', required), 'undefined\n');
  assert.equal(run(folder, process.execPath, '--input-type=module', '-e', imported), 'undefined\n');
});

test('its types stand by themselves', () => {
  fs.writeFileSync(
    path.join(folder, 'user.mts'),
    `import { Client } from 'seekauth';\nexport const value: Promise<string> = Client.oauth(${options}).authorization();\n`,
  );
  const compiler = path.join(root, 'node_modules', '.bin', 'tsc');
  const settings = ['--strict', '--noEmit', '--module', 'node20', '--target', 'es2022', '--lib', 'es2022,dom'];
  run(folder, compiler, ...settings, 'user.mts');
});

test('a library that was built for tests is not packed', () => {
  const suspect = path.join(folder, 'suspect');
  fs.mkdirSync(path.join(suspect, 'scripts'), { recursive: true });
  fs.copyFileSync(path.join(root, 'scripts', 'prepack.js'), path.join(suspect, 'scripts', 'prepack.js'));
  fs.writeFileSync(path.join(suspect, 'seekauth.any.node'), '\0testClockStart\0');
  const refused = spawnSync(process.execPath, ['scripts/prepack.js'], { cwd: suspect, encoding: 'utf8' });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /seekauth\.any\.node was built for tests/);
});
