'use strict';

// Failures of the library as JavaScript errors: every kind of the library's table arrives whole, in one
// class, with the stack of the caller and without a secret.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { inspect } = require('node:util');
const { Client, SeekAuthError, requestIdOf } = require('seekauth');
const { unwrap } = require('../lib/error.js');
const native = require('../lib/native.js');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
beforeEach(() => sandbox.reset());
after(() => sandbox.stop());

test('every kind of failure becomes a SeekAuthError with the facts of the table', () => {
  const kinds = native.errorKinds();
  assert.ok(kinds.length >= 14);
  for (const { code, number, meaning, retryable } of kinds) {
    const thrown = { name: 'SeekAuthError', constructor: SeekAuthError, code, number, retryable, message: meaning };
    assert.throws(() => unwrap(native.testFailure?.(number)), thrown);
  }
});

test('the types name exactly the kinds of the table, each with its meaning', () => {
  const types = fs.readFileSync(path.join(__dirname, '..', 'index.d.ts'), 'utf8');
  const [, union = ''] = /^export type ErrorCode =(.*?);$/ms.exec(types) ?? [];
  const declared = [...union.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\s+\| '(\w+)'/gs)].map(([, meaning = '', code]) => ({
    code,
    meaning: meaning.replaceAll(/\s+(\* )?/g, ' ').trim(),
  }));
  const sentence = (/** @type {string} */ text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  assert.deepEqual(declared, native.errorKinds().map(({ code, meaning }) => ({ code, meaning: sentence(meaning) })));
});

test('a refusal says what the server said, and where the caller stood', async () => {
  const secret = 'a secret that nobody may see';
  const client = Client.seekApi({ ...sandbox.seekApi(), clientSecret: secret });
  const error = await client.authorization().then(
    () => assert.fail('the sandbox accepted a wrong secret'),
    (/** @type {any} */ error) => error,
  );
  assert.ok(error instanceof SeekAuthError && error instanceof Error);
  assert.equal(error.code, 'invalid_credentials');
  assert.equal(error.status, 401);
  assert.equal(error.serverCode, 'access_denied');
  assert.equal(error.retryable, false);
  assert.equal(error.retryAfterMs, undefined);
  assert.match(error.target ?? '', /client_id=sandbox-live/);
  assert.match(error.stack ?? '', /errors\.test\.js/);
  for (const shown of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error), error.stack]) {
    assert.ok(!shown?.includes(secret));
  }
});

test('the Retry-After of a server arrives in milliseconds', async () => {
  await sandbox.script({ endpoint: 'seek_api_token', status: 429, headers: { 'retry-after': '120' }, json: {} });
  const client = Client.seekApi(sandbox.seekApi());
  await assert.rejects(client.getToken(), (/** @type {any} */ error) => {
    assert.equal(error.code, 'throttled');
    assert.equal(error.retryable, true);
    assert.ok(error.retryAfterMs > 60_000 && error.retryAfterMs <= 120_000, String(error.retryAfterMs));
    return true;
  });
});

test('a failure that all callers share is an error of its own for each', async () => {
  const client = Client.seekApi({ ...sandbox.seekApi(), clientSecret: 'wrong' });
  const calls = [client.authorization(), client.authorization(), client.getToken()];
  const results = await Promise.allSettled(calls);
  const reasons = results.map((result) => (result.status === 'rejected' ? result.reason : undefined));
  assert.deepEqual(reasons.map((error) => error?.code), Array(3).fill('invalid_credentials'));
  assert.equal(new Set(reasons).size, 3);
});

/** @param {any[]} outcome of one settled call */
const reasonOf = ([result]) => result.reason;

