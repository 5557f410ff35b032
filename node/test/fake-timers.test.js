'use strict';

// Tests of programs replace timers and clocks by some that stand still. Nothing of the package waits for them.

const assert = require('node:assert/strict');
const timers = require('node:timers');
const { after, before, beforeEach, test } = require('node:test');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
beforeEach(() => sandbox.reset());
after(() => sandbox.stop());

/**
 * Replaces what test runners replace.
 *
 * @param {import('node:test').TestContext} t
 * @param {string[]} [except] what the platform's fetch does not work without
 */
function standStill(t, except = []) {
  const never = () => /** @type {any} */ (Object.assign(() => {}, { ref() {}, unref() {} }));
  /** @type {any} */
  const realm = globalThis;
  const places = [
    [realm, ['queueMicrotask', 'setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate']],
    [timers, ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate']],
    [AbortSignal, ['timeout']],
    [Date, ['now']],
    [performance, ['now']],
  ];
  for (const [place, names] of places) for (const name of names) if (!except.includes(name)) t.mock.method(place, name, never);
}

/** Loads the package anew, under the present timers. */
function load() {
  for (const name of Object.keys(require.cache)) {
    if (/\/node\/(lib|index\.js)/.test(name)) delete require.cache[name];
  }
  return require('seekauth');
}

test('each turn asks anew: the first failure is not given for ever', async (t) => {
  await sandbox.script({ endpoint: 'seek_api_token', hold: true });
  standStill(t);
  const client = load().Client.seekApi({ ...sandbox.seekApi(), timeoutMs: 200 });
  await assert.rejects(client.authorization(), { code: 'timeout' });
  t.mock.restoreAll();
  await sandbox.arrival(1);
  await sandbox.release();
  while (!client.cachedToken()) await new Promise((resolve) => setImmediate(resolve));
  assert.match(await client.authorization(), /^Bearer /);
});

test('each turn asks anew: the first token is not given for ever', async (t) => {
  await sandbox.configure({ seek_api_lifetime_s: 1 });
  standStill(t);
  const client = load().Client.seekApi(sandbox.seekApi());
  const first = await client.authorization();
  pass(1_100);
  assert.notEqual(await client.authorization(), first);
});

test('a rejected request is sent once more', async (t) => {
  const body = JSON.stringify({ query: '{ self { partner { name } } }' });
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
  const client = load().Client.seekApi(sandbox.seekApi());
  await client.authorization();
  // A token younger than that is not renewed for a rejection.
  pass(2_100);
  await sandbox.forget();
  standStill(t, ['queueMicrotask']);
  const response = await client.fetch(sandbox.urls.graphql_url, init);
  assert.ok(/** @type {any} */ (await response.json()).data.self);
  t.mock.restoreAll();
  assert.equal((await sandbox.tokenRequests()).length, 2);
});

/** @param {number} ms of real time */
function pass(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
