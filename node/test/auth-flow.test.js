'use strict';

// The rules of one request, for authors of adapters.

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { inspect } = require('node:util');
const { Client, SeekAuthError } = require('seekauth');
const clock = require('./manual-clock.js');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
/** @type {InstanceType<typeof Client>} */
let client;
before(async () => {
  clock.start();
  sandbox = await Sandbox.start();
});
beforeEach(async () => {
  await sandbox.reset();
  client = Client.seekApi({ ...sandbox.seekApi(), acceptLanguage: 'en-AU' });
});
after(() => sandbox.stop());

const rejected = Buffer.from(JSON.stringify({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }));

test('the headers leave out what is there', () => {
  const flow = client.authFlow(sandbox.urls.graphql_url);
  const all = flow.headers();
  assert.deepEqual(all.map(([name]) => name), ['User-Agent', 'X-Request-Id', 'Accept-Language']);
  assert.deepEqual(flow.headers([]), all);
  assert.deepEqual(flow.headers(new Set(['content-type', 'x-request-id', 'ACCEPT-LANGUAGE', 'user-agent'])), [['User-Agent', 'Test/1.0']]);
});

test('the verdict comes with the chunks of the body', () => {
  const flow = client.authFlow(sandbox.urls.graphql_url);
  const inspection = flow.inspect(200, sandbox.urls.graphql_url);
  assert.equal(inspection.verdict, undefined);
  assert.equal(inspection.feed(rejected.subarray(0, 20)), undefined);
  assert.equal(inspection.feed(new Uint8Array(rejected.subarray(20))), true);
  assert.equal(inspection.verdict, true);
  assert.equal(inspection.feed(Buffer.from('anything')), true);
  assert.equal(inspection.finish(), true);
  assert.equal(flow.inspect(401).finish(), true);
  assert.equal(flow.inspect(200).finish(), false);
  assert.equal(flow.inspect(401, 'https://elsewhere.test/').verdict, false);
  const pass = Client.seekPass({ ...sandbox.seekPass(), scopes: 'write.education' }).authFlow(sandbox.urls.pass);
  assert.equal(pass.inspect(401).verdict, true);
  assert.equal(pass.inspect(403).verdict, false);
});

test('one renewal and one repetition are all there is', async () => {
  const flow = client.authFlow(sandbox.urls.graphql_url);
  const first = await flow.authorization();
  assert.equal(first, await client.authorization());
  clock.age();
  flow.attempt(first);
  flow.retry();
  assert.equal(client.authorizationNow(), undefined);
  assert.throws(() => flow.attempt(first), { code: 'token_rejected' });
  const second = await flow.authorization();
  assert.notEqual(second, first);
  assert.equal(second, client.authorizationNow());
  flow.attempt(second);
  assert.throws(() => flow.retry(), { name: 'SeekAuthError', code: 'token_rejected', message: /wrong audience, a wrong environment/ });

  const stream = client.authFlow(sandbox.urls.graphql_url, { replayable: false });
  stream.attempt(await client.authorization());
  assert.throws(() => stream.retry(), { code: 'token_rejected', message: /stream/ });
});

test('a token that was just issued is tried again as it is, or the one before it is', async () => {
  const fresh = client.authFlow(sandbox.urls.graphql_url);
  const first = await fresh.authorization();
  fresh.attempt(first);
  fresh.retry();
  assert.equal(await fresh.authorization(), first);
  fresh.attempt(first);
  assert.throws(() => fresh.retry(), { code: 'token_rejected' });
  assert.equal(client.authorizationNow(), first);

  // Into the time in which it is renewed while everybody gets it.
  clock.advance(1_720_000);
  await client.authorization();
  await sandbox.arrival(2);
  while ([first, undefined].includes(client.authorizationNow())) await new Promise((resolve) => setImmediate(resolve));
  const second = await client.authorization();
  const early = client.authFlow(sandbox.urls.graphql_url);
  early.attempt(second);
  early.retry();
  assert.equal(await early.authorization(), first);
  early.attempt(first);
  assert.equal((await sandbox.tokenRequests()).length, 2);
});

test('waiting for the token of a flow ends by its time, its signal, or with the client', async () => {
  await sandbox.script({ endpoint: 'seek_api_token', hold: true });
  const reason = new Error('the user has left');
  const controller = new AbortController();
  const flow = client.authFlow(sandbox.urls.graphql_url);
  const calls = [
    assert.rejects(flow.authorization({ signal: controller.signal }), reason),
    assert.rejects(flow.authorization({ timeoutMs: 50 }), { code: 'timeout' }),
    assert.rejects(flow.authorization(), { code: 'cancelled' }),
  ];
  await sandbox.arrival(1);
  controller.abort(reason);
  await calls[0];
  clock.advance(50);
  await calls[1];
  client.close();
  await calls[2];
  await sandbox.release();
  await assert.rejects(flow.authorization(), { code: 'closed' });
  const wrong = /** @type {any} */ (flow);
  await assert.rejects(wrong.authorization({ timeout: 5 }), { name: 'TypeError', message: /^unknown option "timeout"/ });
  await assert.rejects(wrong.authorization({ timeoutMs: '5' }), { name: 'TypeError', message: /^timeoutMs must be a number/ });
});

test('an address that the token must not reach is refused where the caller stands', () => {
  const flow = client.authFlow(sandbox.urls.graphql_url);
  flow.checkHost(new URL(sandbox.urls.graphql_url).host);
  for (const host of ['evil.example', '', `${new URL(sandbox.urls.graphql_url).host}/`]) {
    assert.throws(() => flow.checkHost(host), { name: 'SeekAuthError', code: 'forbidden_origin', message: /Host/ });
  }
  for (const url of [sandbox.urls.foreign, '/graphql', '', sandbox.urls.graphql_url.replace('//', '//a:b@')]) {
    assert.throws(
      () => client.authFlow(url),
      (error) => error instanceof SeekAuthError && error.code === 'forbidden_origin' && /auth-flow\.test\.js/.test(error.stack ?? ''),
    );
  }
});

test('wrong types are a TypeError', () => {
  const flow = /** @type {any} */ (client.authFlow(sandbox.urls.graphql_url));
  assert.throws(() => /** @type {any} */ (client).authFlow(5), { name: 'TypeError', message: 'url must be a string, not a number' });
  assert.throws(() => flow.checkHost(5), { name: 'TypeError', message: 'host must be a string, not a number' });
  assert.throws(() => flow.attempt(5), { name: 'TypeError', message: 'authorization must be a string, not a number' });
  assert.throws(() => flow.inspect('200'), { name: 'TypeError', message: 'status must be a number' });
  assert.throws(() => flow.inspect(200, 5), { name: 'TypeError', message: 'url must be a string, not a number' });
  for (const chunk of ['text', new ArrayBuffer(1), new Uint16Array(1), undefined]) {
    assert.throws(() => flow.inspect(200).feed(chunk), { name: 'TypeError', message: 'chunk must be a Uint8Array' });
  }
});

test('no token is shown', async () => {
  const flow = client.authFlow(sandbox.urls.graphql_url);
  const authorization = await client.authorization();
  flow.attempt(authorization);
  const shown = [flow, flow.inspect(200)].map((item) => inspect(item, { depth: 9, showHidden: true }) + JSON.stringify(item));
  for (const text of shown) assert.ok(!text.includes(authorization));
});
