'use strict';

// What becomes of the connection of a response that was a rejection: its rest may still be on the way when the
// new token is there.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const { after, before, beforeEach, test } = require('node:test');
const { Client } = require('seekauth');
const clock = require('./manual-clock.js');
const { closeSenders, sender, senders } = require('./senders.js');

const rejection = JSON.stringify({ errors: [{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }] });
const accepted = '{"data":{"a":1}}';

/** @type {import('node:http').Server} */
let server;
/** @type {string} */
let base;
/** What the API has received, each as its connection. @type {import('node:net').Socket[]} */
let received = [];
let tokens = 0;
/** What ends the rejection. @type {(response: import('node:http').ServerResponse) => void} */
let finish;

before(async () => {
  clock.start();
  server = http.createServer((request, response) => {
    request.resume();
    request.once('end', () => {
      if (request.url === '/token') return giveToken(response);
      received.push(request.socket);
      if (received.length > 1) return response.end(accepted);
      // All but the last byte, which has nothing to say.
      response.write(rejection.slice(0, -1));
      server.once('renewed', () => finish(response));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  base = `http://127.0.0.1:${port}`;
});
beforeEach(() => {
  received = [];
  tokens = 0;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** @param {import('node:http').ServerResponse} response */
function giveToken(response) {
  tokens += 1;
  response.end(`{"access_token":"token-${tokens}","token_type":"Bearer","expires_in":1800}`);
  if (tokens > 1) setTimeout(() => server.emit('renewed'), 100);
}

/** @param {string} via an adapter */
async function send(via) {
  const client = Client.seekApi({
    environment: 'live',
    clientId: 'a',
    clientSecret: 'b',
    userAgent: 'Test/1.0',
    tokenUrl: `${base}/token`,
    apiUrl: base,
  });
  await client.authorization();
  clock.age();
  const fields = { method: 'POST', url: base, body: '{"query":"{ a }"}', headers: 'content-type=application%2Fjson', part: 'true' };
  const { status, body } = await sender(client, via).send(fields);
  assert.equal(status, 200);
  assert.equal(String(body), accepted);
  assert.equal(tokens, 2);
  assert.equal(received.length, 2);
  closeSenders(client);
}

for (const via of Object.keys(senders)) {
  test(`a rejection that ends after the new token came lets its connection be used again: ${via}`, async () => {
    finish = (response) => response.end(rejection.slice(-1));
    await send(via);
    assert.ok(received[0] === received[1]);
  });

  test(`a rejection that does not end is cut off: ${via}`, async () => {
    finish = () => {};
    await send(via);
    assert.ok(received[0] !== received[1]);
    if (!received[0]?.destroyed) await once(/** @type {import('node:net').Socket} */ (received[0]), 'close');
  });

  test(`of a rejection without end no more than a part is read: ${via}`, async () => {
    finish = (response) => {
      const more = () => {
        while (response.write(Buffer.alloc(1 << 16, ' ')));
      };
      response.on('drain', more);
      more();
    };
    await send(via);
    assert.ok(received[0] !== received[1]);
  });
}
