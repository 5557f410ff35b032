'use strict';

// The interceptor with the real undici: its ways to send, its ways to write headers, other interceptors
// beside it, compressed responses, giving up, and connections.

const assert = require('node:assert/strict');
const { channel } = require('node:diagnostics_channel');
const { once } = require('node:events');
const http = require('node:http');
const { PassThrough, Readable } = require('node:stream');
const { after, before, beforeEach, test } = require('node:test');
const zlib = require('node:zlib');
const { Client, SeekAuthError } = require('seekauth');
const { interceptor } = require('seekauth/undici');
const undici = require('undici');
const clock = require('./manual-clock.js');
const { RecordingProxy } = require('./recording-proxy.js');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
/** @type {InstanceType<typeof Client>} */
let client;
/** @type {import('undici').Dispatcher} */
let dispatcher;
const agent = new undici.Agent();
before(async () => {
  clock.start();
  sandbox = await Sandbox.start();
});
beforeEach(async () => {
  await sandbox.reset();
  client = Client.seekApi(sandbox.seekApi());
  dispatcher = agent.compose(interceptor(client));
});
after(async () => {
  await agent.destroy();
  await sandbox.stop();
});

const rejection = { endpoint: 'graphql', error: 'UNAUTHENTICATED' };
const body = JSON.stringify({ query: '{ self { partner { name } } }' });
const headers = { 'content-type': 'application/json' };
const expected = { data: { self: { partner: { name: 'Sandbox partner sandbox-live' } } } };

/** @param {object} [options] */
const post = (options) => undici.request(sandbox.urls.graphql_url, { dispatcher, method: 'POST', headers, body, ...options });

test('request, stream, pipeline and fetch send the token', async () => {
  await sandbox.script(rejection);
  assert.deepEqual(await (await post()).body.json(), expected);

  clock.age();
  await sandbox.forget();
  const sink = new PassThrough();
  await undici.stream(sandbox.urls.graphql_url, { dispatcher, method: 'POST', headers, body }, () => sink);
  assert.deepEqual(JSON.parse(String(sink.read())), expected);

  const pipeline = undici.pipeline(sandbox.urls.graphql_url, { dispatcher, method: 'POST', headers }, (data) => data.body);
  let text = '';
  for await (const chunk of pipeline.end(body)) text += chunk;
  assert.deepEqual(JSON.parse(text), expected);

  const response = await undici.fetch(sandbox.urls.graphql_url, { dispatcher, method: 'POST', headers, body });
  assert.deepEqual(await response.json(), expected);
});

test('headers may be written in each of the forms that undici takes', async () => {
  const own = { 'X-Request-ID': 'mine', authorization: 'Bearer mine', 'x-list': ['1', '2'] };
  const flat = Object.entries(own).flatMap(([name, value]) => [value].flat().flatMap((value) => [name, value]));
  const pairs = /** @type {[string, string][]} */ (Object.entries(own));
  for (const headers of [own, flat, pairs, new Map(pairs)]) {
    await (await post({ headers })).body.dump();
  }
  for (const { headers } of await sandbox.requests('graphql')) {
    assert.equal(headers.authorization, await client.authorization());
    assert.equal(headers['x-request-id'], 'mine');
    assert.equal(headers['user-agent'], 'Test/1.0');
    assert.equal(headers['x-list']?.replaceAll(' ', ''), '1,2');
  }
  await (await post({ headers: undefined })).body.dump();
  assert.match(/** @type {any} */ ((await sandbox.requests('graphql')).at(-1)).headers['x-request-id'], /^[0-9a-f-]{36}$/);
});

test('bodies in memory are sent twice, others once', async () => {
  const kept = [body, Buffer.from(body), new Uint8Array(Buffer.from(body)), new Blob([body])];
  const streams = [Readable.from([body]), (async function* () { yield body; })(), new undici.FormData()];
  for (const [bodies, count] of /** @type {[any[], number][]} */ ([[kept, 2], [streams, 1]])) {
    for (const body of bodies) {
      await sandbox.reset();
      client = Client.seekApi(sandbox.seekApi());
      dispatcher = agent.compose(interceptor(client));
      await sandbox.script(...[rejection, { endpoint: 'graphql', json: {} }].slice(0, count));
      const given = post({ body, headers: undefined }).then(({ statusCode, body }) => body.dump().then(() => statusCode));
      if (count === 2) assert.equal(await given, 200);
      else await assert.rejects(given, { code: 'token_rejected', message: /stream/ });
      const arrived = (await sandbox.requests('graphql')).map(({ body }) => body);
      assert.equal(arrived.length, count);
      assert.equal(new Set(arrived).size, 1);
    }
  }
});

