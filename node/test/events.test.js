'use strict';

// What clients do, as channels, NODE_DEBUG and stats() tell of it; and that nobody who listens, however slowly,
// holds up a call, a worker or the process.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { Client } = require('seekauth');
const native = require('../lib/native.js');
const clock = require('./manual-clock.js');
const { Sandbox } = require('./sandbox.js');

/** @typedef {import('seekauth').SeekAuthEvents} SeekAuthEvents */
/** @typedef {SeekAuthEvents[keyof SeekAuthEvents]} Event */

/** More than the library keeps for a listener. */
const MANY = 100_000;
/** Megabytes that a queue with bounds stays far below, and one without does not. */
const FLAT = 40;

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** @param {string} name */
const channelOf = (name) => `seekauth:${name}`;

/**
 * All events from now on, until the test ends.
 *
 * @param {import('node:test').TestContext} t
 */
function listen(t) {
  /** @type {any[]} */
  const events = [];
  const take = (/** @type {any} */ event) => events.push(event);
  for (const name of native.eventNames()) subscribe(channelOf(name), take);
  t.after(() => {
    for (const name of native.eventNames()) unsubscribe(channelOf(name), take);
  });
  return events;
}

/** @param {() => unknown} condition */
async function until(condition) {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${condition}`);
    await turn();
  }
}

/** @param {Worker} worker */
const ready = (worker) => once(worker, 'message');

if (isMainThread) {
  /** @type {InstanceType<typeof Sandbox>} */
  let sandbox;
  before(async () => {
    sandbox = await Sandbox.start();
  });
  beforeEach(() => sandbox.reset());
  after(() => sandbox.stop());

  const down = { endpoint: 'seek_api_token', status: 503, times: 0 };

  /** The body of an interface or union of the types. */
  const declared = (/** @type {RegExp} */ pattern) => {
    const [, body = ''] = pattern.exec(fs.readFileSync(path.join(__dirname, '..', 'index.d.ts'), 'utf8')) ?? [];
    return body;
  };
  const members = (/** @type {string} */ body) => [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??: /gm)].map(([, name]) => name);

  test('the types declare the events that the library knows', () => {
    assert.deepEqual(members(declared(/^export interface SeekAuthEvents \{(.*?)^\}/ms)), native.eventNames());
  });

  test('the types declare the figures that the library counts', () => {
    const client = Client.seekApi(sandbox.seekApi());
    const stats = client.stats();
    assert.deepEqual(members(declared(/^export interface Stats \{(.*?)^\}/ms)).sort(), Object.keys(stats).sort());
    const [token] = stats.tokens;
    assert.deepEqual(members(declared(/^export interface TokenStats \{(.*?)^\}/ms)), Object.keys(token ?? {}));
    assert.deepEqual({ ...token, scopes: [] }, {
      scopes: [], state: 'none', remainingMs: undefined, obtainedAt: undefined, isRequesting: false, lastFailure: undefined,
    });
    assert.ok([stats, stats.requestsFailed, stats.tokens, token, token?.scopes].every(Object.isFrozen));
    client.close();
  });

  test('an outage is heard of a second after it began, while calls go well, and in figures', async (t) => {
    const events = listen(t);
    await sandbox.configure({ seek_api_lifetime_s: 5 });
    const client = Client.seekApi({ ...sandbox.seekApi(), timeoutMs: 1_000 });
    await client.authorization();
    await until(() => events.length >= 2);
    assert.deepEqual(events.splice(0).map(({ name, level }) => [name, level]), [['token_request', 'debug'], ['token_obtained', 'info']]);

    await sandbox.script(down);
    let served = 0;
    /** @type {number | undefined} */
    let late;
    for (;;) {
      const outcome = await client.authorization().catch((error) => error.code);
      if (outcome === 'unavailable' || outcome === 'timeout') break;
      served++;
      await turn();
      if (events.length > 0) late ??= Date.now() - events[0].at;
    }
    const [first] = events;
    assert.deepEqual(
      [first.name, first.level, first.reason, first.attempt, first.result, first.status],
      ['token_request', 'warning', 'ahead', 1, 'unavailable', 503],
    );
    assert.ok(first.lifeLeftMs > 0 && first.retryInMs > 0);
    assert.match(first.message, /^a token request failed: unavailable, status 503; the current token lives for another \d s/);
    assert.ok(late !== undefined && late < 1_000, `${late} ms`);
    assert.ok(served > 1);
    // A call that fails for a pause asks nobody: the next request says that callers fail.
    await until(async () => {
      await client.authorization().catch(() => {});
      return events.some(({ level }) => level === 'error');
    });
    const failed = events.filter(({ result }) => result === 'unavailable').length;
    t.diagnostic(`first warning after ${late} ms; ${served} calls served; ${failed} failures heard of`);

    await sandbox.script();
    await sandbox.reset();
    await until(() => client.authorization().then(() => true, () => false));
    await until(() => events.at(-1).name === 'token_obtained');
    const { requestsSucceeded, requestsFailed, staleServed, waits, eventsDropped, tokens } = client.stats();
    assert.equal(requestsSucceeded, 2);
    assert.deepEqual(requestsFailed, { unavailable: events.filter(({ result }) => result === 'unavailable').length });
    assert.equal(eventsDropped, 0);
    assert.ok(waits >= 2 && staleServed <= served);
    assert.equal(tokens.length, 1);
    assert.equal(tokens[0]?.state, 'fresh');
    client.close();
    await until(() => events.at(-1).name === 'closed');
  });

  test('who subscribes later hears of what comes later, and no more once unsubscribed', async (t) => {
    const client = Client.seekApi(sandbox.seekApi());
    await client.authorization();
    const events = listen(t);
    const token = /** @type {import('seekauth').Token} */ (client.cachedToken());
    client.invalidate(token);
    await until(() => events.length === 1);
    assert.deepEqual([events[0].name, events[0].isRenewed, Object.isFrozen(events[0])], ['token_rejected', false, true]);
    client.close();
    await until(() => events.at(-1).name === 'closed');
  });

  test('a client that renews by itself warns who subscribed after its last call', async (t) => {
    await sandbox.configure({ seek_api_lifetime_s: 2 });
    const client = Client.seekApi({ ...sandbox.seekApi(), stayWarm: true });
    await client.authorization();
    await sandbox.script(down);
    const events = listen(t);
    await until(() => events.length > 0);
    assert.deepEqual([events[0].name, events[0].level, events[0].status], ['token_request', 'warning', 503]);
    client.close();
    await until(() => events.some(({ name }) => name === 'closed'));
  });

  test('a subscription lasts although its channel had nobody before and was collected', () => {
    const program = `
      const { hasSubscribers, subscribe, unsubscribe } = require('node:diagnostics_channel');
      require('seekauth');
      const nobody = () => {};
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      async function main() {
        subscribe('seekauth:closed', nobody);
        unsubscribe('seekauth:closed', nobody);
        await turn();
        gc();
        subscribe('seekauth:closed', nobody);
        // What is left of a collected one is tidied up in later turns.
        for (let turns = 0; turns < 50; turns++) await turn();
        console.log(hasSubscribers('seekauth:closed'));
      }
      main();`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '-e', program], { cwd: path.join(__dirname, '..'), encoding: 'utf8' });
    assert.deepEqual([stdout, stderr], ['true\n', '']);
  });

  test('handles of one client tell of each event once, with their scopes', async (t) => {
    const events = listen(t);
    const client = Client.seekPass({ ...sandbox.seekPass(), scopes: 'write.education' });
    await client.withScopes('write.career_history').authorization();
    await client.authorization();
    await until(() => events.length >= 4);
    assert.deepEqual(
      events.map(({ name, scopes }) => [name, scopes]),
      ['write.career_history', 'write.education'].flatMap((scope) => [['token_request', [scope]], ['token_obtained', [scope]]]),
    );
    client.close();
    await until(() => events.length === 5);
  });

  test('a subscriber that throws is the program’s own mistake, and the others hear', async (t) => {
    const program = `
      const { subscribe } = require('node:diagnostics_channel');
      process.on('uncaughtException', (error) => console.log(error.message));
      subscribe('seekauth:token_obtained', () => { throw new Error('its own'); });
      const stay = setInterval(() => {}, 1_000);
      subscribe('seekauth:token_obtained', ({ from }) => { console.log(from); clearInterval(stay); });
      require('seekauth').Client.seekApi(${JSON.stringify(sandbox.seekApi())}).authorization();`;
    const { stdout, stderr } = await run(program);
    assert.deepEqual([stdout.split('\n').sort(), stderr], [['', 'its own', 'server'], '']);
  });

  test('NODE_DEBUG=seekauth prints one line for each event', async () => {
    const program = `
      const client = require('seekauth').Client.seekApi(${JSON.stringify(sandbox.seekApi())});
      const stay = setInterval(() => {}, 1_000);
      require('node:diagnostics_channel').subscribe('seekauth:closed', () => clearInterval(stay));
      client.authorization().then(() => client.close());`;
    const { stdout, stderr } = await run(program, { NODE_DEBUG: 'seekauth' });
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^SEEKAUTH \d+: debug: got a token in \d+ ms \(first\)\nSEEKAUTH \d+: info: a new token for 1800 s, from the server\nSEEKAUTH \d+: debug: the client was closed\n$/,
    );
  });

  test('workers hear their own clients only, and end while events are on their way', async (t) => {
    const events = listen(t);
    for (const way of ['end', 'exit', 'terminate', 'terminate', 'terminate']) {
      const worker = new Worker(__filename, { workerData: { options: sandbox.seekApi(), way } });
      const exit = once(worker, 'exit');
      const [heard] = await ready(worker);
      assert.deepEqual(heard, ['token_request', 'token_obtained']);
      worker.postMessage('go on');
      if (way === 'terminate') await worker.terminate();
      assert.deepEqual(await exit, [way === 'terminate' ? 1 : way === 'exit' ? 3 : 0]);
    }
    assert.deepEqual(events, []);
    const client = Client.seekApi(sandbox.seekApi());
    await client.authorization();
    await until(() => events.length === 2);
    client.close();
  });

  test('without a subscriber there is no thread for events', { skip: process.platform !== 'linux' && 'reads /proc' }, async () => {
    await until(() => !threads().includes('seekauth-events'));
    const client = Client.seekApi(sandbox.seekApi());
    client.invalidate(await client.getToken());
    assert.ok(!threads().includes('seekauth-events'), threads().join());
    client.close();
  });

  test('a subscriber that is slower than the events holds up no call, costs no memory and learns what it missed', async (t) => {
    clock.start();
    const events = listen(t);
    const client = Client.seekApi(sandbox.seekApi());
    const token = await client.getToken();
    await until(() => events.length === 2);
    const before = process.memoryUsage().rss;
    // The clock stands still, so that the token stays too young for its rejection to count. No event is taken as long as this runs: the thread of the subscriber is this one.
    for (let call = 0; call < MANY; call++) {
      client.invalidate(token);
      assert.equal(client.authorizationNow(), token.authorization);
    }
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    assert.ok(grown < FLAT, `${grown} MiB`);
    await until(() => events.some(({ name }) => name === 'dropped'));
    const { rejections, eventsDropped } = client.stats();
    const dropped = events.filter(({ name }) => name === 'dropped').reduce((sum, { count }) => sum + count, 0);
    const heard = events.filter(({ name }) => name === 'token_rejected').length;
    assert.deepEqual([rejections, dropped, heard + dropped], [MANY, eventsDropped, MANY]);
    t.diagnostic(`${heard} heard, ${dropped} dropped; ${grown.toFixed(1)} MiB more`);
    client.close();
  });

  /** The names of the threads of this process. */
  const threads = () => fs.readdirSync('/proc/self/task').map((task) => {
    try {
      return fs.readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim();
    } catch {
      return 'ended meanwhile';
    }
  });

  /**
   * @param {string} program
   * @param {Record<string, string>} [variables]
   */
  const run = async (program, variables) => {
    const env = { ...process.env, ...variables };
    return spawnSync(process.execPath, ['-e', program], { cwd: __dirname, encoding: 'utf8', env, timeout: 120_000 });
  };
} else {
  const { parentPort } = require('node:worker_threads');
  const { options, way } = workerData;
  /** @type {string[]} */
  const heard = [];
  for (const name of native.eventNames()) subscribe(channelOf(name), (/** @type {any} */ event) => heard.push(event.name));
  const client = Client.seekApi(options);
  void client.getToken().then(async (token) => {
    await until(() => heard.length === 2);
    parentPort?.postMessage(heard);
    parentPort?.once('message', () => {
      for (let call = 0; call < 5_000; call++) client.invalidate(token);
      if (way === 'exit') process.exit(3);
    });
  });
}
