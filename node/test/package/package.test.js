'use strict';

// The packed packages, installed into an empty folder as a user would. SEEKAUTH_PACKAGES names the two tarballs,
// that of `seekauth` first; `make test-packaging` builds them.

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const root = path.join(__dirname, '..', '..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'seekauth-'));
const modules = path.join(folder, 'node_modules');
const options = "{ tokenUrl: 'https://issuer.test/token', clientId: 'a', clientSecret: 'b', userAgent: 'Test/1.0' }";
const tarballs = (process.env.SEEKAUTH_PACKAGES ?? '').split(' ');

/**
 * @param {string} cwd
 * @param {string} program
 * @param {...string} args
 */
const run = (cwd, program, ...args) => execFileSync(program, args, { cwd, encoding: 'utf8' });

before(() => {
  assert.equal(tarballs.length, 2, 'SEEKAUTH_PACKAGES names two tarballs');
  fs.writeFileSync(path.join(folder, 'package.json'), '{}');
  run(folder, 'npm', 'install', '--silent', '--offline', '--ignore-scripts', ...tarballs);
});
after(() => fs.rmSync(folder, { recursive: true }));

test('it holds the façade, the types and the licences, and nothing else', () => {
  const names = fs.readdirSync(path.join(modules, 'seekauth'), { recursive: true }).map(String).sort();
  const expected = [
    ...['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'package.json'],
    ...['axios.d.mts', 'axios.d.ts', 'axios.js', 'axios.mjs', 'index.d.ts', 'index.js', 'opentelemetry.d.ts', 'opentelemetry.js', 'undici.d.ts', 'undici.js'],
    ...['lib', 'lib/auth-flow.js', 'lib/channels.js', 'lib/client.js', 'lib/command.js', 'lib/credentials.js', 'lib/error.js', 'lib/events.js', 'lib/fake.js', 'lib/graphql.js'],
    ...['lib/missing-library.js', 'lib/native.js', 'lib/opentelemetry.js', 'lib/pending-calls.js', 'lib/platform.js', 'lib/token.js'],
    ...['lib/adapters'],
    ...['lib/adapters/axios.js'],
    ...['lib/adapters/content-decoding.js', 'lib/adapters/fetch.js', 'lib/adapters/replayed-response.js'],
    ...['lib/adapters/send.js', 'lib/adapters/undici.js', 'lib/adapters/undici-destination.js'],
  ];
  assert.deepEqual(names, expected.sort());
});

test('the package of the platform holds the library and the papers about it, and runs no script', () => {
  const [name = ''] = fs.readdirSync(path.join(modules, '@seekauth'));
  const place = path.join(modules, '@seekauth', name);
  const papers = ['LICENSE-APACHE', 'LICENSE-MIT', 'LICENSE-THIRD-PARTY', 'README.md', 'seekauth-node.cdx.json'];
  assert.deepEqual(fs.readdirSync(place).sort(), [...papers, 'package.json', `seekauth.${name}.node`].sort());
  const manifest = JSON.parse(fs.readFileSync(path.join(place, 'package.json'), 'utf8'));
  assert.deepEqual([manifest.os, manifest.cpu], [[process.platform], [process.arch]]);
  assert.equal(manifest.scripts, undefined);
});

test('it depends on the packages of the platforms, at its own version, and runs no script', () => {
  const manifest = JSON.parse(fs.readFileSync(path.join(modules, 'seekauth', 'package.json'), 'utf8'));
  const platforms = Object.entries(manifest.optionalDependencies);
  assert.ok(platforms.length > 0);
  for (const [name, version] of platforms) {
    assert.match(name, /^@seekauth\//);
    assert.equal(version, manifest.version);
  }
  assert.equal(manifest.scripts, undefined);
  const loader = fs.readFileSync(path.join(root, 'lib', 'native.js'), 'utf8');
  for (const [name] of platforms) assert.ok(loader.includes(`require('${name}')`), `native.js has no ${name}`);
});

test('it works by require and by import', () => {
  const required = `const { Client } = require('seekauth'); console.log(Client.oauth(${options}).authorizationNow());`;
  const imported = `import { Client } from 'seekauth'; console.log(Client.oauth(${options}).authorizationNow());`;
  assert.equal(run(folder, process.execPath, '-e', required), 'undefined\n');
  assert.equal(run(folder, process.execPath, '--input-type=module', '-e', imported), 'undefined\n');
});

test('a client for tests works in what is released, also for those who must not wait', () => {
  const program = `
    const { Client } = require('seekauth');
    const client = Client.fake({ token: 't', lifetimeMs: 60_000 });
    client.authorization().then(() => {
      const before = client.authorizationNow();
      client.advance(60_000);
      console.log(before, client.authorizationNow(), client.journal.length);
    });`;
  assert.equal(run(folder, process.execPath, '-e', program), 'Bearer t undefined 1\n');
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
  const suspect = path.join(folder, 'suspect.node');
  fs.writeFileSync(suspect, '\0testClockStart\0');
  const script = path.join(root, 'scripts', 'pack-platform.js');
  const args = [script, 'x86_64-unknown-linux-gnu', suspect, folder, folder];
  const refused = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /suspect\.node was built for tests/);
});