test('redirects are followed by the interceptor that stands before it', async () => {
  const redirect = undici.interceptors.redirect({ maxRedirections: 3 });
  dispatcher = agent.compose(redirect, interceptor(client));
  await sandbox.script({ endpoint: 'graphql', redirect: '{graphql}/graphql?moved' });
  assert.deepEqual(await (await post()).body.json(), expected);
  await sandbox.script({ endpoint: 'graphql', redirect: '{foreign}/elsewhere' });
  assert.equal((await post()).statusCode, 200);
  const [foreign] = /** @type {any[]} */ (await sandbox.requests('foreign'));
  assert.equal('authorization' in foreign.headers, false);
});

test('in the wrong order, a redirect out is refused', async () => {
  dispatcher = agent.compose(interceptor(client), undici.interceptors.redirect({ maxRedirections: 3 }));
  await sandbox.script({ endpoint: 'graphql', redirect: '{foreign}/elsewhere' });
  await assert.rejects(post(), { code: 'forbidden_origin' });
  assert.equal((await sandbox.requests('foreign')).length, 0);
});

test('other interceptors see one response', async () => {
  /** @type {number[]} */
  const statuses = [];
  dispatcher = agent.compose(undici.interceptors.retry({ maxRetries: 2, minTimeout: 1 }), interceptor(client), (dispatch) => (options, handler) =>
    dispatch(options, {
      ...Object.fromEntries(
        /** @type {const} */ (['onRequestStart', 'onRequestUpgrade', 'onResponseData', 'onResponseEnd', 'onResponseError']).map(
          (name) => [name, (/** @type {any[]} */ ...args) => /** @type {any} */ (handler)[name]?.(...args)],
        ),
      ),
      onResponseStart(...start) {
        statuses.push(start[1]);
        handler.onResponseStart?.(...start);
      },
    }),
  );
  await sandbox.script(rejection, { endpoint: 'graphql', drop: 'before' }, { endpoint: 'graphql', json: expected });
  assert.deepEqual(await (await post({ method: 'PUT' })).body.json(), expected);
  assert.deepEqual(statuses, [200]);
  assert.equal((await sandbox.requests('graphql')).length, 3);
});

