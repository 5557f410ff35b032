'use strict';

// How a process ends: at every stage, with its own exit code, silently, and without waiting for the
// library: its background work keeps no process alive. Only a caller who waits does.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { after, before, beforeEach, test } = require('node:test');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
beforeEach(() => sandbox.reset());
after(() => sandbox.stop());

const held = { endpoint: 'seek_api_token', hold: true };

/**
 * Starts a program that has `client`, and `asking` to make one with a function for its credentials. Its
 * request must not end by itself before the test has ended.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} body
 * @param {object} [options] of its client
 */
function run(t, body, options) {
  const settings = JSON.stringify({ ...sandbox.seekApi(), requestTimeoutMs: 600_000, timeoutMs: 600_000, ...options });
  const program = `
    const { Client } = require('seekauth');
    const native = require('./lib/native.js');
    native.testClockStart();
    const settings = ${settings};
    const client = Client.seekApi(settings);
    const { clientId, clientSecret, ...rest } = settings;
    const asking = (credentials) => Client.seekApi({ ...rest, credentials });
    (async () => { ${body} })();`;
  const child = spawn(process.execPath, ['-e', program], { cwd: `${__dirname}/..`, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (output += data));
  return { child, ended: once(child, 'close').then(([code, signal]) => ({ code, signal, output })) };
}

const listen = "for (const name of native.eventNames()) require('node:diagnostics_channel').subscribe('seekauth:' + name, () => {});";

// Nothing here takes a second; a process that waits for the library would take ten minutes.
const limit = { timeout: 300_000 };

for (const { stage, body, options } of [
  { stage: 'that made a client', body: '' },
  { stage: 'that has a token', body: 'await client.authorization();' },
  { stage: 'that has a response', body: 'await (await client.fetch(client.apiUrl)).text();' },
  { stage: 'that left a response unread', body: 'await client.fetch(client.apiUrl);' },
  { stage: 'that sent an operation', body: "await client.graphql('{ __typename }');" },
  { stage: 'that closed its client', body: 'await client.authorization(); client.close();' },
  { stage: 'whose events are on their way', body: `${listen} const token = await client.getToken(); for (let i = 0; i < 5_000; i++) client.invalidate(token);` },
  { stage: 'that listens to tokens that are kept warm', body: `${listen} await client.authorization();`, options: { stayWarm: true } },
  { stage: 'whose tokens are kept warm', body: 'await client.authorization();', options: { stayWarm: true } },
]) {
  test(`a process ${stage} ends by itself`, limit, async (t) => {
    const { ended } = run(t, body, options);
    assert.deepEqual(await ended, { code: 0, signal: null, output: '' });
  });

  test(`a process ${stage} ends with the exit code it asks for`, limit, async (t) => {
    const { ended } = run(t, `${body} process.exit(7);`, options);
    assert.deepEqual(await ended, { code: 7, signal: null, output: '' });
  });
}

test('a renewal in the background does not keep a process alive', limit, async (t) => {
  await sandbox.script({ endpoint: 'seek_api_token' }, held);
  const { child, ended } = run(t, `
    const first = await client.authorization();
    native.testClockAdvance(0, 1_720_000);
    const stay = setInterval(() => {}, 1_000);
    process.on('SIGUSR2', () => clearInterval(stay));
    if ((await client.authorization()) !== first) process.exit(1);`);
  await sandbox.arrival(2);
  child.kill('SIGUSR2');
  assert.deepEqual(await ended, { code: 0, signal: null, output: '' });
});

test('a process that leaves during a request ends with its exit code', limit, async (t) => {
  await sandbox.script(held);
  const { child, ended } = run(t, `
    process.on('SIGUSR2', () => process.exit(7));
    for (let i = 0; i < 100; i++) client.getToken().catch(() => {});`);
  await sandbox.arrival(1);
  child.kill('SIGUSR2');
  assert.deepEqual(await ended, { code: 7, signal: null, output: '' });
});

test('a process that leaves while the response arrives ends with its exit code', limit, async (t) => {
  await sandbox.script(held);
  const { ended } = run(t, `
    for (let i = 0; i < 100; i++) client.getToken().then(() => process.exit(7));`);
  await sandbox.arrival(1);
  await sandbox.release();
  assert.deepEqual(await ended, { code: 7, signal: null, output: '' });
});

test('a caller who waits keeps the process alive until the response', limit, async (t) => {
  await sandbox.script(held);
  const { child, ended } = run(t, `console.log((await client.authorization()).slice(0, 7));`);
  await sandbox.arrival(1);
  assert.equal(child.exitCode, null);
  await sandbox.release();
  assert.deepEqual(await ended, { code: 0, signal: null, output: 'Bearer \n' });
});

test('a caller who gave up does not', limit, async (t) => {
  await sandbox.script(held);
  const { child, ended } = run(t, `
    const controller = new AbortController();
    process.on('SIGUSR2', () => controller.abort());
    await client.getToken({ signal: controller.signal }).catch((error) => console.log(error.name));`);
  await sandbox.arrival(1);
  child.kill('SIGUSR2');
  assert.deepEqual(await ended, { code: 0, signal: null, output: 'AbortError\n' });
});

test('a function for credentials that nobody waits for does not keep a process alive', limit, async (t) => {
  const { ended } = run(t, `
    let calls = 0;
    const client = asking(() => (calls++ === 0 ? { clientId, clientSecret } : new Promise(() => clearInterval(stay))));
    const first = await client.authorization();
    native.testClockAdvance(0, 1_720_000);
    const stay = setInterval(() => {}, 1_000);
    if ((await client.authorization()) !== first) process.exit(1);`);
  assert.deepEqual(await ended, { code: 0, signal: null, output: '' });
  assert.equal((await sandbox.tokenRequests()).length, 1);
});

test('a caller who waits for it does', limit, async (t) => {
  const { ended } = run(t, `
    const client = asking(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100).unref());
      return { clientId, clientSecret };
    });
    console.log((await client.authorization()).slice(0, 7));`);
  assert.deepEqual(await ended, { code: 0, signal: null, output: 'Bearer \n' });
});

for (const { moment, body } of [
  { moment: 'is called', body: 'asking(() => process.exit(7)).getToken();' },
  { moment: 'has not settled', body: 'asking(() => new Promise(() => setImmediate(() => process.exit(7)))).getToken();' },
  { moment: 'settles', body: 'asking(async () => { setImmediate(() => process.exit(7)); return { clientId, clientSecret }; }).getToken();' },
]) {
  test(`a process that leaves while a function for credentials ${moment} ends with its exit code`, limit, async (t) => {
    await sandbox.script(held);
    const { ended } = run(t, body);
    assert.deepEqual(await ended, { code: 7, signal: null, output: '' });
  });
}

test('a request that waits keeps the process alive until the response, also after a rejection', limit, async (t) => {
  await sandbox.script({ endpoint: 'graphql', error: 'UNAUTHENTICATED' }, { endpoint: 'graphql', hold: true, json: {} });
  const { child, ended } = run(t, `console.log((await client.fetch(client.apiUrl)).status);`);
  await sandbox.arrival(2, 'graphql');
  assert.equal(child.exitCode, null);
  await sandbox.release();
  const { code, output } = await ended;
  assert.deepEqual({ code, output }, { code: 0, output: '200\n' });
});

test('a rejection that never ends keeps no process alive', limit, async (t) => {
  const body_start = '{"errors":[{"extensions":{"code":"UNAUTHENTICATED"}}],"data":{"a":"';
  const endless = { endpoint: 'graphql', body_start, body_size: 100_000, stall_at: 1_000 };
  await sandbox.script(endless, endless);
  const { ended } = run(t, `await client.fetch(client.apiUrl).catch((error) => console.log(error.code));`);
  assert.deepEqual(await ended, { code: 0, signal: null, output: 'token_rejected\n' });
});

test("a failure in the background is nobody's unhandled rejection", limit, async (t) => {
  await sandbox.script(
    { endpoint: 'seek_api_token' },
    { endpoint: 'seek_api_token', status: 400, json: { error: 'invalid_request' } },
  );
  const { child, ended } = run(t, `
    await client.authorization();
    native.testClockAdvance(0, 1_720_000);
    process.on('SIGUSR2', () => process.exit(0));
    setInterval(() => { native.testClockAdvance(0, 1_000); void client.authorization(); }, 10);`);
  // The second request failed and the third comes once that has been left alone for a while.
  await sandbox.arrival(3);
  child.kill('SIGUSR2');
  assert.deepEqual(await ended, { code: 0, signal: null, output: '' });
});

test('a failure that nobody took is reported where Node reports it', limit, async (t) => {
  const { ended } = run(t, 'void client.getToken();', { clientSecret: 'wrong' });
  const { code, output } = await ended;
  assert.equal(code, 1);
  assert.match(output, /SeekAuthError: .*\n.*\bat /);
  assert.match(output, /code: 'invalid_credentials'/);
});
