'use strict';

// Credentials from a function of the program's own: when it is called, what becomes of what it gives, that
// its failures tell nothing, and that neither it nor its client outlives the other.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { setTimeout: pause } = require('node:timers/promises');
const { after, before, beforeEach, test } = require('node:test');
const { inspect } = require('node:util');
const v8 = require('node:v8');
const vm = require('node:vm');
const { Worker } = require('node:worker_threads');
const { Client, SeekAuthError } = require('seekauth');
const native = require('../lib/native.js');
const { Sandbox } = require('./sandbox.js');

/** @typedef {import('seekauth').Credentials} Credentials */

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
  // Pauses between requests take no time by it.
  native.testClockStart?.();
});
beforeEach(() => sandbox.reset());
after(() => sandbox.stop());

const right = { clientId: 'sandbox-live', clientSecret: 'sandbox-live-secret' };
const rightForPass = { clientId: 'sandbox-pass', clientSecret: 'sandbox-pass-secret & more=100%' };
const wrong = { ...right, clientSecret: 'a secret that nobody may see' };

/** Options without credentials. */
function settings() {
  const { clientId, clientSecret, ...rest } = sandbox.seekApi();
  return rest;
}

/** The same for SEEK Pass, whose clients can be asked for others. */
function passSettings() {
  const { clientId, clientSecret, ...rest } = sandbox.seekPass();
  return { ...rest, scopes: 'write.education' };
}

/**
 * A client whose function gives one after another of these, and the last one for ever.
 *
 * @param {unknown[]} gifts values, or functions to be called
 * @param {object} [options]
 */
function made(gifts, options) {
  const counter = { calls: 0 };
  /** @type {any} deliberately outside of the types */
  const credentials = () => {
    const gift = gifts[Math.min(counter.calls++, gifts.length - 1)];
    return typeof gift === 'function' ? gift() : gift;
  };
  return { client: Client.seekApi({ ...settings(), credentials, ...options }), counter };
}

/** @param {Promise<unknown>} promise */
const failure = (promise) =>
  promise.then(
    () => assert.fail('it did not fail'),
    (/** @type {unknown} */ error) => {
      assert.ok(error instanceof SeekAuthError);
      return error;
    },
  );

/** @param {unknown} error */
function tellsNothing(error) {
  for (const text of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error)]) {
    assert.doesNotMatch(text, /nobody may see/);
  }
}

for (const [form, gift] of /** @type {[string, unknown][]} */ ([
  ['an object', right],
  ['a promise', async () => right],
  ['a promise that takes its time', () => pause(50, right)],
  ['a thenable', { then: (/** @type {(given: Credentials) => void} */ resolve) => resolve(right) }],
  ['an object with the other secret', { ...wrong, clientSecretNext: right.clientSecret }],
  ['an object without the other secret', { ...right, clientSecretNext: null }],
  ['an object with more members', { ...right, leaseId: 5 }],
])) {
  test(`the function may give ${form}`, async () => {
    const { client, counter } = made([gift]);
    assert.match(await client.authorization(), /^Bearer /);
    assert.equal(counter.calls, 1);
  });
}

test('it is called once for each token request, and never for a token that is there', async () => {
  const { client, counter } = made([right]);
  assert.equal(counter.calls, 0);
  for (const expected of [1, 2, 3]) {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => client.getToken()));
    assert.equal(new Set(tokens.map(({ value }) => value)).size, 1);
    assert.equal(counter.calls, expected);
    assert.equal((await sandbox.tokenRequests()).length, expected);
    native.testClockAdvance?.(0, 2_000);
    assert.ok(client.invalidate(/** @type {any} */ (tokens[0])));
  }
});

