'use strict';

// `attach` with the real axios: its response types, its interceptors and transformations, its errors and
// what they show, its redirects, giving up, and connections.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const http = require('node:http');
const path = require('node:path');
const { Readable } = require('node:stream');
const { after, before, beforeEach, test } = require('node:test');
const { inspect } = require('node:util');
const axios = require('axios');
const { Client } = require('seekauth');
const { attach } = require('seekauth/axios');
const clock = require('./manual-clock.js');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
/** @type {InstanceType<typeof Client>} */
let client;
/** @type {import('axios').AxiosInstance} */
let api;
/** @type {import('node:http').Agent} */
let httpAgent;
before(async () => {
  clock.start();
  sandbox = await Sandbox.start();
});
beforeEach(async () => {
  await sandbox.reset();
  httpAgent?.destroy();
  httpAgent = new http.Agent({ keepAlive: true });
  client = Client.seekApi(sandbox.seekApi());
  api = attach(client, axios.create({ baseURL: sandbox.urls.graphql, httpAgent, proxy: false }));
});
after(() => {
  httpAgent.destroy();
  return sandbox.stop();
});

const rejection = { endpoint: 'graphql', error: 'UNAUTHENTICATED' };
const query = { query: '{ self { partner { name } } }' };
const expected = { data: { self: { partner: { name: 'Sandbox partner sandbox-live' } } } };
const text = JSON.stringify(expected);

