'use strict';

// Whom a client trusts: what Node's environment says, over real TLS with an authority that the machine does
// not know. Each program runs in a process of its own, since Node reads its variables when it starts.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { promisify } = require('node:util');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
/** @type {InstanceType<typeof Sandbox>} One with another authority. */
let other;
/** @type {string} */
let folder;
before(async () => {
  [sandbox, other] = await Promise.all([Sandbox.start('--tls'), Sandbox.start('--tls')]);
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'seekauth-tls-'));
  // As `openssl rehash` names them.
  fs.copyFileSync(sandbox.urls.ca_file, path.join(folder, '0123abcd.0'));
});
beforeEach(() => sandbox.reset());
after(async () => {
  fs.rmSync(folder, { recursive: true });
  await Promise.all([sandbox.stop(), other.stop()]);
});

/**
 * What a program prints that has a `client`, in an environment that says of trust what these variables say.
 * Pauses between its requests take no time.
 *
 * @param {string} body
 * @param {Record<string, string>} variables
 * @param {object} [options] of its client
 */
async function run(body, variables, options) {
  const settings = JSON.stringify({ ...sandbox.seekApi(), ...options });
  const program = `
    require('./lib/native.js').testClockStart();
    const client = require('seekauth').Client.seekApi(${settings});
    (async () => { ${body} })().catch(({ code, message }) => console.log(code, message));`;
  const others = Object.entries(process.env).filter(([name]) => !/^(NODE_|SSL_CERT_|.*_PROXY$)/i.test(name));
  const env = { ...Object.fromEntries(others), ...variables };
  const cwd = path.join(__dirname, '..');
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', program], { cwd, env });
  assert.equal(stderr, '');
  return stdout;
}

const token = 'console.log((await client.authorization()).slice(0, 7));';

test('an authority that nobody named is a network error that says so', async () => {
  const output = await run(token, {});
  assert.match(output, /^network .*certificate/i);
  assert.doesNotMatch(output, /sandbox-live-secret/);
});

test('NODE_EXTRA_CA_CERTS is trusted for tokens and for requests of either kind', async () => {
  const body = `
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ __typename }"}' };
    console.log((await client.fetch(client.apiUrl, post)).status);
    console.log((await client.graphql('{ __typename }')).status);`;
  assert.equal(await run(body, { NODE_EXTRA_CA_CERTS: sandbox.urls.ca_file }), '200\n200\n');
});

test('it adds to the authorities that there are', async () => {
  const system = { SSL_CERT_FILE: sandbox.urls.ca_file };
  assert.equal(await run(token, { ...system, NODE_EXTRA_CA_CERTS: other.urls.ca_file }), 'Bearer \n');
  assert.match(await run(token, { NODE_EXTRA_CA_CERTS: other.urls.ca_file }), /^network /);
});

test('and to those of caFile', async () => {
  const extra = { NODE_EXTRA_CA_CERTS: other.urls.ca_file };
  assert.equal(await run(token, extra, { caFile: sandbox.urls.ca_file }), 'Bearer \n');
  assert.equal(await run(token, { NODE_EXTRA_CA_CERTS: sandbox.urls.ca_file }, { caFile: other.urls.ca_file }), 'Bearer \n');
});

test('SSL_CERT_FILE stands for the authorities of the system', async () => {
  assert.equal(await run(token, { SSL_CERT_FILE: sandbox.urls.ca_file }), 'Bearer \n');
  assert.match(await run(token, { SSL_CERT_FILE: other.urls.ca_file }), /^network /);
});

test('so does SSL_CERT_DIR', async () => {
  assert.equal(await run(token, { SSL_CERT_DIR: folder }), 'Bearer \n');
});

/** In a program whose Node has the authorities of these files, and shows when they are loaded. */
const bundled = (/** @type {string[]} */ ...files) => `
  const { Module } = require('node:module');
  const load = Module._load;
  Module._load = (name, ...rest) => {
    if (name !== 'node:tls') return load(name, ...rest);
    console.log('loaded');
    return { rootCertificates: ${JSON.stringify(files)}.map((file) => require('node:fs').readFileSync(file, 'utf8')) };
  };`;

test("a system without authorities has Node's own, which are loaded for nobody else", { skip: process.platform !== 'linux' }, async () => {
  const nothing = { SSL_CERT_DIR: fs.mkdtempSync(path.join(folder, 'none-')) };
  const others = "const second = require('seekauth').Client.seekApi(" + JSON.stringify(sandbox.seekApi()) + '); await second.authorization();';
  assert.equal(await run(bundled(sandbox.urls.ca_file, other.urls.ca_file) + token + others, nothing), 'loaded\nBearer \n');
  assert.match(await run(bundled(other.urls.ca_file) + token, nothing), /^loaded\nnetwork .*peer certificate/);
  assert.match(await run(bundled() + token, nothing), /^loaded\nnetwork .*ca-certificates/);
  assert.equal(await run(bundled(other.urls.ca_file) + token, { SSL_CERT_FILE: sandbox.urls.ca_file }), 'Bearer \n');
  // The real ones, of which none is that of the sandbox.
  assert.match(await run(token, nothing), /^network .*peer certificate.*authority/);
});

test("a worker that ends while Node's authorities are asked for takes nobody with it", { skip: process.platform !== 'linux' }, async () => {
  const nothing = { SSL_CERT_DIR: fs.mkdtempSync(path.join(folder, 'none-')) };
  const worker = `
    const { Worker } = require('node:worker_threads');
    const ended = new Worker("const { Client } = require('./index.js'); void Client.seekApi(" + ${JSON.stringify(JSON.stringify(sandbox.seekApi()))} + ").authorization(); process.exit()", { eval: true });
    await new Promise((resolve) => ended.once('exit', resolve));`;
  assert.equal(await run(bundled(sandbox.urls.ca_file) + worker + token, nothing), 'loaded\nBearer \n');
});

test('no variable of Node turns verification off', async () => {
  const output = await run(`process.removeAllListeners('warning'); ${token}`, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
  assert.match(output, /^network /);
});
