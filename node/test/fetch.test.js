'use strict';

// `client.fetch` beside the platform's own: what may be passed to it, what comes back, how it is given
// up, and what becomes of connections.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const { after, before, beforeEach, test } = require('node:test');
const v8 = require('node:v8');
const vm = require('node:vm');
const { Client } = require('seekauth');
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
  client = Client.seekApi(sandbox.seekApi());
});
after(() => sandbox.stop());

const rejection = { endpoint: 'graphql', error: 'UNAUTHENTICATED' };
const query = JSON.stringify({ query: '{ self { partner { name } } }' });
const json = { 'content-type': 'application/json' };
const post = () => client.fetch(sandbox.urls.graphql_url, { method: 'POST', headers: json, body: query });
const expected = { data: { self: { partner: { name: 'Sandbox partner sandbox-live' } } } };

/** The requests that arrived at the API, each as its body and its content type. */
const arrived = async () =>
  (await sandbox.requests('graphql')).map(({ body, headers }) => ({ body, type: headers['content-type'] }));

test("the response is the platform's own", async () => {
  const plain = await fetch(sandbox.urls.graphql_url, { method: 'POST', headers: json, body: query });
  await sandbox.script(rejection);
  const response = await post();
  assert.ok(response instanceof Response);
  assert.equal(response.constructor, Response);
  assert.equal(Object.prototype.toString.call(response), '[object Response]');
  for (const name of /** @type {const} */ (['ok', 'redirected', 'status', 'statusText', 'type', 'url'])) {
    assert.equal(response[name], plain[name], name);
  }
  assert.deepEqual([...response.headers.keys()], [...plain.headers.keys()]);
  assert.equal(response.bodyUsed, false);
  assert.deepEqual(await response.json(), expected);
  assert.equal(response.bodyUsed, true);
});

test('its body can be read in every way, and once', async () => {
  const text = JSON.stringify(expected);
  const decode = (/** @type {Uint8Array | ArrayBuffer} */ bytes) => new TextDecoder().decode(bytes);
  /** @type {[string, (response: any) => Promise<string>][]} */
  const ways = [
    ['text', (response) => response.text()],
    ['json', async (response) => JSON.stringify(await response.json())],
    ['arrayBuffer', async (response) => decode(await response.arrayBuffer())],
    ['blob', async (response) => (await response.blob()).text()],
    ['body', async (response) => Buffer.concat(await list(response.body)).toString()],
    ['body, then text', async (response) => (response.body, response.text())],
    ['byob', async (response) => {
      const reader = response.body.getReader({ mode: 'byob' });
      const { value } = await reader.read(new Uint8Array(1_000));
      assert.equal((await reader.read(new Uint8Array(1_000))).done, true);
      return decode(value);
    }],
    ['new Response', (response) => new Response(response.body, response).text()],
  ];
  if ('bytes' in Response.prototype) ways.push(['bytes', async (response) => decode(await response.bytes())]);
  for (const [name, read] of ways) {
    const response = await post();
    assert.equal(await read(response), text, name);
    assert.equal(response.bodyUsed, true, name);
    for (const again of /** @type {const} */ (['text', 'json', 'arrayBuffer', 'blob'])) {
      await assert.rejects(async () => response[again](), TypeError, `${name}, then ${again}`);
    }
    assert.throws(() => response.clone(), TypeError, name);
  }
});

