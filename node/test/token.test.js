'use strict';

// What is shown of clients and tokens, and that the header value held in JavaScript is let go in time.

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { inspect } = require('node:util');
const { Client, Token } = require('seekauth');
const clock = require('./manual-clock.js');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  clock.start();
  sandbox = await Sandbox.start();
});
beforeEach(() => sandbox.reset());
after(() => sandbox.stop());

test('a token carries its facts in the types of the language', async () => {
  const client = Client.seekPass({ ...sandbox.seekPass(), scopes: ['write.education'] });
  const asked = Date.now();
  const token = await client.getToken();
  assert.ok(token instanceof Token);
  assert.equal(token.authorization, `Bearer ${token.value}`);
  assert.deepEqual(token.scopes, ['write.education']);
  assert.ok(token.expiresAt instanceof Date);
  assert.ok(Math.abs(token.expiresAt.getTime() - asked - 7_199_000) < 60_000);
  assert.ok(token.remainingMs > 7_100_000 && token.remainingMs <= 7_199_000);
  assert.throws(() => Object.assign(token, { value: 'mine' }), TypeError);
});

test('neither a token nor a client shows a secret, however it is looked at', async () => {
  const options = sandbox.seekApi();
  const client = Client.seekApi(options);
  const token = await client.getToken();
  const authorization = await client.authorization();
  assert.equal(client.authorizationNow(), authorization);
  const shown = [client, token, { client, token }, [token]].flatMap((item) => [
    inspect(item),
    inspect(item, { depth: 9, showHidden: true, getters: false }),
    JSON.stringify(item),
    String(item),
    `${Object.getOwnPropertyNames(item)}`,
  ]);
  for (const text of shown) {
    assert.ok(!text.includes(token.value), text);
    assert.ok(!text.includes(options.clientSecret), text);
  }
  assert.match(inspect(token), /^Token \{\s+expiresAt: .*remainingMs: \d+/s);
  assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(token))), ['expiresAt', 'remainingMs', 'scopes']);
  assert.match(inspect(client), /client_id=sandbox-live/);
});

test('the synchronous call has the value once there is one, and not after it was refused', async () => {
  const client = Client.seekApi(sandbox.seekApi());
  assert.equal(client.authorizationNow(), undefined);
  assert.equal(client.cachedToken(), undefined);
  assert.equal((await sandbox.tokenRequests()).length, 0);
  const first = await client.authorization();
  assert.equal(client.authorizationNow(), first);
  assert.equal(client.cachedToken()?.authorization, first);
  assert.equal(client.invalidate(first), false, 'it was just issued');
  assert.equal(client.authorizationNow(), first);
  clock.age();
  assert.equal(client.invalidate(first), true);
  assert.equal(client.authorizationNow(), undefined);
  const second = await client.authorization();
  assert.notEqual(second, first);
  assert.equal(client.invalidate(first), false);
  assert.equal(client.authorizationNow(), second);
  const token = client.cachedToken();
  assert.ok(token);
  clock.age();
  assert.equal(client.invalidate(token), true);
  await client.authorization();
  assert.equal(client.invalidate(token.value), false);
  assert.throws(() => client.invalidate(/** @type {any} */ (5)), {
    name: 'TypeError',
    message: 'token must be a string, not a number',
  });
});

test('clients for other scopes have tokens of their own', async () => {
  const client = Client.seekPass({ ...sandbox.seekPass(), scopes: 'write.education' });
  const other = client.withScopes('write.microcredential');
  const [mine, others] = await Promise.all([client.getToken(), other.getToken()]);
  assert.notEqual(mine.value, others.value);
  assert.equal(client.authorizationNow(), mine.authorization);
  assert.equal(other.authorizationNow(), others.authorization);
  client.close();
  await assert.rejects(other.getToken(), { code: 'closed' });
});

test('a closed client has nothing left, and closing twice is fine', async () => {
  const client = Client.seekApi(sandbox.seekApi());
  await client.authorization();
  client.close();
  client.close();
  assert.equal(client.authorizationNow(), undefined);
  assert.equal(client.cachedToken(), undefined);
  await assert.rejects(client.authorization(), { code: 'closed', number: 2 });
});

test('a client can be disposed of where the runtime knows how', async () => {
  for (const symbol of [Symbol.dispose, Symbol.asyncDispose].filter(Boolean)) {
    const client = /** @type {any} */ (Client.seekApi(sandbox.seekApi()));
    await client[symbol]();
    await assert.rejects(client.getToken(), { code: 'closed' });
  }
  assert.equal(Symbol.dispose in Client.prototype, Boolean(Symbol.dispose));
});