test('the server sees the credentials of the moment', async () => {
  const { client } = made([right, { clientId: 'sandbox-playground', clientSecret: 'sandbox-playground-secret' }]);
  const token = await client.getToken();
  native.testClockAdvance?.(0, 2_000);
  assert.ok(client.invalidate(token));
  await failure(client.getToken());
  const bodies = (await sandbox.tokenRequests()).map(({ body }) => JSON.parse(body).client_id);
  assert.deepEqual(bodies, ['sandbox-live', 'sandbox-playground']);
});

test('a refused secret is asked for again at once', async () => {
  const { client, counter } = made([wrong, right]);
  assert.match(await client.authorization(), /^Bearer /);
  assert.equal(counter.calls, 2);
  assert.equal((await sandbox.tokenRequests()).length, 2);
});

test('a secret that is refused twice is a refusal, which ends with a better one', async () => {
  let given = wrong;
  const client = Client.seekApi({ ...settings(), credentials: () => given });
  const error = await failure(client.authorization());
  assert.equal(error.code, 'invalid_credentials');
  tellsNothing(error);
  given = right;
  // The function is asked whether anything has changed once a second at most.
  native.testClockAdvance?.(0, 1_000);
  assert.match(await client.authorization(), /^Bearer /);
});

class OddError extends Error {}
for (const [way, gift, told] of /** @type {[string, () => unknown, string][]} */ ([
  ['throws', () => { throw new TypeError('what nobody may see'); }, ' with TypeError'],
  ['rejects', async () => { throw new OddError('what nobody may see'); }, ' with OddError'],
  ['throws nothing', () => { throw undefined; }, ''],
  ['throws what has no class', () => { throw Object.assign(Object.create(null), { constructor: { name: 'what nobody may see' } }); }, ''],
  ['rejects with an error of the library', () => Client.seekApi({ ...sandbox.seekApi(), ...wrong }).authorization(), ' with SeekAuthError'],
  ['gives an object that throws', () => ({ get clientId() { throw new Error('what nobody may see'); } }), ' with Error'],
])) {
  test(`a function that ${way} is told as that and nothing else`, async () => {
    const { client } = made([gift]);
    const error = await failure(client.authorization());
    assert.equal(error.code, 'credentials_unavailable');
    assert.equal(error.retryable, true);
    assert.equal(error.message, `the program's own credential provider failed${told}`);
    tellsNothing(error);
  });
}

const shown = 'what nobody may see';
for (const [gift, problem] of /** @type {[unknown, RegExp][]} */ ([
  [undefined, /it is undefined$/],
  [null, /it is null$/],
  [shown, /it is a string$/],
  [[shown, shown], /it is an array$/],
  [() => () => right, /it is a function$/],
  [{}, /clientId is undefined$/],
  [{ client_id: shown, client_secret: shown }, /clientId is undefined$/],
  [{ clientId: 5, clientSecret: shown }, /clientId is a number$/],
  [{ clientId: shown }, /clientSecret is undefined$/],
  [{ clientId: shown, clientSecret: Buffer.from(shown) }, /clientSecret is an object$/],
  [{ clientId: shown, clientSecret: shown, clientSecretNext: 5 }, /clientSecretNext is a number$/],
])) {
  test(`a function that gives something else is told what to give: ${problem.source.slice(0, -1)}`, async () => {
    const { client, counter } = made([gift]);
    const error = await failure(client.authorization());
    assert.equal(error.code, 'credentials_unavailable');
    assert.equal(error.retryable, false);
    assert.match(error.message, /^credentials must return \{ clientId, clientSecret \}/);
    assert.match(error.message, problem);
    tellsNothing(error);
    assert.equal(counter.calls, 1);
  });
}

test('what can be no credentials is refused by the library', async () => {
  for (const gift of [{ ...right, clientSecret: '' }, { ...right, clientId: ' id' }, { ...right, clientSecret: 'a\n' }]) {
    const error = await failure(made([gift]).client.authorization());
    assert.equal(error.code, 'credentials_unavailable');
    assert.match(error.message, /white space|empty/);
  }
});

