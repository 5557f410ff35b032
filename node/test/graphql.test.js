'use strict';

// `client.graphql`: responses as JavaScript values, errors as data or as an exception, and giving up.

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { inspect } = require('node:util');
const { Client, GraphQLError, SeekAuthError } = require('seekauth');
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

const query = '{ self { partner { name } } }';
const forbidden = { message: 'not yours', path: ['hiringOrganization'], extensions: { code: 'FORBIDDEN' } };

test('data arrives as an object', async () => {
  const headers = { 'x-request-id': 'mine' };
  assert.deepEqual(await client.graphql(query, { headers }), {
    data: { self: { partner: { name: 'Sandbox partner sandbox-live' } } },
    errors: [],
    extensions: undefined,
    status: 200,
    requestId: 'mine',
  });
});

test('variables, operation name and headers are sent', async () => {
  await sandbox.script({ endpoint: 'graphql', json: { data: {}, extensions: { cost: 1 } } });
  const { extensions } = await client.graphql('query A { a } query B { b }', {
    variables: { when: new Date(0), nothing: null },
    operationName: 'B',
    headers: new Headers({ 'accept-language': 'th' }),
  });
  assert.deepEqual(extensions, { cost: 1 });
  await client.graphql(query, { headers: { 'x-session-id': 'mine' }, variables: null, operationName: null });
  const [first, second] = await sandbox.requests('graphql');
  assert.deepEqual(JSON.parse(first?.body ?? ''), {
    query: 'query A { a } query B { b }',
    variables: { when: '1970-01-01T00:00:00.000Z', nothing: null },
    operationName: 'B',
  });
  assert.equal(first?.headers['accept-language'], 'th');
  assert.deepEqual(JSON.parse(second?.body ?? ''), { query });
  assert.equal(second?.headers['accept-language'], 'en-AU');
  assert.equal(second?.headers['x-session-id'], 'mine');
});

test('errors are data, or an exception for those who ask', async () => {
  const json = { data: { a: 1, hiringOrganization: null }, errors: [forbidden] };
  await sandbox.script({ endpoint: 'graphql', json, times: 2 });
  const headers = { 'x-request-id': 'mine' };
  const response = await client.graphql(query, { headers });
  assert.deepEqual(response, { ...json, extensions: undefined, status: 200, requestId: 'mine' });
  await assert.rejects(client.graphql(query, { headers, throwOnErrors: true }), (/** @type {any} */ error) => {
    assert.ok(error instanceof GraphQLError && error instanceof Error);
    assert.equal(error.name, 'GraphQLError');
    assert.equal(error.message, 'not yours');
    assert.deepEqual({ ...error }, response);
    return true;
  });
  assert.equal((await client.graphql(query, { throwOnErrors: true })).errors.length, 0);
});

test('errors of an odd shape are a failure of the table, and never overlooked', async () => {
  for (const errors of ['text', 7, true, {}, { message: 'no' }, [null], ['text'], [7], [[]], [forbidden, null]]) {
    for (const throwOnErrors of [true, false]) {
      await sandbox.script({ endpoint: 'graphql', json: { data: { a: 1 }, errors } });
      await assert.rejects(client.graphql(query, { throwOnErrors }), { name: 'SeekAuthError', code: 'protocol' }, JSON.stringify(errors));
    }
  }
  for (const data of ['text', 7, []]) {
    await sandbox.script({ endpoint: 'graphql', json: { data } });
    await assert.rejects(client.graphql(query), { name: 'SeekAuthError', code: 'protocol' }, JSON.stringify(data));
  }
  await sandbox.script({ endpoint: 'graphql', json: { data: { a: 1 }, errors: null, extensions: null } });
  const headers = { 'x-request-id': 'mine' };
  const good = await client.graphql(query, { headers, throwOnErrors: true });
  assert.deepEqual(good, { data: { a: 1 }, errors: [], extensions: undefined, status: 200, requestId: 'mine' });
});