/** @param {AsyncIterable<Uint8Array>} stream */
async function list(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

test('a form in the response can be read', async () => {
  const pass = Client.seekPass({ ...sandbox.seekPass(), scopes: 'write.education' });
  const oddity = { 'content-type': 'application/x-www-form-urlencoded' };
  await sandbox.script({ endpoint: 'graphql', body: 'a=1&b=2', headers: oddity });
  assert.deepEqual([...(await (await post()).formData()).entries()], [['a', '1'], ['b', '2']]);
  const response = await pass.fetch(`${sandbox.urls.pass}/api/partner/v1/add/education.json`, { method: 'POST', headers: json, body: '{"id":"1"}' });
  assert.equal(response.status, 201);
});

test('a clone says and holds the same', async () => {
  const response = await post();
  const clone = response.clone();
  assert.ok(clone instanceof Response);
  assert.equal(clone.url, sandbox.urls.graphql_url);
  assert.equal(clone.status, 200);
  assert.equal(clone.type, response.type);
  assert.equal(clone.headers.get('content-type'), response.headers.get('content-type'));
  assert.deepEqual(await Promise.all([response.json(), clone.clone().json(), clone.json()]), [expected, expected, expected]);
});

test('a response without a body is one', async () => {
  const response = await client.fetch(sandbox.urls.graphql_url, { method: 'HEAD' });
  assert.equal(await response.text(), '');
  await sandbox.script({ endpoint: 'graphql', status: 204 });
  const empty = await post();
  assert.equal(empty.status, 204);
  assert.equal(empty.body, null);
});

test('all kinds of bodies arrive as they do with fetch, and twice if need be', async () => {
  const form = () => {
    const form = new FormData();
    form.set('file', new Blob(['content'], { type: 'text/x-test' }), 'name.txt');
    return form;
  };
  /** @type {[string, () => any, Record<string, string>?][]} */
  const bodies = [
    ['a string', () => 'text'],
    ['bytes', () => Buffer.from('bytes')],
    ['a part of a buffer', () => new Uint8Array(Buffer.from('abcdef').buffer.slice(0), 0, 3)],
    ['an ArrayBuffer', () => new TextEncoder().encode('bytes').buffer],
    ['a blob', () => new Blob(['{}'], { type: 'application/json' })],
    ['parameters', () => new URLSearchParams({ a: '1 2' })],
    ['parameters with a type of their own', () => new URLSearchParams({ a: '1' }), { 'Content-Type': 'text/x-own' }],
    ['a form', form],
    ['nothing', () => undefined],
  ];
  for (const [name, body, headers = {}] of bodies) {
    await sandbox.reset();
    // Renewals that rejections cause are limited for each client.
    client = Client.seekApi(sandbox.seekApi());
    const init = () => ({ method: 'POST', headers, body: body() });
    await fetch(sandbox.urls.graphql_url, init());
    await sandbox.script(rejection, { endpoint: 'graphql', status: 201, json: {} });
    const response = await client.fetch(sandbox.urls.graphql_url, init());
    assert.equal(response.status, 201, name);
    const [plain, first, second] = await arrived();
    assert.deepEqual(second, first, name);
    const boundary = (/** @type {any} */ { type, body }) => [type, body].map((text) => text?.replaceAll(/formdata-undici-\d+/g, ''));
    assert.deepEqual(boundary(first), boundary(plain), name);
  }
});

test('a body that is changed meanwhile is sent as it was', async () => {
  await sandbox.script({ endpoint: 'seek_api_token', hold: true });
  const bytes = Buffer.from('before');
  const given = client.fetch(sandbox.urls.graphql_url, { method: 'POST', body: bytes });
  await sandbox.arrival(1);
  bytes.write('behind');
  await sandbox.script(rejection);
  await sandbox.release();
  await given;
  assert.deepEqual((await arrived()).map(({ body }) => body), ['before', 'before']);
});

test('a stream is sent once, and the error says so', async () => {
  const stream = () => ReadableStream.from([Buffer.from('a'), Buffer.from('b')]);
  /** @type {any} */
  const init = () => ({ method: 'POST', body: stream(), duplex: 'half' });
  await sandbox.script(rejection, { endpoint: 'graphql', json: { data: {} } });
  await client.authorization();
  clock.age();
  await assert.rejects(client.fetch(sandbox.urls.graphql_url, init()), { code: 'token_rejected', message: /stream/ });
  assert.deepEqual(await (await client.fetch(sandbox.urls.graphql_url, init())).json(), { data: {} });
  assert.deepEqual((await arrived()).map(({ body }) => body), ['ab', 'ab']);
  assert.equal((await sandbox.tokenRequests()).length, 2);
});

test('a Request is sent, twice if need be, whatever its body was made from', async () => {
  /** @type {any} */
  const stream = { body: ReadableStream.from([Buffer.from('a'), Buffer.from('b')]), duplex: 'half' };
  for (const [name, init, sent] of [['a string', { body: 'text' }, 'text'], ['a stream', stream, 'ab'], ['nothing', {}, '']]) {
    await sandbox.reset();
    await client.authorization();
    await sandbox.script(rejection, { endpoint: 'graphql', json: { data: {} } });
    const headers = { 'content-type': 'text/x-test', 'x-request-id': 'mine' };
    const request = new Request(sandbox.urls.graphql_url, { method: 'POST', headers, ...init });
    const response = await client.fetch(request);
    assert.deepEqual(await response.json(), { data: {} }, name);
    const requests = await sandbox.requests('graphql');
    assert.deepEqual(requests.map(({ body }) => body), [sent, sent], name);
    for (const { headers } of requests) {
      assert.equal(headers['content-type'], 'text/x-test');
      assert.equal(headers['x-request-id'], 'mine');
    }
    assert.equal(request.headers.has('authorization'), false);
    assert.equal(request.bodyUsed, sent !== '', name);
    if (sent) await assert.rejects(client.fetch(request), TypeError);
  }
});

test('options win over those of a Request, and a Request may be the options', async () => {
  const request = new Request(sandbox.urls.graphql_url, { method: 'POST', headers: { 'x-a': '1', 'x-b': '1' }, body: 'old' });
  await client.fetch(request, { method: 'PUT', headers: { 'x-a': '2' }, body: 'new' });
  await client.fetch(new URL('/other', sandbox.urls.graphql_url), new Request('http://elsewhere.test', { method: 'POST', body: 'mine' }));
  const [first] = /** @type {any[]} */ (await sandbox.requests('graphql'));
  assert.equal(first.method, 'PUT');
  assert.equal(first.body, 'new');
  assert.equal(first.headers['x-a'], '2');
  assert.equal('x-b' in first.headers, false);
  const [other] = /** @type {any[]} */ (await sandbox.requests('other'));
  assert.equal(`${other.method} ${other.path} ${other.body}`, 'POST /other mine');
});

test('redirects are followed, handed over or refused as with fetch', async () => {
  const moved = { endpoint: 'graphql', redirect: '{graphql}/graphql?moved' };
  const init = { method: 'POST', headers: json, body: query };
  await sandbox.script(moved);
  const followed = await client.fetch(sandbox.urls.graphql_url, init);
  assert.equal(followed.redirected, true);
  assert.equal(followed.url, `${sandbox.urls.graphql_url}?moved`);
  await sandbox.script(moved);
  const manual = await client.fetch(sandbox.urls.graphql_url, { ...init, redirect: 'manual' });
  assert.equal(manual.status, 307);
  assert.equal(manual.headers.get('location'), `${sandbox.urls.graphql_url}?moved`);
  await sandbox.script(moved);
  await assert.rejects(client.fetch(sandbox.urls.graphql_url, { ...init, redirect: 'error' }), TypeError);
});

test('another origin is refused before anything is sent, also in a Request', async () => {
  for (const input of [sandbox.urls.foreign, new URL(sandbox.urls.foreign), new Request(sandbox.urls.foreign)]) {
    await assert.rejects(client.fetch(input), { name: 'SeekAuthError', code: 'forbidden_origin' });
  }
  assert.equal((await sandbox.tokenRequests()).length, 0);
  assert.equal((await sandbox.requests('foreign')).length, 0);
});

test('a Host header for another host is refused before anything is sent', async () => {
  const { host } = new URL(sandbox.urls.graphql);
  for (const headers of [{ host: 'evil.example' }, { HOST: `${host}.evil.example` }, [['Host', `${host}@evil.example`]], new Headers({ host: '127.0.0.1' })]) {
    const init = { headers: /** @type {any} */ (headers) };
    await assert.rejects(client.fetch(sandbox.urls.graphql_url, init), { name: 'SeekAuthError', code: 'forbidden_origin', message: /Host/ });
    await assert.rejects(client.fetch(new Request(sandbox.urls.graphql_url, init)), { code: 'forbidden_origin' });
  }
  assert.equal((await sandbox.tokenRequests()).length, 0);
  assert.equal((await sandbox.requests('graphql')).length, 0);
  assert.equal((await client.fetch(sandbox.urls.graphql_url, { method: 'POST', headers: { ...json, host }, body: query })).status, 200);
});

test('what fetch does not take is its own error', async () => {
  const url = sandbox.urls.graphql_url;
  await assert.rejects(client.fetch(url, { method: 'GET', body: 'a' }), TypeError);
  await assert.rejects(client.fetch(url, { headers: { 'a b': 'c' } }), TypeError);
  await assert.rejects(client.fetch(url, { signal: /** @type {any} */ ({}) }), TypeError);
  assert.equal((await sandbox.requests('graphql')).length, 0);
});

test('a signal gives up before, while a token or a response is waited for, and in the body', async () => {
  const reason = new Error('the user has left');
  const url = sandbox.urls.graphql_url;
  await assert.rejects(client.fetch(url, { signal: AbortSignal.abort(reason) }), reason);
  assert.equal((await sandbox.requests('graphql')).length, 0);

  await sandbox.script({ endpoint: 'seek_api_token', hold: true });
  const first = new AbortController();
  const waiting = client.fetch(url, { signal: first.signal });
  await sandbox.arrival(1);
  first.abort(reason);
  await assert.rejects(waiting, reason);
  await sandbox.release();

  await sandbox.script({ endpoint: 'graphql', hold: true });
  const second = new AbortController();
  const sent = client.fetch(new Request(url, { method: 'POST', body: query, signal: second.signal }));
  await sandbox.arrival(1, 'graphql');
  second.abort(reason);
  await assert.rejects(sent, reason);

  // No verdict yet, and never one.
  await sandbox.script({ endpoint: 'graphql', body_size: 1_000, body_start: '{"data":{"a":"', stall_at: 500 });
  const third = new AbortController();
  const undecided = client.fetch(url, { signal: third.signal });
  await sandbox.arrival(2, 'graphql');
  third.abort(reason);
  await assert.rejects(undecided, reason);

  // The response is there, its end is not.
  const start = '{"errors":[],"data":{"a":"';
  await sandbox.script({ endpoint: 'graphql', body_size: 1_000, body_start: start, stall_at: 500 });
  const fourth = new AbortController();
  const response = await client.fetch(url, { signal: fourth.signal });
  const text = response.text();
  fourth.abort(reason);
  await assert.rejects(text, reason);
});

test('a response is handed over while its end is still to come, and can be let go', async () => {
  const start = '{"errors":[],"data":{"a":"';
  await sandbox.script({ endpoint: 'graphql', body_size: 100_000, body_start: start, stall_at: 50_000 });
  const response = await post();
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  let length = 0;
  while (length < 50_000) length += (await reader.read()).value?.length ?? assert.fail('the body ended');
  assert.equal(length, 50_000);
  await reader.cancel();
  assert.deepEqual(await (await post()).json(), expected);
});

test('a rejected response lets its connection be used again', async () => {
  await client.authorization();
  for (let i = 0; i < 5; i++) {
    clock.age();
    await sandbox.forget();
    await (await post()).text();
  }
  const connections = new Set((await sandbox.requests('graphql')).map(({ connection }) => connection));
  assert.equal((await sandbox.requests('graphql')).length, 10);
  assert.equal(connections.size, 1);
});

test('the body of a response is let go with it when nobody read it', { timeout: 300_000 }, async (t) => {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc');
  const server = http.createServer((request, response) => {
    if (request.url === '/token') return response.end('{"access_token":"token","token_type":"Bearer","expires_in":1800}');
    response.once('close', () => server.emit('let go'));
    response.write('{"errors":[],"data":{"a":"');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const base = `http://127.0.0.1:${port}`;
  const mine = Client.seekApi({ ...sandbox.seekApi(), tokenUrl: `${base}/token`, apiUrl: base });
  let letGo = false;
  server.once('let go', () => (letGo = true));
  assert.equal((await mine.fetch(base)).status, 200);
  while (!letGo) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test('a hundred rejections at once lead to one new token', async () => {
  await client.authorization();
  clock.age();
  await sandbox.forget();
  const statuses = await Promise.all(Array.from({ length: 100 }, async () => (await post()).json()));
  assert.deepEqual(statuses, Array(100).fill(expected));
  assert.equal((await sandbox.tokenRequests()).length, 2);
});

test('it can be given away as a function', async () => {
  const mine = client.fetch;
  assert.equal((await mine(sandbox.urls.graphql_url)).url, sandbox.urls.graphql_url);
});
