// What a request costs more when seekauth authenticates it, than the same request sent by the bare HTTP
// client with the same headers: medians of one run, on kept-alive loopback connections, turn and turn
// about. Needs a release build of the Node package beside its loader (`npm run build` in node/).
//
//   node tests/bench/overhead/node.mjs [turns]

import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const expected = '{"data":{"self":{"partner":{"name":"Acme"}}}}';
const body = '{"query":"{ self { partner { name } } }"}';
const agent = 'overhead/1.0';

if (process.argv[2] === 'serve') serve();
else await measure(Number(process.argv[2] ?? 10_000));

/** Answers in a process of its own, whose work is not counted. */
function serve() {
  const token = '{"access_token":"0123456789abcdef","token_type":"Bearer","expires_in":1800}';
  const server = http.createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const text = request.url === '/token' ? token : expected;
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
      response.end(text);
    });
  });
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
}

async function measure(turns) {
  const server = fork(fileURLToPath(import.meta.url), ['serve']);
  const [port] = await once(server, 'message');
  const pairs = await subjects(`http://127.0.0.1:${port}`);
  console.log(`${'Node, µs per request, medians of'.padEnd(48)} ${'bare'.padStart(9)} ${'seekauth'.padStart(9)} ${'ratio'.padStart(7)}`);
  for (const [name, bare, authenticated] of pairs) {
    const times = [[], []];
    for (let turn = -turns / 10; turn < turns; turn++) {
      // Whoever comes second finds warmer caches, so they take turns at that as well.
      for (const which of turn % 2 ? [0, 1] : [1, 0]) {
        const started = performance.now();
        const text = await [bare, authenticated][which]();
        const time = performance.now() - started;
        if (text !== expected) throw new Error(`not the response: ${text}`);
        if (turn >= 0) times[which].push(time * 1_000);
      }
    }
    const [without, with_] = times.map((times) => times.sort((a, b) => a - b)[times.length >> 1]);
    const ratio = (with_ / without).toFixed(3);
    console.log(`${name.padEnd(48)} ${without.toFixed(1).padStart(9)} ${with_.toFixed(1).padStart(9)} ${ratio.padStart(7)}`);
  }
  server.disconnect();
  process.exit();
}

/** Each as its name, the bare request and the authenticated one; both give the response's text. */
async function subjects(base) {
  const require = createRequire(new URL('../../../node/package.json', import.meta.url));
  const { Client } = require('seekauth');
  const { attach } = require('seekauth/axios');
  const { interceptor } = require('seekauth/undici');
  const axios = require('axios');
  const undici = require('undici');

  const url = `${base}/graphql`;
  const credentials = { clientId: 'id', clientSecret: 'secret', userAgent: agent, tokenUrl: `${base}/token`, apiUrl: url };
  const graphql = Client.seekApi({ environment: 'playground', ...credentials });
  const rest = Client.oauth(credentials);
  const authorization = await graphql.authorization();
  await rest.authorization();

  const type = { 'content-type': 'application/json' };
  const same = { ...type, 'user-agent': agent, 'x-request-id': '9b2d1f3c-7c53-4a2e-9b1e-0e6f6f1f7a10', authorization };

  const fetching = (fetch, headers) => async () => (await fetch(url, { method: 'POST', headers, body })).text();
  const direct = new undici.Agent();
  const dispatching = (dispatcher, headers) => async () =>
    (await undici.request(url, { dispatcher, method: 'POST', headers, body })).body.text();
  const httpAgent = new http.Agent({ keepAlive: true });
  const options = { httpAgent, proxy: false, responseType: 'text', transformResponse: [] };
  const plain = axios.create(options);
  const posting = (api, headers) => async () => (await api.post(url, body, { headers })).data;

  return [
    ['SEEK API: client.fetch over fetch', fetching(fetch, same), fetching(graphql.fetch, type)],
    ['SEEK API: seekauth/undici over undici.request', dispatching(direct, same), dispatching(direct.compose(interceptor(graphql)), type)],
    ['SEEK API: seekauth/axios over axios', posting(plain, same), posting(attach(graphql, axios.create(options)), type)],
    ['by status alone: client.fetch over fetch', fetching(fetch, same), fetching(rest.fetch, type)],
    ['by status alone: seekauth/undici', dispatching(direct, same), dispatching(direct.compose(interceptor(rest)), type)],
    ['by status alone: seekauth/axios', posting(plain, same), posting(attach(rest, axios.create(options)), type)],
  ];
}