test('entries of errors with odd members are data, or an exception with a text', async () => {
  const entries = [{}, { message: null }, { message: { toString: 5 } }, { message: ['a'] }, { message: 'no', path: 5, locations: null, extensions: null }];
  await sandbox.script({ endpoint: 'graphql', json: { errors: entries }, times: 2 });
  assert.deepEqual((await client.graphql(query)).errors, entries);
  await assert.rejects(client.graphql(query, { throwOnErrors: true }), { name: 'GraphQLError', message: 'no', errors: entries });
  // Half a surrogate pair, a number beyond reach, a byte order mark.
  const body = '\ufeff{"errors":[{"message":"\\ud800","extensions":{"code":"FORBIDDEN","n":1e999}}]}';
  await sandbox.script({ endpoint: 'graphql', body });
  const { errors } = await client.graphql(query);
  assert.equal(errors[0]?.extensions?.code, 'FORBIDDEN');
});

test('a rejected token is renewed once', async () => {
  await client.authorization();
  clock.age();
  await sandbox.forget();
  assert.equal((await client.graphql(query)).errors.length, 0);
  await sandbox.script({ endpoint: 'graphql', error: 'UNAUTHENTICATED', times: 2 });
  await assert.rejects(client.graphql(query), { code: 'token_rejected', message: /wrong audience, a wrong environment/ });
});

test('a response that is not GraphQL is a failure', async () => {
  await sandbox.script({ endpoint: 'graphql', status: 502, html: '<h1>Bad gateway</h1>' });
  await assert.rejects(client.graphql(query), { name: 'SeekAuthError', code: 'unavailable', status: 502, retryable: true });
});

test('a signal or a time gives one operation up', async () => {
  const reason = new Error('the user has left');
  await assert.rejects(client.graphql(query, { signal: AbortSignal.abort(reason) }), reason);
  await sandbox.script({ endpoint: 'graphql', hold: true, times: 0 });
  const controller = new AbortController();
  const given = client.graphql(query, { signal: controller.signal });
  await sandbox.arrival(1, 'graphql');
  controller.abort(reason);
  await assert.rejects(given, reason);
  await assert.rejects(client.graphql(query, { timeoutMs: 50 }), { code: 'timeout' });
});

test('wrong arguments are refused by name', async () => {
  const graphql = /** @type {any} */ (client.graphql.bind(client));
  await assert.rejects(graphql(5), { name: 'TypeError', message: 'query must be a string' });
  await assert.rejects(graphql(query, { variable: {} }), { name: 'TypeError', message: /^unknown option "variable"; .*\bvariables\b/ });
  await assert.rejects(graphql(query, { operationName: 5 }), { name: 'TypeError', message: 'operationName must be a string, not a number' });
  await assert.rejects(graphql(query, { timeoutMs: '5' }), { name: 'TypeError', message: /^timeoutMs must be a number/ });
  await assert.rejects(graphql(query, { signal: {} }), { name: 'TypeError', message: 'signal must be an AbortSignal' });
  await assert.rejects(graphql(query, { headers: { 'a b': 'c' } }), TypeError);
  await assert.rejects(graphql(query, { variables: { big: 5n } }), TypeError);
  for (const variables of ['{}', [1], 5, () => {}]) {
    await assert.rejects(graphql(query, { variables }), { code: 'invalid_argument', message: /variables must be a JSON object/ });
  }
  assert.equal((await sandbox.requests('graphql')).length, 0);
});

test('a client without an API says so', async () => {
  const { environment, apiUrl, ...rest } = sandbox.seekApi();
  const error = await Client.oauth(rest).graphql(query).catch((error) => error);
  assert.ok(error instanceof SeekAuthError);
  assert.equal(error.code, 'invalid_argument');
  assert.match(error.message, /apiUrl|api_url/);
  assert.ok(!inspect(error).includes(rest.clientSecret));
});