test('another origin, or none, is refused before anything is sent', async () => {
  await assert.rejects(undici.request(sandbox.urls.foreign, { dispatcher }), { code: 'forbidden_origin' });
  await assert.rejects(undici.fetch(sandbox.urls.foreign, { dispatcher }), (/** @type {any} */ error) => {
    assert.ok(error.cause instanceof SeekAuthError);
    return true;
  });
  const single = new undici.Client(sandbox.urls.graphql);
  const composed = single.compose(interceptor(client));
  await assert.rejects(composed.request({ path: '/graphql', method: 'GET' }), { code: 'forbidden_origin' });
  const known = await composed.request({ origin: sandbox.urls.graphql, path: '/graphql', method: 'POST', headers, body });
  assert.deepEqual(await known.body.json(), expected);
  await single.destroy();
  assert.equal((await sandbox.requests('foreign')).length, 0);
});

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
for (const name of ['undici-lowest', 'undici', 'undici-newest']) {
  const skip = name === 'undici-newest' && (major < 22 || (major === 22 && minor < 19)) && 'undici 8 needs Node 22.19';

  test(`a dispatcher with an origin of its own gets no token for it: ${name}`, { skip }, async (t) => {
    /** @type {typeof import('undici')} */
    const undici = require(/** @type {any} */ (name));
    /** @type {string[]} */
    const received = [];
    const elsewhere = http.createServer((request, response) => {
      received.push(JSON.stringify(request.rawHeaders));
      // The others wait for a connection meanwhile.
      setImmediate(() => response.end('{}'));
    });
    elsewhere.listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (elsewhere.address());
    const evil = `http://127.0.0.1:${port}`;
    t.after(() => {
      elsewhere.closeAllConnections();
      elsewhere.close();
    });
    const { origin } = new URL(sandbox.urls.graphql_url);
    const { retry, redirect } = undici.interceptors;
    const dispatchers = [
      () => new undici.Client(evil),
      () => new undici.Pool(evil),
      () => new undici.Pool(evil, { connections: 1 }),
      () => new undici.BalancedPool([evil, evil]),
      () => new undici.Pool(evil).compose(retry(), redirect({ maxRedirections: 1 })),
    ];
    for (const make of dispatchers) {
      const mine = make();
      const dispatcher = mine.compose(interceptor(client));
      // A connection that is there already is written to at once.
      await (await mine.request({ origin: evil, path: '/', method: 'GET' })).body.dump();
      received.length = 0;
      const method = /** @type {const} */ ('POST');
      /** @type {(() => Promise<unknown>)[]} */
      const ways = [
        () => undici.request(sandbox.urls.graphql_url, { dispatcher, method, headers, body }),
        () => dispatcher.request({ origin, path: '/graphql', method, headers, body }),
        () => dispatcher.request({ origin, path: '/graphql', method, headers: { ...headers, host: new URL(origin).host }, body }),
        () => dispatcher.request({ path: sandbox.urls.graphql_url, method, headers, body }),
        () => dispatcher.request({ origin, path: '/graphql', method, headers, body, ...{ servername: '127.0.0.1' } }),
        // Other traffic that takes up the connections.
        ...Array.from({ length: 20 }, () => async () => {
          await (await mine.request({ origin: evil, path: '/', method: 'GET' })).body.dump();
          throw Object.assign(new Error('none'), { code: 'forbidden_origin' });
        }),
        () => dispatcher.request({ origin, path: '/graphql', method, headers, body }),
      ];
      const outcomes = await Promise.allSettled(ways.map((way) => way()));
      assert.deepEqual(
        outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code),
        ways.map(() => 'forbidden_origin'),
      );
      await mine.destroy();
      assert.equal(received.length, 20);
      assert.doesNotMatch(received.join(), /bearer/i);
    }
    assert.equal((await sandbox.requests('graphql')).length, 0);
  });

  test(`dispatchers that lead to the API are used: ${name}`, { skip }, async () => {
    /** @type {typeof import('undici')} */
    const undici = require(/** @type {any} */ (name));
    const { origin, port } = new URL(sandbox.urls.graphql_url);
    const local = Client.seekApi({ ...sandbox.seekApi(), apiUrl: `http://localhost:${port}/graphql` });
    const mock = new undici.MockAgent();
    mock.disableNetConnect();
    mock.get(origin).intercept({ path: '/graphql', method: 'POST' }).reply(200, expected);
    const { dns, retry } = undici.interceptors;
    /** @type {[any, import('undici').Dispatcher.DispatcherComposeInterceptor, string][]} */
    const dispatchers = [
      [new undici.Client(origin), interceptor(client), origin],
      [new undici.Pool(origin, { connections: 1 }), interceptor(client), origin],
      [new undici.BalancedPool([origin]).compose(retry()), interceptor(client), origin],
      [new undici.Agent({ connections: 1 }), interceptor(client), origin],
      [new undici.Agent().compose(dns({ affinity: 4, dualStack: false })), interceptor(local), `http://localhost:${port}`],
      [mock, interceptor(client), origin],
    ];
    for (const [inner, own, origin] of dispatchers) {
      const dispatcher = inner.compose(own);
      const count = inner === mock ? 1 : 3;
      const responses = Array.from({ length: count }, () => undici.request(`${origin}/graphql`, { dispatcher, method: 'POST', headers, body }));
      for (const response of await Promise.all(responses)) assert.deepEqual(await response.body.json(), expected);
      await inner.close();
    }
    assert.equal(channel('undici:request:create').hasSubscribers, false);
  });

  test(`a proxy that would read the token gets none: ${name}`, { skip }, async () => {
    /** @type {typeof import('undici')} */
    const undici = require(/** @type {any} */ (name));
    const proxy = await RecordingProxy.start();
    const inner = new undici.ProxyAgent({ uri: proxy.url, proxyTunnel: false });
    const dispatcher = inner.compose(interceptor(client));
    await undici.request(sandbox.urls.graphql_url, { dispatcher, method: 'POST', headers, body }).catch(() => {});
    assert.deepEqual(proxy.requests.filter((line) => !line.startsWith('CONNECT ')), []);
    await inner.destroy();
    proxy.stop();
  });
}

test('a Host header for another host is refused before anything is sent', async () => {
  const { host } = new URL(sandbox.urls.graphql);
  for (const value of ['evil.example', `${host}.evil.example`, [host, 'evil.example']]) {
    const flat = [value].flat().flatMap((value) => ['Host', value]);
    for (const own of [{ host: value }, { HOST: value }, flat, new Map([['host', value]])]) {
      await assert.rejects(post({ headers: own }), { code: 'forbidden_origin' });
    }
  }
  assert.equal((await sandbox.tokenRequests()).length, 0);
  assert.equal((await sandbox.requests('graphql')).length, 0);
  assert.deepEqual(await (await post({ headers: { ...headers, host } })).body.json(), expected);
  // Its fetch leaves out a Host of the caller's by itself.
  await (await undici.fetch(sandbox.urls.graphql_url, { dispatcher, headers: { host: 'evil.example' } })).text();
  assert.deepEqual((await sandbox.requests('graphql')).map(({ headers }) => headers.host), [host, host]);
});

