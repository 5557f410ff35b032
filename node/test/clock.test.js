'use strict';

// What time does to the value that the façade holds: it is never given out for longer than the library
// would give it out, whichever clock says so.

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { Client } = require('seekauth');
const native = require('../lib/native.js');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  native.testClockStart?.();
  sandbox = await Sandbox.start();
});
beforeEach(() => sandbox.reset());
after(() => sandbox.stop());

const [both, monotonic, wall] = [0, 1, 2];

for (const [name, which] of /** @type {const} */ ([
  ['time has passed', both],
  ['the wall clock was set back meanwhile', monotonic],
  ['the machine was suspended', wall],
])) {
  test(`a value is not given out once its token has expired because ${name}`, async () => {
    const client = Client.seekApi(sandbox.seekApi());
    const first = await client.authorization();
    assert.equal(client.authorizationNow(), first);
    native.testClockAdvance?.(which, 1_800_000);
    assert.equal(client.authorizationNow(), undefined);
    assert.equal(client.cachedToken(), undefined);
    const second = await client.authorization();
    assert.notEqual(second, first);
    assert.equal(client.authorizationNow(), second);
  });
}

test('while a token is renewed ahead of its end, everybody gets the old value at once', async () => {
  await sandbox.script({ endpoint: 'seek_api_token' }, { endpoint: 'seek_api_token', hold: true });
  const client = Client.seekApi(sandbox.seekApi());
  const first = await client.authorization();
  native.testClockAdvance?.(both, 1_720_000);
  const values = await Promise.all(Array.from({ length: 1_000 }, () => client.authorization()));
  assert.deepEqual([...new Set(values)], [first]);
  await sandbox.arrival(2);
  assert.equal(client.authorizationNow(), first);
  assert.equal((await sandbox.tokenRequests()).length, 2);
  await sandbox.release();
  while (client.authorizationNow() === first) await new Promise((resolve) => setImmediate(resolve));
  assert.match(client.authorizationNow() ?? '', /^Bearer /);
});
