'use strict';

// Clients for tests of a program: what they play, and that they touch no network.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { inspect } = require('node:util');
const axios = require('axios');
const { MockAgent, request } = require('undici');
const { Client, GraphQLError, SeekAuthError, Token } = require('seekauth');
const { attach } = require('seekauth/axios');
const { interceptor } = require('seekauth/undici');

const query = 'query Partner { self { partner { name } } }';
const partner = { data: { self: { partner: { name: 'Acme' } } } };
const rejection = { errors: [{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }] };
const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) };

/** @param {ReturnType<typeof Client.fake>} client */
const api = (client) => client.journal.flatMap((entry) => (entry.kind === 'api' ? entry : []));
/** @param {ReturnType<typeof Client.fake>} client */
const tokens = (client) => client.journal.filter(({ kind }) => kind === 'token');

test('it is a client, and says what it is', async () => {
  const client = Client.fake({ token: 'a-real-one-by-mistake' });
  assert.ok(client instanceof Client);
  assert.equal(await client.authorization(), 'Bearer a-real-one-by-mistake');
  assert.match(inspect(client), /^Client\.fake of http:\/\/127\.0\.0\.1:9\//);
  assert.ok(!`${inspect(client, { depth: 9, showHidden: true })}${JSON.stringify(client)}`.includes('a-real-one'));
  const none = () => inspect(/** @type {any} */ (Client).prototype.respond);
  assert.equal(none(), 'undefined');
});

test('it caches, and renews as its time is moved', async () => {
  const client = Client.fake({ token: 't', lifetimeMs: 60_000 });
  for (const _ of [1, 2, 3]) assert.equal(await client.authorization(), 'Bearer t');
  assert.equal(client.authorizationNow(), 'Bearer t');
  assert.equal(tokens(client).length, 1);
  const token = await client.getToken();
  assert.ok(token instanceof Token);
  assert.equal(token.remainingMs, 60_000);
  const before = client.now;
  client.advance(59_000);
  assert.equal(token.remainingMs, 1_000);
  assert.equal(client.now.getTime() - before.getTime(), 59_000);
  assert.equal(client.authorizationNow(), undefined);
  client.advance(1_000);
  assert.equal(client.cachedToken(), undefined);
  assert.equal(await client.authorization(), 'Bearer t-2');
  assert.equal(client.stats().requestsSucceeded, 2);
});

test('it fails as it is told, and a good token outlives that', async () => {
  const client = Client.fake({ lifetimeMs: 600_000 });
  client.failWith('invalid_credentials');
  await assert.rejects(client.authorization(), { name: 'SeekAuthError', code: 'invalid_credentials', retryable: false });
  client.succeed();
  client.advance(3_600_000);
  const first = await client.authorization();
  client.failWith('throttled', { retryAfterMs: 7_200_000 });
  client.advance(595_000);
  assert.equal(await client.authorization(), first, 'its life is left');
  client.advance(5_000);
  await assert.rejects(client.getToken(), { code: 'throttled', retryAfterMs: 7_195_000 }, 'what is left of the pause');
  assert.deepEqual(tokens(client).map((entry) => entry.kind === 'token' && entry.failure).filter(Boolean).slice(0, 2), ['invalid_credentials', 'throttled']);
});

test('handles for other scopes are of the same one', async () => {
  const client = Client.fake({ scopes: 'read.employment write.education' });
  const other = client.withScopes('write.microcredential');
  assert.ok(other instanceof Client && other.constructor === client.constructor);
  assert.deepEqual((await client.getToken()).scopes, ['read.employment', 'write.education']);
  other.failWith('unavailable');
  await assert.rejects(other.withScopes(['a', 'b']).getToken(), { code: 'unavailable' });
  client.succeed();
  other.respond({ ok: true });
  assert.deepEqual(await (await client.fetch(`${client.apiUrl}/x`)).json(), { ok: true });
  assert.deepEqual(client.journal.map(({ kind }) => kind), other.journal.map(({ kind }) => kind));
  client.close();
  await assert.rejects(other.getToken(), { code: 'closed' });
});

test('operations get the responses in turn, and the last one stands', async () => {
  const client = Client.fake();
  client.respond({ data: { a: 1 } }, Response.json({ errors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] }, { status: 403 }), partner);
  assert.deepEqual((await client.graphql('{ a }')).data, { a: 1 });
  const { errors, status } = await client.graphql('{ b }');
  assert.deepEqual([errors[0]?.extensions?.code, status], ['FORBIDDEN', 403]);
  for (const _ of [1, 2]) assert.deepEqual((await client.graphql(query, { operationName: 'Partner', variables: { a: 1 } })).data, partner.data);
  const last = api(client).at(-1);
  assert.deepEqual(JSON.parse(last?.body ?? ''), { query, operationName: 'Partner', variables: { a: 1 } });
  assert.equal(last?.headers['authorization'], 'Bearer fake-token');
  assert.match(last?.headers['user-agent'] ?? '', /^seekauth-fake\//);
  client.respond(new Response('busy', { status: 503, headers: { 'retry-after': '7' } }));
  await assert.rejects(client.graphql('{ a }'), { code: 'unavailable', status: 503, retryAfterMs: 7_000 });
});

test('fetch gets them too, as often as they are needed', async () => {
  const client = Client.fake();
  client.respond(Response.json(partner, { status: 201, headers: { 'x-a': 'b' } }));
  for (const _ of [1, 2]) {
    const response = await client.fetch(client.apiUrl, post);
    assert.deepEqual([response.status, response.headers.get('x-a'), await response.json()], [201, 'b', partner]);
  }
  const { fetch } = client;
  assert.equal((await fetch(new Request(client.apiUrl, post))).status, 201);
  const [first] = api(client);
  assert.deepEqual([first?.method, first?.url, first?.body, first?.headers['authorization']], ['POST', client.apiUrl, post.body, 'Bearer fake-token']);
});

test('a rejected token is renewed, and the request sent again', async () => {
  for (const send of [
    async (/** @type {ReturnType<typeof Client.fake>} */ client) => (await client.graphql(query)).data,
    async (/** @type {ReturnType<typeof Client.fake>} */ client) => /** @type {any} */ (await (await client.fetch(client.apiUrl, post)).json()).data,
  ]) {
    const client = Client.fake({ token: 't' });
    await client.getToken();
    client.advance(10_000);
    client.respond(rejection, partner);
    assert.deepEqual(await send(client), partner.data);
    const sent = api(client).map(({ headers }) => headers);
    assert.deepEqual(sent.map(({ authorization }) => authorization), ['Bearer t', 'Bearer t-2']);
    assert.equal(sent[0]?.['x-request-id'], sent[1]?.['x-request-id']);
  }
});

test('where authorization has a double, a rejected token of its own is not renewed behind its back', async (t) => {
  const client = Client.fake();
  const { mock } = t.mock.method(client, 'authorization', async () => 'Bearer mine');
  client.respond(rejection);
  await assert.rejects(client.fetch(client.apiUrl, post), { code: 'token_rejected' });
  assert.deepEqual([mock.callCount(), tokens(client)], [2, []]);
  mock.mockImplementation(async () => `Bearer ${mock.callCount()}`);
  client.respond(rejection, partner);
  assert.equal((await client.fetch(client.apiUrl, post)).status, 200);
  assert.deepEqual(api(client).slice(-2).map(({ headers }) => headers['authorization']), ['Bearer 2', 'Bearer 3']);
});

test('a function responds, and may take its time', async () => {
  const client = Client.fake();
  client.respond(async (request) => {
    const { query, variables } = /** @type {any} */ (await request.json());
    await new Promise((resolve) => setImmediate(resolve));
    return { data: { query, variables, method: request.method, authorization: request.headers.get('authorization') } };
  });
  const expected = { query, variables: { id: 'b' }, method: 'POST', authorization: 'Bearer fake-token' };
  assert.deepEqual((await client.graphql(query, { variables: { id: 'b' } })).data, expected);
  const body = JSON.stringify({ query, variables: { id: 'b' } });
  assert.deepEqual(/** @type {any} */ (await (await client.fetch(client.apiUrl, { ...post, body })).json()).data, expected);
  const mixed = Client.fake();
  mixed.respond(() => Response.json({ data: { a: 1 } }), { data: { a: 2 } });
  assert.deepEqual([(await mixed.graphql('{ a }')).data, (await mixed.graphql('{ a }')).data], [{ a: 1 }, { a: 2 }]);
});

test('what a function throws arrives', async () => {
  const client = Client.fake();
  client.respond(() => {
    throw new SeekAuthError('the connection broke', { code: 'network', retryAfterMs: 3_000 });
  });
  await assert.rejects(client.graphql('{ a }'), { code: 'network', message: 'the connection broke', retryAfterMs: 3_000 });
  await assert.rejects(client.fetch(client.apiUrl), { code: 'network', retryAfterMs: 3_000 });
  client.respond(() => assert.fail('not this one'));
  await assert.rejects(client.graphql('{ a }'), { code: 'invalid_argument', message: /AssertionError.*not this one/ });
  await assert.rejects(client.fetch(client.apiUrl), { name: 'AssertionError' });
  client.respond(/** @type {any} */ (() => undefined));
  await assert.rejects(client.graphql('{ a }'), { message: /JSON can hold/ });
});

test('what is thrown that has no form as text arrives by its class', { timeout: 60_000 }, async () => {
  class Wordless {
    toString() {
      throw new Error('no text');
    }
  }
  const odd = new SeekAuthError('slow down', { code: 'throttled', retryAfterMs: /** @type {any} */ ('soon') });
  /** @type {[unknown, object][]} */
  const thrown = [
    [new Wordless(), { code: 'invalid_argument', message: /failed: Wordless$/ }],
    [Object.create(null), { code: 'invalid_argument', message: /failed: object$/ }],
    [Symbol('a'), { code: 'invalid_argument', message: /failed: Symbol$/ }],
    [odd, { code: 'throttled', message: 'slow down' }],
  ];
  const client = Client.fake();
  for (const [value, expected] of thrown) {
    client.respond(() => {
      throw value;
    });
    await assert.rejects(client.graphql('{ a }'), expected);
  }
});

test('what is asked while there is no response says so', async () => {
  const client = Client.fake();
  const isTold = async () => {
    for (const asked of [() => client.graphql('{ a }'), () => client.fetch(client.apiUrl)]) {
      await assert.rejects(asked, { name: 'SeekAuthError', code: 'invalid_argument', message: /was given no response/ });
    }
  };
  await isTold();
  client.respond(partner);
  assert.deepEqual((await client.graphql('{ a }')).data, partner.data);
  client.respond();
  await isTold();
  assert.equal(api(client).length, 5);
});

test('a signal gives up a request that nothing responds to', async () => {
  const client = Client.fake();
  client.respond(() => new Promise(() => {}));
  for (const asked of [
    (/** @type {AbortSignal} */ signal) => client.graphql('{ a }', { signal }),
    (/** @type {AbortSignal} */ signal) => client.fetch(client.apiUrl, { signal }),
  ]) {
    const controller = new AbortController();
    const seen = api(client).length;
    const pending = asked(controller.signal);
    while (api(client).length === seen) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('enough'));
    await assert.rejects(pending, { message: 'enough' });
  }
});

