'use strict';

// Whose environment counts: that of the program as it sees it where it makes a client. A worker or a test runner's
// context may have one of its own, and must never get what belongs to another.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, beforeEach, test } = require('node:test');
const { inspect } = require('node:util');
const { SHARE_ENV, Worker } = require('node:worker_threads');
const { Client } = require('seekauth');
const { RecordingProxy } = require('./recording-proxy.js');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
/** @type {InstanceType<typeof RecordingProxy>} */
let proxy;
before(async () => {
  sandbox = await Sandbox.start('--tls');
  proxy = await RecordingProxy.start();
});
beforeEach(async () => {
  await sandbox.reset();
  proxy.forget();
});
after(async () => {
  proxy.stop();
  await sandbox.stop();
});

/** @param {string} prefix */
function variables(prefix = 'SEEKAUTH_') {
  const { environment, clientId, clientSecret, userAgent, tokenUrl, apiUrl } = sandbox.seekApi();
  const settings = { SERVICE: 'seek_api', ENVIRONMENT: environment, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, USER_AGENT: userAgent, TOKEN_URL: tokenUrl, API_URL: apiUrl, CA_FILE: sandbox.urls.ca_file, TIMEOUT: '60' };
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [prefix + name, value]));
}

/**
 * Sets variables of the process until the test has ended.
 *
 * @param {import('node:test').TestContext} t
 * @param {Record<string, string>} variables
 */
function set(t, variables) {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => (before === undefined ? delete process.env[name] : (process.env[name] = before)));
  }
}

/**
 * What `body` gives in a worker, where `client` is one of the environment.
 *
 * @param {string} body
 * @param {object} options
 */
async function inWorker(body, options) {
  const program = `
    const { parentPort } = require('node:worker_threads');
    const { inspect } = require('node:util');
    const { Client } = require('seekauth');
    (async () => { ${body} })().then((value) => parentPort.postMessage(value), (error) => parentPort.postMessage(String(error)));`;
  const worker = new Worker(program, { eval: true, ...options });
  const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  return message;
}

test('a worker with an environment of its own has the credentials that stand there', async (t) => {
  set(t, variables());
  const env = { ...variables(), SEEKAUTH_CLIENT_ID: 'of-the-worker' };
  assert.match(await inWorker('return inspect(Client.fromEnv());', { env }), /client_id=of-the-worker/);
  assert.match(await inWorker('return inspect(Client.fromEnv());', { env: SHARE_ENV }), /client_id=sandbox-live/);
  assert.match(await inWorker('return inspect(Client.fromEnv());', {}), /client_id=sandbox-live/);
});

test('a worker whose environment is empty has none, whatever the main thread has', async (t) => {
  set(t, variables());
  assert.match(await inWorker('return inspect(Client.fromEnv());', { env: {} }), /^SeekAuthError: service is missing/);
});

test('what a worker sets is its own', async (t) => {
  set(t, variables());
  const body = "process.env.SEEKAUTH_CLIENT_ID = 'set-by-the-worker'; return inspect(Client.fromEnv());";
  assert.match(await inWorker(body, {}), /client_id=set-by-the-worker/);
  assert.match(inspect(Client.fromEnv()), /client_id=sandbox-live/);
});

const getToken = 'await Client.fromEnv().getToken(); return "a token";';

test('the proxy of a worker is the one of its own environment, also for clients that are made of options', async (t) => {
  const env = { ...variables(), HTTPS_PROXY: proxy.url };
  assert.equal(await inWorker(getToken, { env }), 'a token');
  assert.equal(proxy.requests.length, 1);
  const options = { ...sandbox.seekApi(), caFile: sandbox.urls.ca_file };
  const byOptions = `await Client.seekApi(${JSON.stringify(options)}).getToken(); return "a token";`;
  assert.equal(await inWorker(byOptions, { env }), 'a token');
  assert.equal(proxy.requests.length, 2);

  proxy.forget();
  set(t, { HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '' });
  assert.equal(await inWorker(getToken, { env: variables() }), 'a token');
  assert.deepEqual(proxy.requests, []);
});