test('every kind of client takes a function, and shares it with those made from it', async () => {
  let calls = 0;
  const credentials = async () => (calls++, rightForPass);
  const pass = Client.seekPass({ ...passSettings(), credentials });
  assert.match(await pass.withScopes('write.microcredential').authorization(), /^Bearer /);
  const { baseUrl, environment, ...rest } = passSettings();
  const tokenUrl = `${baseUrl}/api/partner/v1/oauth/token.json`;
  assert.match(await Client.oauth({ ...rest, tokenUrl, credentials }).authorization(), /^Bearer /);
  const api = { service: /** @type {const} */ ('seek_api'), ...settings(), credentials: () => (calls++, right) };
  assert.match(await new Client(api).authorization(), /^Bearer /);
  assert.match(await Client.fromEnv(api).authorization(), /^Bearer /);
  assert.equal(calls, 4);
});

test('a function that uses another client of the library gets its token', async () => {
  const vault = Client.seekPass({ ...passSettings(), ...rightForPass });
  const { client } = made([async () => ((await vault.authorization()).startsWith('Bearer ') ? right : wrong)]);
  assert.match(await client.authorization(), /^Bearer /);
  assert.equal((await sandbox.requests('seek_pass_token')).length, 1);
});

test('a caller who gives up does not end the function, whose result serves the next', async () => {
  /** @type {(given: Credentials) => void} */
  let give = () => {};
  const { client, counter } = made([() => new Promise((resolve) => (give = resolve))]);
  const controller = new AbortController();
  const given = client.getToken({ signal: controller.signal });
  while (counter.calls === 0) await pause(5);
  controller.abort();
  await assert.rejects(given, { name: 'AbortError' });
  const waiting = client.authorization();
  give(right);
  assert.match(await waiting, /^Bearer /);
  assert.equal(counter.calls, 1);
});

test('nothing of the function or of what it gave is shown', async () => {
  const { client } = made([right]);
  await client.authorization();
  const options = { depth: 9, showHidden: true, customInspect: false };
  const shown = [inspect(client), inspect(client, options), JSON.stringify(client), String(client)].join('\n');
  assert.doesNotMatch(shown, /sandbox-live-secret|credentials|gifts/);
});

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');

/** @param {(registry: FinalizationRegistry<unknown>) => unknown} prepare gives what is to stay */
async function isCollected(prepare) {
  let collected = false;
  const registry = new FinalizationRegistry(() => (collected = true));
  const kept = await prepare(registry);
  const deadline = Date.now() + 60_000;
  while (!collected && Date.now() < deadline) {
    collect();
    await pause(5);
  }
  return collected && (kept ?? true);
}

test('a function that closes over its client is collected with it', async () => {
  const collected = await isCollected(async (registry) => {
    /** @type {InstanceType<typeof Client>} */
    const client = Client.seekPass({ ...passSettings(), credentials: () => (client ? rightForPass : wrong) });
    registry.register(client, undefined);
    await client.withScopes('write.microcredential').authorization();
  });
  assert.ok(collected);
});

test('a closed client has no function any more', async () => {
  const collected = await isCollected(async (registry) => {
    const credentials = () => rightForPass;
    registry.register(credentials, undefined);
    const client = Client.seekPass({ ...passSettings(), credentials });
    const other = client.withScopes('write.microcredential');
    await other.authorization();
    client.close();
    return [client, other];
  });
  assert.ok(collected);
});

test('clients that are collected leave nothing behind', async () => {
  const { providers } = require('../lib/pending-calls.js');
  const earlier = providers.size;
  for (let count = 0; count < 100; count++) made([right]);
  assert.equal(providers.size, earlier + 100);
  const deadline = Date.now() + 60_000;
  // Those of earlier tests may be collected too.
  while (providers.size > earlier && Date.now() < deadline) {
    collect();
    await pause(5);
  }
  assert.ok(providers.size <= earlier, `${providers.size} of ${earlier} and 100`);
});