test('a rejection carries the words of the server, and prints none of them', async () => {
  const entry = { message: 'Not with this one', path: ['self', 'hirer', 0], extensions: { code: 'UNAUTHENTICATED' } };
  await sandbox.script({ endpoint: 'graphql', json: { errors: [entry], data: null }, times: 0 });
  const client = Client.seekApi(sandbox.seekApi());
  const error = reasonOf(await Promise.allSettled([client.graphql('{ a }', { headers: { 'X-Request-Id': 'mine' } })]));
  assert.equal(error.code, 'token_rejected');
  assert.deepEqual([error.status, error.serverCode], [200, 'UNAUTHENTICATED']);
  assert.deepEqual([error.serverMessage, error.serverPath], ['Not with this one', 'self.hirer.0']);
  assert.equal(error.requestId, 'mine');
  assert.match(error.message, /wrong audience, a wrong environment/);
  for (const shown of [inspect(error, { depth: 9 }), JSON.stringify(error), String(error), error.stack]) {
    assert.doesNotMatch(shown, /this one|self\.hirer/);
  }
});

test('words of the server that repeat a secret are withheld', async () => {
  const entry = { message: 'SANDBOX-LIVE-SECRET?', path: ['sandbox_live_secret'], extensions: { code: 'UNAUTHENTICATED' } };
  await sandbox.script({ endpoint: 'graphql', json: { errors: [entry] }, times: 0 });
  const client = Client.seekApi(sandbox.seekApi());
  const error = reasonOf(await Promise.allSettled([client.fetch(String(client.apiUrl), { method: 'POST', body: '{}' })]));
  assert.deepEqual([error.code, error.serverMessage, error.serverPath], ['token_rejected', undefined, undefined]);
  assert.equal(error.requestId.length, 36);
});

test('errors and responses of fetch lead to the id of their request', async () => {
  const client = Client.seekApi(sandbox.seekApi());
  const wrong = Client.seekApi({ ...sandbox.seekApi(), clientSecret: 'wrong' });
  const url = String(client.apiUrl);
  for (const headers of [{}, { 'x-request-id': 'mine' }]) {
    const init = { method: 'POST', body: '{"query":"{ __typename }"}', headers: { 'content-type': 'application/json', ...headers } };
    const response = await client.fetch(url, init);
    const error = reasonOf(await Promise.allSettled([wrong.fetch(url, init)]));
    for (const id of [requestIdOf(response), error.requestId]) {
      assert.ok('x-request-id' in headers ? id === 'mine' : id?.length === 36, id);
    }
    assert.equal(response.status, 200);
  }
  assert.equal(requestIdOf(new Response()), undefined);
  assert.equal(reasonOf(await Promise.allSettled([wrong.getToken()])).requestId, undefined);
});

test('a response of graphql has the id of its request, and so has what throwOnErrors throws', async () => {
  const client = Client.seekApi(sandbox.seekApi());
  assert.equal((await client.graphql('{ __typename }')).requestId?.length, 36);
  await sandbox.script({ endpoint: 'graphql', error: 'FORBIDDEN' });
  const call = client.graphql('{ a }', { headers: { 'X-Request-Id': 'mine' }, throwOnErrors: true });
  await assert.rejects(call, { name: 'GraphQLError', requestId: 'mine' });
});

test('a time-out says whose it is, as options spell it', async () => {
  await sandbox.script({ endpoint: 'seek_api_token', hold: true });
  const client = Client.seekApi({ ...sandbox.seekApi(), timeoutMs: 60 });
  const flow = client.authFlow(String(client.apiUrl));
  const whose = (/** @type {RegExp} */ message) => ({ code: 'timeout', message });
  await assert.rejects(client.getToken({ timeoutMs: 50 }), whose(/ 50 ms, which is the timeout of the call itself/));
  await assert.rejects(client.getToken(), whose(/ 60 ms, which is the client's setting timeoutMs/));
  await assert.rejects(flow.authorization({ timeoutMs: 40 }), whose(/ 40 ms, which is the time-out of the HTTP client/));
  await assert.rejects(flow.authorization({ timeoutMs: 9_000 }), whose(/ 60 ms, which is the client's setting timeoutMs/));
  client.close();
});
