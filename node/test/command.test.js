'use strict';

// The command: `npx seekauth` says what the program does, and ends alike.

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { Sandbox } = require('./sandbox.js');

const manifest = require('../package.json');

const COMMAND = path.join(__dirname, '..', manifest.bin.seekauth);
const PROGRAM = path.join(path.dirname(process.env.SEEKAUTH_SANDBOX ?? ''), 'seekauth');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  sandbox = await Sandbox.start('--tls');
});
beforeEach(() => sandbox.reset());
after(() => sandbox.stop());

/** @param {Record<string, string>} [more] */
function variables(more = {}) {
  const { environment, clientId, clientSecret, userAgent, tokenUrl, apiUrl } = sandbox.seekApi();
  /** @type {Record<string, string>} */
  const settings = { SERVICE: 'seek_api', ENVIRONMENT: environment, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, USER_AGENT: userAgent, TOKEN_URL: tokenUrl, API_URL: apiUrl, CA_FILE: sandbox.urls.ca_file, ...more };
  const own = Object.entries(settings).map(([name, value]) => [`SEEKAUTH_${name}`, value]);
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SEEKAUTH_'));
  return Object.fromEntries([...inherited, ...own]);
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string>} env
 */
function run(program, args, env) {
  return spawnSync(program, args, { env, encoding: 'utf8' });
}

/**
 * What was examined and how it ended, without what is another in each run or each program.
 *
 * @param {string} output
 */
function stages(output) {
  const own = ['request id', 'threads', 'node', 'package'];
  const told = JSON.parse(output);
  for (const stage of told.stages) {
    delete stage.ms;
    stage.facts = stage.facts.filter(
      (/** @type {{name: string, value: string}} */ { name, value }) => !own.includes(name) && !value.endsWith(' ms'),
    );
  }
  return told;
}

for (const [name, more, code] of /** @type {const} */ ([
  ['all is well', {}, 0],
  ['the secret is wrong', { CLIENT_SECRET: 'wrong' }, 1],
  ['a setting is wrong', { TIMEOUT: 'soon' }, 2],
])) {
  test(`where ${name}, it says what the program says`, () => {
    const program = run(PROGRAM, ['doctor', '--json'], variables(more));
    const ours = run(process.execPath, [COMMAND, 'doctor', '--json'], variables(more));
    assert.equal(ours.stderr, '');
    assert.deepEqual(stages(ours.stdout), stages(program.stdout));
    assert.deepEqual([ours.status, program.status], [code, code]);
    const { facts } = JSON.parse(ours.stdout).stages.at(-1);
    assert.ok(facts.some((/** @type {{name: string, value: string}} */ fact) => fact.name === 'node' && fact.value === process.version));
  });
}

test('it prints the token and nothing else', () => {
  const { status, stdout, stderr } = run(process.execPath, [COMMAND, 'token', '--header'], variables());
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^Authorization: Bearer \S+\n$/);
});

test('NODE_EXTRA_CA_CERTS counts', () => {
  const { SEEKAUTH_CA_FILE: file = '', ...rest } = variables();
  const { status, stdout } = run(process.execPath, [COMMAND], { ...rest, NODE_EXTRA_CA_CERTS: file });
  assert.equal(status, 0, stdout);
  assert.ok(stdout.split(/\s+/).join(' ').includes(`trusted by: NODE_EXTRA_CA_CERTS ${file}`), stdout);
});

test('Ctrl-C ends it', async () => {
  const silent = net.createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (silent.address());
  const url = `http://127.0.0.1:${port}/token`;
  const program = spawn(process.execPath, [COMMAND, 'token'], { env: variables({ TOKEN_URL: url }) });
  const [connection] = await once(silent, 'connection');
  const ended = once(program, 'exit');
  program.kill('SIGINT');
  assert.deepEqual(await ended, [null, 'SIGINT']);
  connection.destroy();
  silent.close();
});