/** @param {AsyncIterable<Uint8Array>} stream */
async function whole(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('each type of response arrives as it does with axios', async () => {
  /** @type {[any, (data: any) => unknown, unknown][]} */
  const types = [
    [undefined, (data) => data, expected],
    ['json', (data) => data, expected],
    ['text', (data) => data, text],
    ['arraybuffer', (data) => data, Buffer.from(text)],
    ['stream', whole, text],
  ];
  for (const [responseType, read, expected] of types) {
    clock.age();
    await sandbox.forget();
    const { data, status } = await api.post('/graphql', query, { responseType, ...(responseType === 'text' && { transformResponse: [] }) });
    assert.equal(status, 200);
    assert.deepEqual(await read(data), expected, responseType);
  }
  assert.equal((await sandbox.requests('graphql')).length, 2 * types.length - 1);
});

test("axios's own fetch adapter works as well", async () => {
  await sandbox.script(rejection);
  assert.deepEqual((await api.post('/graphql', query, { adapter: 'fetch' })).data, expected);
  const blob = await api.post('/graphql', query, { adapter: 'fetch', responseType: 'blob' });
  assert.equal(await blob.data.text(), text);
});

test('interceptors and transformations run once and see one response', async () => {
  /** @type {string[]} */
  const seen = [];
  api.interceptors.request.use((config) => (seen.push('request'), config));
  api.interceptors.response.use((response) => (seen.push(`response ${response.status}`), response));
  await sandbox.script(rejection);
  const { data } = await api.post('/graphql', query, {
    transformRequest: [(data, headers) => (seen.push('transform'), headers.set('content-type', 'application/json'), JSON.stringify({ ...data, times: seen.length }))],
    transformResponse: [(data) => (seen.push('transform back'), JSON.parse(data))],
  });
  assert.deepEqual(data, expected);
  assert.deepEqual(seen, ['request', 'transform', 'transform back', 'response 200']);
  const [first, second] = await sandbox.requests('graphql');
  assert.equal(first?.body, second?.body);
  assert.equal(first?.headers['x-request-id'], second?.headers['x-request-id']);
});

test('streams and forms are sent once, and the error says so', async () => {
  const form = new FormData();
  form.set('a', '1');
  for (const data of [Readable.from(['text']), form]) {
    await sandbox.script(rejection);
    await assert.rejects(api.post('/graphql', data), { code: 'token_rejected', message: /stream/ });
  }
  assert.equal((await sandbox.requests('graphql')).length, 2);
});

test('base URL, parameters and the headers of the caller arrive', async () => {
  await api.post('graphql', query, { params: { a: '1 2' }, headers: { 'X-REQUEST-ID': 'mine', Authorization: 'Bearer mine', 'User-Agent': 'Other/1.0' }, auth: { username: 'a', password: 'b' } });
  const [request] = /** @type {any[]} */ (await sandbox.requests('graphql'));
  assert.equal(request.query, 'a=1+2');
  assert.equal(request.headers.authorization, await client.authorization());
  assert.equal(request.headers['x-request-id'], 'mine');
  assert.equal(request.headers['user-agent'], 'Test/1.0');
});

test('another origin is refused before anything is sent, however it is written', async () => {
  for (const config of [{ url: sandbox.urls.foreign }, { url: '/x', baseURL: sandbox.urls.foreign }, { url: sandbox.urls.graphql_url.replace('//', '//a:b@') }, { url: '//elsewhere.test/' }]) {
    await assert.rejects(api.request(config), { name: 'SeekAuthError', code: 'forbidden_origin' });
  }
  assert.equal((await sandbox.tokenRequests()).length, 0);
  assert.equal((await sandbox.requests('foreign')).length, 0);
});

test('a Host header for another host is refused before anything is sent', async () => {
  const { host } = new URL(sandbox.urls.graphql);
  for (const headers of [{ host: 'evil.example' }, { HOST: `${host}.evil.example` }, { Host: [host, 'evil.example'] }]) {
    await assert.rejects(api.post('/graphql', query, { headers: /** @type {any} */ (headers) }), { code: 'forbidden_origin' });
  }
  assert.equal((await sandbox.tokenRequests()).length, 0);
  assert.equal((await sandbox.requests('graphql')).length, 0);
  assert.deepEqual((await api.post('/graphql', query, { headers: { host } })).data, expected);
});

test("a status that axios takes for an error is axios's error, with the response", async () => {
  await sandbox.script({ endpoint: 'graphql', status: 503, json: { errors: [] } });
  await assert.rejects(api.post('/graphql', query), (/** @type {any} */ error) => {
    assert.ok(axios.isAxiosError(error));
    assert.equal(error.response?.status, 503);
    assert.deepEqual(error.response?.data, { errors: [] });
    return true;
  });
  await sandbox.configure({ graphql_unauthenticated_status: 401 });
  clock.age();
  await sandbox.forget();
  assert.deepEqual((await api.post('/graphql', query)).data, expected);
});

test('neither responses nor errors show the token', async () => {
  const { value } = await client.getToken();
  // An agent of the caller's own would be part of the configuration, and shows what is on its sockets.
  api = attach(client, axios.create({ baseURL: sandbox.urls.graphql, proxy: false }));
  await sandbox.script({ endpoint: 'graphql', status: 400, json: {} }, { endpoint: 'graphql', drop: 'before' }, { endpoint: 'graphql', status: 500, json: {} });
  const results = [
    await api.post('/graphql', query).catch((error) => error),
    await api.post('/graphql', query).catch((error) => error),
    await api.post('/graphql', query, { responseType: 'stream' }).catch((error) => error),
    await api.post('/graphql', query),
  ];
  assert.deepEqual(results.map((result) => axios.isAxiosError(result)), [true, true, true, false]);
  for (const result of results) {
    const shown = [inspect(result, { depth: 12 }), JSON.stringify(result.toJSON?.() ?? { ...result, request: undefined, data: undefined })];
    for (const text of shown) assert.ok(!text.includes(value), text);
    assert.ok(result.request, 'the request is there for those who ask for it');
  }
});

test('a stream shows no token, whatever its verdict came from', async () => {
  const pass = Client.seekPass({ ...sandbox.seekPass(), scopes: 'write.education' });
  const other = attach(pass, axios.create({ baseURL: sandbox.urls.pass, proxy: false }));
  const own = attach(client, axios.create({ baseURL: sandbox.urls.graphql, proxy: false }));
  const send = [
    // The first bytes decide, so a part was read.
    () => own.post('/graphql', query, { responseType: 'stream' }),
    // The status decides.
    () => other.post('/api/partner/v1/add/education.json', { id: '1' }, { responseType: 'stream' }),
    () => other.post('/nowhere', { id: '1' }, { responseType: 'stream' }).catch((error) => error),
    () => other.post('/api/partner/v1/add/education.json', { id: '1' }, { responseType: 'stream', maxRedirects: 0, decompress: false }),
  ];
  for (const [i, sent] of send.entries()) {
    const given = await sent();
    const response = given.response ?? given;
    const { value } = await (i === 0 ? client : pass).getToken();
    for (const thing of [given, response, response.data, response.config]) {
      for (const depth of [2, 4, 12]) assert.ok(!inspect(thing, { depth }).includes(value), `${i} at depth ${depth}`);
    }
    assert.match(await whole(response.data), /^[{<\w]/);
    for (const depth of [2, 4, 12]) assert.ok(!inspect(given, { depth }).includes(value), `${i} at its end, at depth ${depth}`);
  }
});

test('a redirect takes the token within its origin and nowhere else', async () => {
  await sandbox.script({ endpoint: 'graphql', redirect: '{graphql}/graphql?moved' });
  assert.deepEqual((await api.post('/graphql', query)).data, expected);
  await sandbox.script({ endpoint: 'graphql', redirect: '{foreign}/elsewhere' });
  await api.get('/graphql');
  const [foreign] = /** @type {any[]} */ (await sandbox.requests('foreign'));
  assert.equal('authorization' in foreign.headers, false);
});

test('versions of axios that would keep the token on a subdomain are kept from it', async () => {
  /** @type {string[]} */
  const asked = [];
  const beforeRedirect = (/** @type {any} */ options) => void asked.push(options.href);
  /** @type {any} */
  let config;
  const adapter = (/** @type {any} */ final) => {
    config = { ...final };
    return Promise.resolve({ status: 200, statusText: '', headers: {}, config: final, data: '{"data":{}}' });
  };
  await api.post('/graphql', query, { adapter, beforeRedirect });
  const { origin, port } = new URL(sandbox.urls.graphql);
  for (const [href, kept] of [[`${origin}/moved`, true], [`http://sub.127.0.0.1.test:${port}/`, false], [`https://127.0.0.1:${port}/`, false], ['http://127.0.0.1:1/', false]]) {
    const options = { href, headers: { AUTHORIZATION: 'Bearer token', other: 'a' } };
    config.beforeRedirect(options, {}, {});
    assert.deepEqual(Object.keys(options.headers), kept ? ['AUTHORIZATION', 'other'] : ['other'], String(href));
  }
  assert.equal(asked.length, 4);
});

test('a signal gives up while a token or a response is waited for, and in a stream', async () => {
  await sandbox.script({ endpoint: 'seek_api_token', hold: true });
  const first = new AbortController();
  const waiting = api.post('/graphql', query, { signal: first.signal });
  await sandbox.arrival(1);
  first.abort();
  await assert.rejects(waiting, axios.isCancel);
  await sandbox.release();

  await sandbox.script({ endpoint: 'graphql', hold: true });
  const second = new AbortController();
  const sent = api.post('/graphql', query, { signal: second.signal });
  await sandbox.arrival(1, 'graphql');
  second.abort();
  await assert.rejects(sent, axios.isCancel);

  for (const [count, body_start] of /** @type {[number, string][]} */ ([[2, '{"data":{"a":"'], [3, '{"errors":[],"data":{"a":"']])) {
    await sandbox.script({ endpoint: 'graphql', body_size: 1_000, body_start, stall_at: 500 });
    const controller = new AbortController();
    const given = api.post('/graphql', query, { signal: controller.signal, responseType: 'stream' }).then(({ data }) => whole(data));
    await sandbox.arrival(count, 'graphql');
    controller.abort();
    await assert.rejects(given);
  }
});

test('the timeout of a request counts for its token as well', async () => {
  await sandbox.script({ endpoint: 'seek_api_token', hold: true });
  const given = assert.rejects(api.post('/graphql', query, { timeout: 50 }), { code: 'timeout' });
  await sandbox.arrival(1);
  clock.advance(50);
  await given;
});

test('a stream is handed over while its end is still to come, and can be let go', async () => {
  const start = '{"errors":[],"data":{"a":"';
  await sandbox.script({ endpoint: 'graphql', body_size: 100_000, body_start: start, stall_at: 50_000 });
  const { data } = await api.post('/graphql', query, { responseType: 'stream' });
  let length = 0;
  for await (const chunk of data) {
    length += chunk.length;
    if (length >= 50_000) break;
  }
  assert.equal(length, 50_000);
  assert.equal(data.destroyed, true);
});

test('rejected responses let their connection be used again, streams too', async () => {
  await client.authorization();
  for (const responseType of /** @type {const} */ (['json', 'stream', 'stream', 'json', 'stream'])) {
    clock.age();
    await sandbox.forget();
    const { data } = await api.post('/graphql', query, { responseType });
    if (responseType === 'stream') await whole(data);
  }
  const requests = await sandbox.requests('graphql');
  assert.equal(requests.length, 10);
  assert.equal(new Set(requests.map(({ connection }) => connection)).size, 1);
});

test('a request that others repeat with its configuration is one more request', async () => {
  api.interceptors.response.use(undefined, (error) => {
    const { config } = error;
    if (config.repeated) throw error;
    return api.request({ ...config, repeated: true });
  });
  await sandbox.script({ endpoint: 'graphql', status: 503, json: {} });
  assert.deepEqual((await api.post('/graphql', query)).data, expected);
  assert.equal((await sandbox.requests('graphql')).length, 2);
  assert.equal((await sandbox.tokenRequests()).length, 1);
});

test('a hundred rejections at once lead to one new token', async () => {
  await client.authorization();
  clock.age();
  await sandbox.forget();
  const responses = await Promise.all(Array.from({ length: 100 }, async () => (await api.post('/graphql', query)).data));
  assert.deepEqual(responses, Array(100).fill(expected));
  assert.equal((await sandbox.tokenRequests()).length, 2);
});

test('import works with the axios that import gives', () => {
  const program = `
    import axios, { AxiosError } from 'axios';
    import { Client } from 'seekauth';
    import { attach } from 'seekauth/axios';
    const client = Client.seekApi(${JSON.stringify(sandbox.seekApi())});
    const api = attach(client, axios.create({ baseURL: client.apiUrl, proxy: false }));
    const { data } = await api.post('', ${JSON.stringify(query)});
    const error = await api.post('/nowhere').catch((error) => error);
    console.log(JSON.stringify(data), error instanceof AxiosError, error.response.status);`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: path.join(__dirname, '..'), encoding: 'utf8' });
  assert.equal(output, `${text} true 404\n`);
});
