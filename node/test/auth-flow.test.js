'use strict';

// The rules of one request, for authors of adapters.

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { inspect } = require('node:util');
const { Client, SeekAuthError } = require('seekauth');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
/** @type {InstanceType<typeof Client>} */
let client;
before(async () => {
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
  const first = await client.authorization();
  flow.attempt(first);
  flow.retry();
  assert.equal(client.authorizationNow(), undefined);
  assert.throws(() => flow.attempt(first), { code: 'token_rejected' });
  flow.attempt(await client.authorization());
  assert.throws(() => flow.retry(), { name: 'SeekAuthError', code: 'token_rejected', message: /audience and environment/ });

  const stream = client.authFlow(sandbox.urls.graphql_url, { replayable: false });
  stream.attempt(await client.authorization());
  assert.throws(() => stream.retry(), { code: 'token_rejected', message: /stream/ });
});

test('an address that the token must not reach is refused where the caller stands', () => {
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