test("undici's own complaints come through", async () => {
  await assert.rejects(post({ headers: { 'a b': 'c' } }), { code: 'UND_ERR_INVALID_ARG' });
  await assert.rejects(post({ body: 5 }), { code: 'UND_ERR_INVALID_ARG' });
});

test('a signal gives up while a token or a response is waited for, and in the body', async () => {
  const reason = new Error('the user has left');
  await assert.rejects(post({ signal: AbortSignal.abort(reason) }), reason);

  await sandbox.script({ endpoint: 'seek_api_token', hold: true });
  client = Client.seekApi(sandbox.seekApi());
  dispatcher = agent.compose(interceptor(client));
  const first = new AbortController();
  const waiting = post({ signal: first.signal });
  await sandbox.arrival((await sandbox.tokenRequests()).length || 1);
  first.abort(reason);
  await assert.rejects(waiting, reason);
  await sandbox.release();

  const sent = (await sandbox.requests('graphql')).length;
  for (const [script, count] of /** @type {[object, number][]} */ ([
    [{ endpoint: 'graphql', hold: true }, sent + 1],
    [{ endpoint: 'graphql', body_size: 1_000, body_start: '{"data":{"a":"', stall_at: 500 }, sent + 2],
  ])) {
    await sandbox.script(script);
    const controller = new AbortController();
    const given = post({ signal: controller.signal });
    await sandbox.arrival(count, 'graphql');
    controller.abort(reason);
    await assert.rejects(given, reason);
  }

  await sandbox.script({ endpoint: 'graphql', body_size: 1_000, body_start: '{"errors":[],"data":{"a":"', stall_at: 500 });
  const last = new AbortController();
  const response = await post({ signal: last.signal });
  const text = response.body.text();
  last.abort(reason);
  await assert.rejects(text, reason);
});

test('a long response keeps its pace', async () => {
  const size = 4_000_000;
  await sandbox.script({ endpoint: 'graphql', body_size: size, body_start: '{"errors":[],"data":{"a":"', body_end: '"}}' });
  const { body } = await post();
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(length, size + '{"errors":[],"data":{"a":""}}'.length);
});

test('a rejected response lets its connection be used again', async () => {
  await client.authorization();
  for (let i = 0; i < 5; i++) {
    clock.age();
    await sandbox.forget();
    await (await post()).body.dump();
  }
  const requests = await sandbox.requests('graphql');
  assert.equal(requests.length, 10);
  assert.equal(new Set(requests.map(({ connection }) => connection)).size, 1);
});

test('compressed responses are read as they are meant, and handed over as they came', async (t) => {
  const rejected = JSON.stringify({ errors: [{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }] });
  const long = JSON.stringify({ data: { a: 'x'.repeat(300_000) } });
  let coding = '';
  const encode = (/** @type {string} */ text) =>
    /** @type {any} */ ({ gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync })[coding]?.(text) ?? text;
  let responses = [''];
  const server = http.createServer((request, response) => {
    request.resume();
    if (request.url === '/token') return response.end(`{"access_token":"token-${Math.random()}","token_type":"Bearer","expires_in":1800}`);
    response.setHeader('content-encoding', coding);
    response.end(encode(responses.shift() ?? ''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const base = `http://127.0.0.1:${port}`;
  for (coding of ['gzip', 'deflate', 'br', 'identity', 'unheard-of']) {
    const mine = Client.seekApi({ ...sandbox.seekApi(), tokenUrl: `${base}/token`, apiUrl: base });
    const dispatcher = agent.compose(interceptor(mine));
    responses = [rejected, long];
    const response = await undici.request(base, { dispatcher });
    assert.equal(response.headers['content-encoding'], coding);
    const bytes = Buffer.from(await response.body.arrayBuffer());
    assert.deepEqual(bytes, Buffer.from(encode(long)), coding);
    assert.equal(responses.length, 0, coding);
  }
  // What is not in the coding that it claims to be in counts by its status.
  coding = 'gzip';
  const mine = Client.seekApi({ ...sandbox.seekApi(), tokenUrl: `${base}/token`, apiUrl: base });
  responses = [''];
  const empty = await undici.request(base, { dispatcher: agent.compose(interceptor(mine)), method: 'HEAD' });
  assert.equal(empty.statusCode, 200);
});

test('a hundred rejections at once lead to one new token', async () => {
  await client.authorization();
  clock.age();
  await sandbox.forget();
  const responses = await Promise.all(Array.from({ length: 100 }, async () => (await post()).body.json()));
  assert.deepEqual(responses, Array(100).fill(expected));
  assert.equal((await sandbox.tokenRequests()).length, 2);
});