test('mistakes are named', () => {
  /** @type {[() => unknown, object][]} */
  const mistakes = [
    [() => Client.fake(/** @type {any} */ ({ lifetime: 5 })), { name: 'TypeError', message: /"lifetime"; the options are token, scopes, lifetimeMs, apiUrl/ }],
    [() => Client.fake(/** @type {any} */ ({ lifetimeMs: '5' })), { name: 'TypeError', message: /lifetimeMs must be a number of milliseconds/ }],
    [() => Client.fake(/** @type {any} */ ('token')), { name: 'TypeError', message: /options must be an object/ }],
    [() => Client.fake({ token: 'Bearer t' }), { code: 'invalid_argument', message: /leave out Bearer/ }],
    [() => Client.fake({ apiUrl: 'https://graphql.seek.com/graphql' }), { code: 'invalid_argument', message: /loopback/ }],
    [() => Client.fake().failWith(/** @type {any} */ ('broken')), { code: 'invalid_argument', message: /one of invalid_argument, closed/ }],
    [() => Client.fake().advance(-1), { code: 'invalid_argument', message: /ms must be from 0/ }],
    [() => Client.fake().failWith('throttled', /** @type {any} */ ({ retryAfter: 1 })), { name: 'TypeError', message: /"retryAfter"; the options are retryAfterMs/ }],
    [() => Client.fake().failWith('throttled', { retryAfterMs: -1 }), { code: 'invalid_argument', message: /retryAfterMs must be from 0/ }],
    [() => Client.fake().authFlow('https://graphql.seek.com/graphql'), { code: 'forbidden_origin' }],
  ];
  for (const [mistake, expected] of mistakes) assert.throws(mistake, expected, String(mistake));
});

