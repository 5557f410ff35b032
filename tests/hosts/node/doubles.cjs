'use strict';

// What testers put in the place of the package, as checks that each test runner carries out with doubles of its own.

const assert = require('node:assert/strict');
const { createServer } = require('node:http');
const { once } = require('node:events');

const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ a }"}' };

/** An API that accepts every token, and tells which ones came. */
async function api() {
  const tokens = [];
  const server = createServer((request, response) => {
    tokens.push(request.headers.authorization);
    response.setHeader('content-type', 'application/json').end('{"data":{"a":1}}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { tokens, apiUrl: `http://127.0.0.1:${server.address().port}/graphql`, close: () => server.close().closeAllConnections() };
}

/** Each way to send a request with the token of a client; the HTTP clients are loaded as the host loads them, if it can. */
const sendersWith = ({ axios, undici, attach, interceptor }) => ({
  fetch: (client) => client.fetch(client.apiUrl, post),
  'fetch, given away': ({ fetch, apiUrl }) => fetch(apiUrl, post),
  undici: async (client) => {
    const agent = new undici.Agent();
    const dispatcher = agent.compose(interceptor(client));
    await (await undici.request(client.apiUrl, { dispatcher, ...post })).body.dump();
    await agent.close();
  },
  ...(axios && { axios: (client) => attach(client, axios.create({ baseURL: client.apiUrl })).post('', post.body) }),
  authFlow: async (client) => {
    const authorization = await client.authFlow(client.apiUrl).authorization();
    await fetch(client.apiUrl, { ...post, headers: { authorization } });
  },
});

/**
 * @param {typeof import('seekauth')} seekauth
 * @param {object} http the HTTP clients and the adapters to them
 * @param {(object: object, name: string, replacement: Function) => { restore: () => void, calls: () => number }} spy
 * @returns {Record<string, () => Promise<void>>}
 */
exports.checks = ({ Client, SeekAuthError }, http, spy) => {
  const checks = {};
  const make = (apiUrl) => Client.seekApi({ environment: 'live', clientId: 'a', clientSecret: 'b', userAgent: 'Test/1.0', tokenUrl: 'http://127.0.0.1:9/', apiUrl });
  for (const [sender, send] of Object.entries(sendersWith(http))) {
    for (const where of ['instance', 'prototype']) {
      checks[`a spy on authorization of the ${where}: ${sender}`] = async () => {
        const { tokens, apiUrl, close } = await api();
        const client = make(apiUrl);
        const spied = spy(where === 'instance' ? client : Client.prototype, 'authorization', async () => 'Bearer spied');
        try {
          await send(client);
          assert.deepEqual([tokens, spied.calls()], [['Bearer spied'], 1]);
          spied.restore();
          spy(client, 'authorization', () => Promise.reject(new SeekAuthError('no', { code: 'throttled', retryAfterMs: 5 })));
          await assert.rejects(async () => send(client), (error) => error instanceof SeekAuthError && error.code === 'throttled' && error.retryAfterMs === 5);
        } finally {
          client.close();
          close();
        }
      };
    }
  }

  checks['a spy on fetch, of the instance and of the prototype'] = async () => {
    const client = make('http://127.0.0.1:9/');
    const onPrototype = spy(Client.prototype, 'fetch', async () => 'of the prototype');
    const { fetch } = client;
    assert.equal(await fetch('x'), 'of the prototype');
    onPrototype.restore();
    const onInstance = spy(client, 'fetch', async () => 'of the instance');
    assert.equal(await client.fetch('x'), 'of the instance');
    assert.deepEqual([onPrototype.calls(), onInstance.calls()], [1, 1]);
    client.close();
  };

  checks['a spy on a constructor that gives a fake'] = async () => {
    const fake = Client.fake({ token: 't' });
    const spied = spy(Client, 'fromEnv', () => fake);
    assert.equal(await Client.fromEnv().authorization(), 'Bearer t');
    spied.restore();
  };

  checks['a subclass'] = async () => {
    class Own extends Client {
      constructor(name) {
        super({ service: 'seek_api', environment: 'live', clientId: 'a', clientSecret: 'b', userAgent: 'Test/1.0', apiUrl: 'http://127.0.0.1:9/' });
        this.name = name;
      }
      authorization() {
        return Promise.resolve(`Bearer ${this.name}`);
      }
    }
    const client = new Own('mine');
    assert.equal(await client.authFlow(client.apiUrl).authorization(), 'Bearer mine');
    client.close();
  };
  return checks;
};

/** What an automatic mock of the package is: classes with the methods of the real ones, which do nothing. */
exports.checkAutomock = ({ Client, SeekAuthError, Token }, given) => {
  const { methods, statics } = exports.namesOf(given.Client);
  for (const name of statics) assert.equal(typeof Client[name], 'function', name);
  const client = new Client({ anything: 1 });
  for (const name of methods) {
    assert.equal(typeof client[name], 'function', name);
    assert.equal(client[name](), undefined, name);
  }
  assert.ok(client instanceof Client && !(client instanceof given.Client));
  assert.equal(typeof new Token().toJSON, 'function');
  assert.ok(new SeekAuthError('x') instanceof SeekAuthError);
};

exports.namesOf = (Client) => ({
  methods: Object.entries(Object.getOwnPropertyDescriptors(Client.prototype)).flatMap(([name, { value }]) => (typeof value === 'function' && name !== 'constructor' ? name : [])),
  statics: Object.getOwnPropertyNames(Client).filter((name) => typeof Client[name] === 'function'),
});