test('so are the certificate authorities', async (t) => {
  const { SEEKAUTH_CA_FILE: file = '', ...env } = variables();
  assert.match(await inWorker(getToken, { env }), /^SeekAuthError: .*certificate/);
  assert.equal(await inWorker(getToken, { env: { ...env, SSL_CERT_FILE: file } }), 'a token');
  assert.equal(await inWorker(getToken, { env: { ...env, NODE_EXTRA_CA_CERTS: file } }), 'a token');
  set(t, { SSL_CERT_FILE: file });
  assert.match(await inWorker(getToken, { env }), /^SeekAuthError: .*certificate/);
});

test('a program that gives credentials to a command gives it its environment', async () => {
  const { SEEKAUTH_CLIENT_ID: id, SEEKAUTH_CLIENT_SECRET: secret, ...env } = variables();
  const print = 'process.stdout.write(JSON.stringify({client_id:process.env.MY_ID,client_secret:process.env.MY_SECRET}))';
  const body = `await Client.fromEnv({ credentialsCommand: [${JSON.stringify(process.execPath)}, '-e', ${JSON.stringify(print)}] }).getToken(); return 'a token';`;
  assert.equal(await inWorker(body, { env: { ...env, MY_ID: id, MY_SECRET: secret } }), 'a token');
});

test('a process object of a test runner counts, with what has been put there', (t) => {
  const real = globalThis.process;
  t.after(() => (globalThis.process = real));
  const env = /** @type {any} */ ({ ...variables(), SEEKAUTH_TIMEOUT: 5, SEEKAUTH_PROXY: undefined, SEEKAUTH_SCOPES: null });
  globalThis.process = Object.assign(Object.create(real), { env });
  assert.match(inspect(Client.fromEnv()), /client_id=sandbox-live/);
});

test('several clients read variables of several prefixes', (t) => {
  set(t, { ...variables('HIRER_'), ...variables('AGENCY_'), AGENCY_CLIENT_ID: 'of-the-agency' });
  assert.match(inspect(Client.fromEnv({ prefix: 'HIRER_' })), /client_id=sandbox-live/);
  assert.match(inspect(Client.fromEnv({ prefix: 'AGENCY_' })), /client_id=of-the-agency/);
  assert.match(inspect(Client.fromEnv({ prefix: 'AGENCY_', clientId: 'given' })), /client_id=given/);
  assert.throws(() => Client.fromEnv({ prefix: 'OTHER_' }), { code: 'invalid_argument', message: /OTHER_SERVICE/ });
  assert.throws(() => Client.fromEnv({ prefix: undefined }), { code: 'invalid_argument', message: /SEEKAUTH_SERVICE/ });
  assert.throws(() => Client.fromEnv({ prefix: 'AGENCY' }), { code: 'invalid_argument', message: /^prefix / });
  assert.throws(() => Client.fromEnv(/** @type {any} */ ({ prefix: 5 })), { name: 'TypeError', message: 'prefix must be a string, not a number' });
  assert.throws(() => new Client(/** @type {any} */ ({ prefix: 'AGENCY_' })), { name: 'TypeError', message: /^unknown option "prefix"/ });
  assert.throws(() => Client.fromEnv(/** @type {any} */ ({ wrong: 1 })), { name: 'TypeError', message: /, prefix$/ });
});

test('a variable that looks like a misspelt one is warned of', async (t) => {
  set(t, { ...variables(), SEEKAUTH_TIMEOUT_MS: '100', SEEKAUTH_SCOPE: 'a b' });
  /** @type {Error[]} */
  const warnings = [];
  const listen = (/** @type {Error} */ warning) => void warnings.push(warning);
  process.on('warning', listen);
  t.after(() => process.off('warning', listen));
  Client.fromEnv().close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(warnings.map(({ name }) => name), ['SeekAuthWarning', 'SeekAuthWarning']);
  assert.match(warnings.map(({ message }) => message).sort().join('\n'), /^SEEKAUTH_SCOPE .*SEEKAUTH_SCOPES.*\nSEEKAUTH_TIMEOUT_MS .*SEEKAUTH_TIMEOUT, in seconds/);
});
