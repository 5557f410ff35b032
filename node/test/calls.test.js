'use strict';

// Promises on one event loop: many callers share one request, each waits by its own terms, and giving up
// disturbs no other.

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { setTimeout: pause } = require('node:timers/promises');
const { after, before, beforeEach, test } = require('node:test');
const { Client } = require('seekauth');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
beforeEach(() => sandbox.reset());
after(() => sandbox.stop());

const held = { endpoint: 'seek_api_token', hold: true };

test('1,000 callers at once on an empty cache make one token request', async () => {
  const client = Client.seekApi(sandbox.seekApi());
  const tokens = Array.from({ length: 1_000 }, () => client.getToken());
  const values = await Promise.all(Array.from({ length: 1_000 }, () => client.authorization()));
  for (const token of await Promise.all(tokens)) values.push(token.authorization);
  assert.equal(new Set(values).size, 1);
  assert.equal((await sandbox.tokenRequests()).length, 1);
});

test('what one turn shares is neither kept for the next nor given to calls on a closed client', async () => {
  await sandbox.script({ endpoint: 'seek_api_token', status: 401, json: { error: 'access_denied' } });
  const client = Client.seekApi(sandbox.seekApi());
  const code = () => client.authorization().catch((error) => error.code);
  assert.deepEqual(await Promise.all([code(), code()]), ['invalid_credentials', 'invalid_credentials']);
  await sandbox.script(held);
  const renewed = Client.seekApi(sandbox.seekApi());
  const early = assert.rejects(renewed.authorization(), { code: 'cancelled' });
  renewed.close();
  await assert.rejects(renewed.authorization(), { code: 'closed' });
  await early;
  await sandbox.release();
});

test('callers of many turns of the event loop share the request as well', async () => {
  await sandbox.script(held);
  const client = Client.seekApi(sandbox.seekApi());
  const calls = [];
  for (let turn = 0; turn < 100; turn++) {
    calls.push(client.authorization(), client.getToken());
    await new Promise((resolve) => setImmediate(resolve));
  }
  await sandbox.arrival(1);
  await sandbox.release();
  await Promise.all(calls);
  assert.equal((await sandbox.tokenRequests()).length, 1);
});

test('a signal gives up its own callers, with its reason, and no others', async () => {
  await sandbox.script(held);
  const client = Client.seekApi(sandbox.seekApi());
  const controller = new AbortController();
  const reason = new Error('the user has left');
  const patient = client.getToken();
  const given = Promise.allSettled(Array.from({ length: 20 }, () => client.getToken({ signal: controller.signal })));
  await sandbox.arrival(1);
  assert.equal(getEventListeners(controller.signal, 'abort').length, 1);
  controller.abort(reason);
  assert.deepEqual(await given, Array.from({ length: 20 }, () => ({ status: 'rejected', reason })));
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  await sandbox.release();
  assert.equal((await patient).authorization, client.authorizationNow());
  assert.equal((await sandbox.tokenRequests()).length, 1);
});

test('a signal that was thrown before gives up at once, and no request is made', async () => {
  const client = Client.seekApi(sandbox.seekApi());
  await assert.rejects(client.getToken({ signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.equal((await sandbox.tokenRequests()).length, 0);
});

test('a signal is left alone once its calls have ended, and may be used again', async () => {
  const client = Client.seekApi(sandbox.seekApi());
  const { signal } = new AbortController();
  for (let round = 0; round < 3; round++) {
    await client.getToken({ signal });
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  }
});

test('a caller who waited long enough gets a timeout while the others go on', async () => {
  await sandbox.script(held);
  const client = Client.seekApi(sandbox.seekApi());
  const patient = client.getToken();
  await assert.rejects(client.getToken({ timeoutMs: 50 }), { code: 'timeout', retryable: true });
  const hasty = Client.seekApi({ ...sandbox.seekApi(), timeoutMs: 50 });
  await sandbox.script(held);
  await assert.rejects(hasty.authorization(), { code: 'timeout' });
  await sandbox.arrival(2);
  await sandbox.release();
  assert.ok(await patient);
});

test('a token that expired while the event loop was busy is not handed over', async () => {
  await sandbox.configure({ seek_api_lifetime_s: 1 });
  await sandbox.script({ endpoint: 'seek_api_token', delay_ms: 300 });
  const client = Client.seekApi(sandbox.seekApi());
  /** @type {[string, Promise<number>][]} */
  const calls = [
    ['getToken', client.getToken().then(({ remainingMs }) => remainingMs)],
    ['authorization', client.authorization().then((value) => (value === client.cachedToken()?.authorization ? 1 : 0))],
    ['flow', client.authFlow(sandbox.urls.graphql_url).authorization().then((value) => (value === client.cachedToken()?.authorization ? 1 : 0))],
  ];
  await sandbox.arrival(1);
  // The token comes and expires meanwhile.
  block(2_000);
  for (const [name, call] of calls) assert.ok((await call) > 0, name);
  assert.equal((await sandbox.tokenRequests()).length, 2);
});

test('the call for another one has the time that is left', async () => {
  await sandbox.configure({ seek_api_lifetime_s: 1 });
  await sandbox.script({ endpoint: 'seek_api_token', delay_ms: 300 }, { ...held, times: 0 });
  const timeoutMs = 3_000;
  const call = assert.rejects(Client.seekApi(sandbox.seekApi()).getToken({ timeoutMs }), { code: 'timeout' });
  await sandbox.arrival(1);
  block(timeoutMs);
  const anew = pause(timeoutMs, 'anew');
  assert.equal(await Promise.race([call, anew]), undefined);
  await sandbox.release();
});

/** @param {number} ms */
function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('wrong waiting terms are refused', async () => {
  const client = Client.seekApi(sandbox.seekApi());
  /** @param {any} options */
  const call = (options) => client.getToken(options);
  await assert.rejects(call({ timeoutMs: '50' }), { name: 'TypeError', message: /^timeoutMs must be a number/ });
  await assert.rejects(call({ timeout: 50 }), { name: 'TypeError', message: /^unknown option "timeout"/ });
  await assert.rejects(call({ signal: {} }), { name: 'TypeError', message: /^signal must be an AbortSignal/ });
  for (const timeoutMs of [-1, NaN, Infinity]) {
    await assert.rejects(call({ timeoutMs }), { code: 'invalid_argument', message: /^timeoutMs / });
  }
  assert.equal((await sandbox.tokenRequests()).length, 0);
  assert.ok(await call({ timeoutMs: undefined, signal: null }));
});

test('closing a client ends the calls that wait with `cancelled`', async () => {
  await sandbox.script(held);
  const client = Client.seekApi(sandbox.seekApi());
  const waiting = Promise.allSettled([client.getToken(), client.authorization()]);
  await sandbox.arrival(1);
  client.close();
  const codes = (await waiting).map((result) => result.status === 'rejected' && result.reason.code);
  assert.deepEqual(codes, ['cancelled', 'cancelled']);
});
