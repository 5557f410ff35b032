'use strict';

// Several copies of the package in one process: test runners load it anew for each file, in a context of its
// own, and two dependencies of a program may bring one each.

const assert = require('node:assert/strict');
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const vm = require('node:vm');
const axios = require('axios');
const { Agent, request } = require('undici');
const seekauth = require('seekauth');
const { Sandbox } = require('./sandbox.js');

const root = path.join(__dirname, '..');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
beforeEach(() => sandbox.reset());
after(() => sandbox.stop());

/** Loads the package once more, the native library too. */
function loadAnew() {
  const mine = Object.keys(require.cache).filter((name) => name.startsWith(root) && !/node_modules|\/test\//.test(name));
  const kept = mine.map((name) => [name, require.cache[name]]);
  for (const name of mine) delete require.cache[name];
  const copy = { ...require('seekauth'), ...require('seekauth/axios'), ...require('seekauth/undici') };
  for (const [name, module] of kept) require.cache[/** @type {string} */ (name)] = /** @type {any} */ (module);
  return copy;
}

/** Loads the package in a context of its own, with the native library that is there already, as jest does. */
function loadInContext() {
  const { AbortSignal, Blob, Buffer, Headers, Request, Response, TextDecoder, URL, fetch } = globalThis;
  const globals = { AbortSignal, Blob, Buffer, Headers, Request, Response, TextDecoder, URL, fetch, process };
  const context = vm.createContext(globals);
  /** @type {Map<string, { exports: any }>} */
  const modules = new Map();
  /** @type {(file: string) => any} */
  const load = (file) => {
    const loaded = modules.get(file);
    if (loaded) return loaded.exports;
    const module = { exports: {} };
    modules.set(file, module);
    if (file.endsWith('.json')) return (module.exports = JSON.parse(fs.readFileSync(file, 'utf8')));
    const own = /** @param {string} name */ (name) => {
      const isOurs = name.startsWith('.') && !name.endsWith('.node');
      return isOurs ? load(path.join(path.dirname(file), name)) : require(name.startsWith('.') ? path.join(path.dirname(file), name) : name);
    };
    const wrapper = ['require', 'module', 'exports', '__filename', '__dirname'];
    const run = vm.compileFunction(fs.readFileSync(file, 'utf8'), wrapper, { parsingContext: context, filename: file });
    run(own, module, module.exports, file, path.dirname(file));
    return module.exports;
  };
  return { ...load(path.join(root, 'index.js')), run: (/** @type {string} */ code) => vm.runInContext(code, context) };
}

const query = { query: '{ self { partner { name } } }' };

test('copies that were loaded one after the other work side by side', async () => {
  const copies = [seekauth, loadAnew(), loadAnew()];
  assert.equal(new Set(copies.map(({ Client }) => Client)).size, 3);
  const clients = copies.map(({ Client }) => Client.seekApi(sandbox.seekApi()));
  for (const round of [1, 2]) {
    for (const client of clients) {
      assert.match(await client.authorization(), /^Bearer /);
      assert.ok((await client.getToken()).remainingMs > 0);
      assert.equal((await client.graphql(query.query)).errors.length, 0, String(round));
    }
  }
  for (const client of clients) client.close();
});

test('a client goes on working when its modules were loaded anew', async () => {
  const { clientId, clientSecret, ...rest } = sandbox.seekApi();
  const { Client } = loadAnew();
  const client = Client.seekApi(sandbox.seekApi());
  const kept = loadAnew();
  const headers = { 'content-type': 'application/json' };
  // Some files are loaded only now, and belong to the other copy.
  for (const _ of [1, 2]) {
    assert.match(await client.authFlow(sandbox.urls.graphql_url).authorization(), /^Bearer /);
    assert.equal((await client.fetch(sandbox.urls.graphql_url, { method: 'POST', headers, body: JSON.stringify(query) })).ok, true);
    assert.match(await Client.seekApi({ ...rest, credentials: () => ({ clientId, clientSecret }) }).authorization(), /^Bearer /);
    await assert.rejects(client.graphql('{ unknown }', { throwOnErrors: true }), (error) => error instanceof kept.GraphQLError);
  }
});

test('the adapters of one copy take the client of another', async () => {
  const { Client } = loadAnew();
  const { attach, interceptor } = loadAnew();
  const client = Client.seekApi(sandbox.seekApi());
  const { data } = await attach(client, axios.create({ baseURL: sandbox.urls.graphql_url })).post('', query);
  assert.ok(data.data.self);
  const dispatcher = new Agent().compose(interceptor(client));
  const headers = { 'content-type': 'application/json' };
  const { body } = await request(String(client.apiUrl), { dispatcher, method: 'POST', headers, body: JSON.stringify(query) });
  assert.ok(/** @type {any} */ (await body.json()).data.self);
  await dispatcher.close();
});

test('errors and tokens of one copy are known to the others', async () => {
  const [one, other] = [loadAnew(), loadAnew()];
  const mine = one.Client.seekApi(sandbox.seekApi());
  const theirs = other.Client.seekApi(sandbox.seekApi());
  const token = await theirs.getToken();
  assert.ok(token instanceof one.Token && token instanceof seekauth.Token);
  assert.equal(mine.invalidate(token), false);
  theirs.close();
  const error = await theirs.getToken().catch((/** @type {unknown} */ error) => error);
  assert.ok(error instanceof one.SeekAuthError && error instanceof seekauth.SeekAuthError && error instanceof Error);
  assert.ok(!(error instanceof one.GraphQLError) && !(error instanceof one.Token));
  /** @type {any} */
  const AnyError = one.SeekAuthError;
  class Special extends AnyError {}
  assert.ok(!(error instanceof Special));
  assert.ok(Reflect.construct(Special, ['', { code: 'network' }]) instanceof other.SeekAuthError);
  for (const value of [null, undefined, 'text', {}, new Error('other')]) {
    assert.ok(!(/** @type {unknown} */ (value) instanceof one.SeekAuthError));
  }
});

test('in another context, errors and lists are of its own classes', async () => {
  const { Client, Token, run } = loadInContext();
  const client = Client.seekPass({ ...sandbox.seekPass(), scopes: ['write.education'] });
  const [OtherTypeError, OtherArray, OtherError, OtherDate] = run('[TypeError, Array, Error, Date]');
  assert.notEqual(OtherTypeError, TypeError);
  const token = await client.getToken();
  assert.ok(token instanceof Token && token instanceof seekauth.Token);
  assert.ok(token.scopes instanceof OtherArray && token.expiresAt instanceof OtherDate);
  const flow = client.authFlow(client.apiUrl);
  const graphql = Client.seekApi(sandbox.seekApi()).authFlow(sandbox.urls.graphql_url);
  for (const wrong of [
    () => Client.seekApi({ timeout: 1 }),
    () => Client.seekApi({ clientId: 1 }),
    () => Client.seekApi('options'),
    () => Client.seekPass({ ...sandbox.seekPass(), service: 'oauth' }),
    () => Client.fromEnv({ credentials: 'function' }),
    () => client.withScopes(1),
    () => client.invalidate(1),
    () => client.authFlow(1),
    () => client.authFlow(client.apiUrl, { replayable: 1 }),
    () => flow.attempt(1),
    () => flow.checkHost(1),
    () => flow.inspect('200'),
    () => graphql.inspect(200).feed('text'),
  ]) {
    assert.throws(wrong, (error) => error instanceof OtherTypeError && error instanceof OtherError && !(error instanceof TypeError), String(wrong));
  }
  for (const wrong of [() => client.getToken({ timeoutMs: '1' }), () => client.getToken({ signal: 1 }), () => client.graphql(1), () => client.graphql('{', { operationName: 1 })]) {
    await assert.rejects(wrong, (error) => error instanceof OtherTypeError, String(wrong));
  }
  client.close();
  await assert.rejects(client.getToken(), (error) => error instanceof OtherError && error instanceof seekauth.SeekAuthError);
});

test('a signal of another context gives up a call', async () => {
  await sandbox.script({ endpoint: 'seek_api_token', hold: true });
  const { Client } = loadInContext();
  const controller = new AbortController();
  const call = Client.seekApi(sandbox.seekApi()).getToken({ signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(call, { message: 'enough' });
  await sandbox.release();
});

// In a process of its own, for the collector to have nothing else in its way.
for (const { what, body } of [
  { what: 'that was only loaded', body: '' },
  { what: 'whose client was never closed', body: 'await Client.oauth(settings).getToken().catch(() => {});' },
  { what: 'with a function for credentials', body: 'const { clientId, clientSecret, ...rest } = settings; await Client.oauth({ ...rest, credentials: () => ({ clientId, clientSecret }) }).getToken().catch(() => {});' },
  { what: 'with requests of its own', body: "const client = Client.oauth({ ...settings, apiUrl: 'http://127.0.0.1:9/' }); await client.fetch(client.apiUrl).catch(() => {}); client.authFlow(client.apiUrl);" },
  { what: 'with a client for tests', body: "const client = Client.fake(); client.respond(() => ({ data: { client: String(client) } })); await client.graphql('{ a }'); await client.fetch(client.apiUrl);" },
]) {
  test(`a copy ${what} can be collected when it is thrown away`, () => {
    const program = `
      const settings = { tokenUrl: 'http://127.0.0.1:9/', clientId: 'a', clientSecret: 'b', userAgent: 'Test/1.0', timeoutMs: 500 };
      const { children } = module;
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      const use = async () => {
        const { Client } = require('./index.js');
        ${body}
        for (const name in require.cache) delete require.cache[name];
        children.length = 0;
        return new WeakRef(Client);
      };
      use().then(async (copy) => {
        for (let round = 0; round < 50 && copy.deref(); round++) { await turn(); gc(); }
        console.log(copy.deref() === undefined);
      });`;
    const output = execFileSync(process.execPath, ['--expose-gc', '-e', program], { cwd: root, encoding: 'utf8' });
    assert.equal(output, 'true\n');
  });
}

test('a call that waits keeps its copy and ends, whoever has thrown the copy away', async () => {
  await sandbox.script({ endpoint: 'seek_api_token', hold: true });
  const settings = JSON.stringify(sandbox.seekApi());
  const program = `
    const { children } = module;
    let call = require('./index.js').Client.seekApi(${settings}).authorization().then((value) => console.log(value.slice(0, 7)));
    for (const name in require.cache) delete require.cache[name];
    children.length = 0;
    call = undefined;
    const collecting = setInterval(gc, 5);
    collecting.unref();`;
  const child = spawn(process.execPath, ['--expose-gc', '-e', program], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  const closed = once(child, 'close');
  await sandbox.arrival(1);
  await sandbox.release();
  assert.deepEqual(await closed, [0, null]);
  assert.equal(output, 'Bearer \n');
});
