'use strict';

// How long a request waits for its token: as long as its HTTP client was told to wait, or as its seekauth client
// does, whichever is shorter.

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const axios = require('axios');
const { Client } = require('seekauth');
const { attach } = require('seekauth/axios');
const { interceptor } = require('seekauth/undici');
const { Agent, request } = require('undici');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
beforeEach(async () => {
  await sandbox.reset();
  await sandbox.script({ endpoint: 'seek_api_token', hold: true, times: 0 });
});
after(() => sandbox.stop());

const SHORT = 100;
const LONG = 600_000;

/** @type {Record<string, (client: InstanceType<typeof Client>, timeout: number) => Promise<unknown>>} */
const adapters = {
  axios: (client, timeout) => attach(client, axios.create()).post(String(client.apiUrl), '{}', { timeout }),
  'axios, whose time-out is text': (client, timeout) =>
    attach(client, axios.create()).post(String(client.apiUrl), '{}', { timeout: /** @type {any} */ (String(timeout)) }),
  undici: (client, headersTimeout) => {
    const dispatcher = new Agent().compose(interceptor(client));
    return request(String(client.apiUrl), { dispatcher, method: 'POST', body: '{}', headersTimeout });
  },
  'an auth flow': (client, timeoutMs) => client.authFlow(String(client.apiUrl)).authorization({ timeoutMs }),
};

for (const [name, send] of Object.entries(adapters)) {
  test(`${name}: the request's time-out ends the waiting for a token`, async () => {
    const client = Client.seekApi({ ...sandbox.seekApi(), timeoutMs: LONG });
    await assert.rejects(send(client, SHORT), { code: 'timeout' });
    client.close();
  });

  test(`${name}: so does the client's, if that is shorter`, async () => {
    const client = Client.seekApi({ ...sandbox.seekApi(), timeoutMs: SHORT });
    await assert.rejects(send(client, LONG), { code: 'timeout' });
    client.close();
  });
}

for (const name of ['axios', 'undici']) {
  test(`${name}: a time-out of 0 is none`, async () => {
    const client = Client.seekApi({ ...sandbox.seekApi(), timeoutMs: SHORT });
    await assert.rejects(adapters[name]?.(client, 0) ?? Promise.resolve(), { code: 'timeout' });
    client.close();
  });
}

test('fetch: a signal ends the waiting for a token', async () => {
  const client = Client.seekApi({ ...sandbox.seekApi(), timeoutMs: LONG });
  await assert.rejects(client.fetch(client.apiUrl, { signal: AbortSignal.timeout(SHORT) }), { name: 'TimeoutError' });
  client.close();
});
