'use strict';

// Failures of the library as JavaScript errors: every kind of the library's table arrives whole, in one
// class, with the stack of the caller and without a secret.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { inspect } = require('node:util');
const { Client, SeekAuthError } = require('seekauth');
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