test('a client that nobody else has any more is asked while a call waits', async () => {
  let calls = 0;
  const begin = () => {
    const credentials = () => (calls++ === 0 ? { ...wrong, clientId: rightForPass.clientId } : rightForPass);
    return Client.seekPass({ ...passSettings(), credentials }).withScopes('write.microcredential').getToken();
  };
  await sandbox.script({ endpoint: 'seek_pass_token', hold: true });
  const waiting = begin();
  await sandbox.arrival(1, 'seek_pass_token');
  for (let round = 0; round < 20; round++) {
    collect();
    await pause(1);
  }
  await sandbox.release();
  assert.match((await waiting).authorization, /^Bearer /);
  assert.equal(calls, 2);
});

/** In a worker: a client whose function says that it was called, and then does what `body` says. */
const program = (/** @type {string} */ body) => `
  const { parentPort, workerData } = require('node:worker_threads');
  const { Client } = require('seekauth');
  const credentials = async () => { parentPort.postMessage('called'); ${body} };
  Client.seekApi({ ...workerData, credentials }).authorization().then((value) => parentPort.postMessage(value));`;

/** @param {string} body */
const work = (body) => new Worker(program(body), { eval: true, workerData: settings() });

test('workers have functions of their own', async () => {
  const workers = Array.from({ length: 5 }, () => work(`return ${JSON.stringify(right)};`));
  for (const exit of workers.map((worker) => {
    /** @type {string[]} */
    const messages = [];
    worker.on('message', (message) => messages.push(message));
    return once(worker, 'exit').then(([code]) => ({ code, messages }));
  })) {
    const { code, messages } = await exit;
    assert.equal(code, 0);
    assert.equal(messages[0], 'called');
    assert.match(messages[1] ?? '', /^Bearer /);
    assert.equal(messages.length, 2);
  }
});

for (const [state, body] of /** @type {[string, string][]} */ ([
  ['has not settled', 'await new Promise(() => {});'],
  ['never returns', 'for (;;);'],
  ['gives its result', `return ${JSON.stringify(right)};`],
])) {
  test(`a worker is ended while its function ${state}, and the process goes on`, async () => {
    for (let round = 0; round < 3; round++) {
      const workers = Array.from({ length: 5 }, () => work(body));
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
    await sandbox.reset();
    assert.match(await made([right]).client.authorization(), /^Bearer /);
  });
}

test('a function that never settles leaves a live token in use, and is called again', async () => {
  const never = new Promise(() => {});
  const { client, counter } = made([right, () => never, right], { requestTimeoutMs: 10_000 });
  const first = await client.authorization();
  // It is due to be renewed, and lives for 80 s more.
  native.testClockAdvance?.(0, 1_720_000);
  while (counter.calls < 3) {
    assert.equal(await client.authorization(), first);
    await pause(20);
    native.testClockAdvance?.(0, 20);
  }
  const deadline = Date.now() + 60_000;
  while ((await client.authorization()) === first) {
    assert.ok(Date.now() < deadline, 'the token was not renewed');
    await pause(20);
  }
  assert.equal((await sandbox.tokenRequests()).length, 2);
});

test('a thread that was busy does not serve requests for credentials that are over', async () => {
  const { client, counter } = made([right], { requestTimeoutMs: 100 });
  const outcome = client.authorization().catch((error) => error.code);
  // Long enough for every request of the call to become too old.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
  assert.match(await outcome, /^Bearer |^credentials_unavailable$/);
  assert.ok(counter.calls <= 1, `${counter.calls} calls`);
});

test('a function that never settles is told as that', async () => {
  const { client } = made([() => new Promise(() => {})], { requestTimeoutMs: 100, timeoutMs: 600_000 });
  const error = await failure(client.authorization());
  assert.equal(error.code, 'credentials_unavailable');
  assert.match(error.message, /100 ms, which is the client's setting requestTimeoutMs/);
});