test('the doubles of other HTTP clients see what the adapters send', async () => {
  const client = Client.fake();
  const agent = new MockAgent();
  agent.disableNetConnect();
  agent.get('http://127.0.0.1:9').intercept({ path: '/graphql', method: 'POST' }).reply(200, ({ headers }) => ({ data: /** @type {any} */ (headers).Authorization }));
  const dispatcher = agent.compose(interceptor(client));
  const { body } = await request(client.apiUrl, { dispatcher, ...post });
  assert.deepEqual(await body.json(), { data: 'Bearer fake-token' });
  await agent.close();
  const adapter = async (/** @type {any} */ config) => ({ status: 200, statusText: '', headers: {}, config, data: { data: config.headers.get('authorization') } });
  const instance = attach(client, axios.create({ baseURL: client.apiUrl, adapter }));
  assert.deepEqual((await instance.post('', post.body)).data, { data: 'Bearer fake-token' });
  const mocked = attach(/** @type {any} */ ({ authorization: async () => 'Bearer t' }), axios.create({ adapter }));
  await assert.rejects(mocked.post('http://127.0.0.1:9/'), { name: 'TypeError', message: /in tests, Client\.fake\(\) gives one/ });
});

test('it needs no socket: it works where none can be opened, and keeps no process alive', { skip: process.platform === 'win32' && 'descriptors have no limit there' }, () => {
  const program = `
    const fs = require('node:fs');
    const { Client } = require('seekauth');
    const client = Client.fake();
    client.respond({ data: { a: 1 } });
    const use = async () => {
      await client.graphql('{ a }');
      await (await client.fetch(client.apiUrl)).json();
      client.advance(3_600_000);
    };
    (async () => {
      // The first call starts the library's thread.
      await use();
      try {
        for (;;) fs.openSync('/dev/null');
      } catch ({ code }) {
        for (let i = 0; i < 3; i++) await use();
        const { length } = client.journal.filter(({ kind }) => kind === 'token');
        // Through a descriptor that is open.
        fs.writeSync(1, JSON.stringify({ code, length }));
      }
    })();`;
  const output = execFileSync('sh', ['-c', 'ulimit -n 100 && exec "$0" -e "$1"', process.execPath, program], { cwd: path.join(__dirname, '..'), encoding: 'utf8' });
  assert.deepEqual(JSON.parse(output), { code: 'EMFILE', length: 4 });
});

