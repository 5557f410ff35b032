'use strict';

// What has to hold wherever the package is used, as checks that any test runner and any runtime can carry out. The
// host loads this file in the same way as the package, and in the same context.

const assert = require('node:assert/strict');

/** What tests/hosts/node/run.mjs tells of the sandbox. */
const { urls, variables } = JSON.parse(process.env.HOSTS_SANDBOX);
const query = '{ self { partner { name } } }';
const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) };

/** @returns {Promise<void>} after real time, whatever the host has put in the place of its timers */
const pass = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const admin = async (method, path, body) => {
  const response = await fetch(urls.admin + path, { method, ...(body && { body: JSON.stringify(body) }) });
  assert.equal(response.status, 200, `${method} ${path}`);
};

const options = {
  environment: 'live',
  clientId: variables.SEEKAUTH_CLIENT_ID,
  clientSecret: variables.SEEKAUTH_CLIENT_SECRET,
  userAgent: 'Hosts/1.0',
  tokenUrl: urls.token_url,
  apiUrl: urls.graphql_url,
};

/**
 * @param {typeof import('seekauth')} seekauth
 * @param {object} host
 * @param {{ start: () => void, stop: () => void }} [host.timers] replaces timers and clocks by some that stand still
 * @param {() => typeof import('seekauth') | Promise<typeof import('seekauth')>} [host.reload] loads the package anew
 * @returns {Record<string, () => Promise<void>>}
 */
exports.checks = (seekauth, { timers, reload } = {}) => {
  const { Client, SeekAuthError, Token } = seekauth;
  const checks = {
    'settings of process.env': async () => {
      Object.assign(process.env, variables);
      const client = Client.fromEnv();
      assert.match(await client.authorization(), /^Bearer /);
      client.close();
      for (const name of Object.keys(variables)) delete process.env[name];
      assert.throws(() => Client.fromEnv(), (error) => error instanceof SeekAuthError && /SEEKAUTH_SERVICE/.test(error.message));
    },

    'a token, an operation and a fetch': async () => {
      const client = Client.seekApi(options);
      const token = await client.getToken();
      assert.ok(token instanceof Token && token.remainingMs > 0);
      assert.ok((await client.graphql(query)).data.self.partner.name);
      const response = await client.fetch(client.apiUrl, post);
      assert.ok((await response.json()).data.self.partner.name);
      assert.equal(client.authorizationNow(), token.authorization);
      client.close();
    },

    'a rejected request sent once more': async () => {
      const client = Client.seekApi(options);
      const first = await client.authorization();
      // A token younger than that is not renewed for a rejection.
      pass(2_100);
      await admin('POST', '/forget');
      const response = await client.fetch(client.apiUrl, post);
      assert.ok((await response.json()).data.self.partner.name);
      assert.notEqual(client.authorizationNow(), first);
      client.close();
    },

    'a function for credentials': async () => {
      const { clientId, clientSecret, ...rest } = options;
      const client = Client.seekApi({ ...rest, credentials: async () => ({ clientId, clientSecret }) });
      assert.match(await client.authorization(), /^Bearer /);
      client.close();
    },

    'errors, lists and dates of this context': async () => {
      assert.throws(() => Client.seekApi({ ...options, wrong: 1 }), (error) => error instanceof TypeError && error instanceof Error);
      const client = Client.seekApi(options);
      const token = await client.getToken();
      assert.ok(token.scopes instanceof Array && token.expiresAt instanceof Date);
      assert.throws(() => client.invalidate(5), (error) => error instanceof TypeError);
      client.close();
      await assert.rejects(client.getToken(), (error) => error instanceof SeekAuthError && error instanceof Error && error.code === 'closed');
    },

    'a client for tests': async () => {
      const client = Client.fake({ token: 't' });
      assert.ok(client instanceof Client);
      client.respond(async (request) => ({ data: { query: (await request.json()).query } }), Response.json({ data: { a: 1 } }));
      assert.equal((await client.graphql(query)).data.query, query);
      assert.deepEqual(await (await client.fetch(client.apiUrl, post)).json(), { data: { a: 1 } });
      assert.ok(client.journal instanceof Array && client.journal[1] instanceof Object && client.now instanceof Date);
      assert.equal(client.journal.at(-1).headers.authorization, 'Bearer t');
      client.failWith('unavailable');
      client.advance(3_600_000);
      await assert.rejects(client.authorization(), (error) => error instanceof SeekAuthError && error instanceof Error && error.code === 'unavailable');
      assert.throws(() => client.advance('5'), (error) => error instanceof TypeError);
      assert.throws(() => new Token(5), (error) => error instanceof TypeError);
      assert.ok(new SeekAuthError('no', { code: 'network' }) instanceof Error);
    },
  };
  if (timers) {
    checks['timers that stand still, and a client for tests'] = async () => {
      timers.start();
      try {
        const client = Client.fake({ token: 't' });
        client.respond(() => ({ data: { a: 1 } }), { data: { a: 2 } });
        assert.deepEqual((await client.graphql(query)).data, { a: 1 });
        assert.deepEqual((await client.graphql(query)).data, { a: 2 });
        client.advance(3_600_000);
        assert.equal(await client.authorization(), 'Bearer t-2');
        client.failWith('network');
        client.advance(3_600_000);
        await assert.rejects(client.authorization(), (error) => error.code === 'network');
      } finally {
        timers.stop();
      }
    };
    checks['timers that stand still'] = async () => {
      await admin('PATCH', '/settings', { seek_api_lifetime_s: 1 });
      const client = Client.seekApi(options);
      timers.start();
      try {
        const first = await client.authorization();
        pass(1_100);
        assert.notEqual(await client.authorization(), first);
      } finally {
        timers.stop();
        client.close();
        await admin('POST', '/reset');
      }
    };
  }
  if (reload) {
    checks['modules loaded anew'] = async () => {
      const { clientId, clientSecret, ...rest } = options;
      const before = Client.seekApi(options);
      const anew = await reload();
      assert.notEqual(anew.Client, Client);
      // Only now is loaded what these need.
      assert.ok((await (await before.fetch(before.apiUrl, post)).json()).data.self);
      assert.match(await before.authFlow(before.apiUrl).authorization(), /^Bearer /);
      const asking = Client.seekApi({ ...rest, credentials: () => ({ clientId, clientSecret }) });
      assert.match(await asking.authorization(), /^Bearer /);
      const after = anew.Client.seekApi(options);
      const token = await after.getToken();
      assert.ok(token instanceof Token);
      assert.equal(before.invalidate(token), false);
      for (const client of [before, asking, after]) client.close();
      await assert.rejects(after.getToken(), (error) => error instanceof SeekAuthError);
    };
  }
  return checks;
};