test('tokens and errors are made by hand', () => {
  const token = new Token('t', { lifetimeMs: 60_000, scopes: 'b a' });
  assert.ok(token instanceof Token);
  assert.deepEqual([token.value, token.authorization, token.scopes], ['t', 'Bearer t', ['a', 'b']]);
  assert.ok(token.remainingMs > 50_000 && token.remainingMs <= 60_000);
  assert.ok(Math.abs(token.expiresAt.getTime() - Date.now() - 60_000) < 10_000);
  assert.ok(new Token('t').remainingMs > 1_700_000);
  assert.throws(() => new Token('Bearer t'), { code: 'invalid_argument' });
  assert.throws(() => new Token(/** @type {any} */ (5)), { name: 'TypeError', message: 'value must be a string, not a number' });
  assert.equal(Client.fake().invalidate(token), false);

  const cause = new Error('before');
  const error = new SeekAuthError('slow down', { code: 'throttled', retryAfterMs: 1_000, cause });
  assert.deepEqual([error.name, error.code, error.number, error.retryable, error.retryAfterMs, error.message, error.cause], ['SeekAuthError', 'throttled', 8, true, 1_000, 'slow down', cause]);
  assert.equal(new SeekAuthError('', { code: 'network', retryable: false }).retryable, false);
  assert.equal(new SeekAuthError('', { code: 'token_rejected', requestId: 'mine', serverMessage: 'no' }).serverMessage, 'no');
  for (const options of [undefined, { code: 'broken' }]) {
    assert.throws(() => new SeekAuthError('', /** @type {any} */ (options)), { name: 'TypeError', message: /^code must be one of invalid_argument/ });
  }
  const graphql = new GraphQLError({ errors: [{ message: 'no' }] });
  assert.deepEqual([graphql.message, graphql.status, graphql.data, graphql.errors], ['no', 200, undefined, [{ message: 'no' }]]);
});
