'use strict';

// What the system refuses to a process: threads and open files. Calls fail with an error that says which limit
// it was, and succeed once there is room.

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { after, before, test } = require('node:test');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());

const hasLimits = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;

/** Each line makes all kinds of calls once. */
const program = () => `
  const { Client } = require('./index.js');
  // There are no files to load them from later.
  for (const name of ['auth-flow', 'graphql', 'adapters/fetch']) require('./lib/' + name + '.js');
  const client = Client.seekApi(${JSON.stringify(sandbox.seekApi())});
  const flow = client.authFlow(client.apiUrl);
  const calls = {
    authorization: () => client.authorization(),
    getToken: () => client.getToken(),
    flow: () => flow.authorization(),
    graphql: () => client.graphql('{ self { partner { name } } }'),
    fetch: () => client.fetch(client.apiUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ self { partner { name } } }"}' }),
  };
  async function round() {
    const outcomes = {};
    for (const [name, call] of Object.entries(calls)) {
      outcomes[name] = await call().then(() => 'ok', ({ name, code, retryable, message }) => ({ name, code, retryable, message }));
    }
    console.log(JSON.stringify(outcomes));
  }
  require('node:readline').createInterface({ input: process.stdin }).on('line', round);
  console.log('ready');`;

/** @param {number} pid the number of the next file that it opens */
function nextFile(pid) {
  const open = new Set(fs.readdirSync(`/proc/${pid}/fd`).map(Number));
  let next = 0;
  while (open.has(next)) next++;
  return next;
}

/** The soft limits of this process and its children, each as its name and value. */
function softLimits() {
  const table = spawnSync('prlimit', ['--noheadings', '--output=RESOURCE,SOFT'], { encoding: 'utf8' });
  return table.stdout.toLowerCase().replaceAll(/ +/g, '=');
}

/** @type {[string, string, (pid: number) => number, RegExp][]} */
const limits = [
  ['thread', 'nproc', () => 1, /RLIMIT_NPROC/],
  ['open file', 'nofile', nextFile, /RLIMIT_NOFILE/],
];
for (const [what, name, lowest, message] of limits) {
  test(`a process that gets no further ${what} gets an error that says so`, { skip: !hasLimits && 'needs prlimit' }, async (t) => {
    // The limit of threads is none for root.
    const identity = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const child = spawn(process.execPath, ['-e', program()], { cwd: path.join(__dirname, '..'), stdio: ['pipe', 'pipe', 'inherit'], ...identity });
    t.after(() => child.kill());
    const pid = Number(child.pid);
    const lines = readline.createInterface({ input: child.stdout });
    assert.deepEqual(await once(lines, 'line'), ['ready']);
    const round = async () => {
      const line = once(lines, 'line');
      child.stdin.write('go\n');
      const [text] = await line;
      return /** @type {Record<string, any>} */ (JSON.parse(text));
    };
    const [, before = ''] = new RegExp(`^${name}=(.*)$`, 'm').exec(softLimits()) ?? [];
    const limit = (/** @type {string | number} */ soft) =>
      assert.equal(spawnSync('prlimit', ['--pid', String(pid), `--${name}=${soft}:`], { ...identity, encoding: 'utf8' }).stderr, '');
    limit(lowest(pid));
    for (const [name, outcome] of Object.entries(await round())) {
      assert.deepEqual({ ...outcome, message: '' }, { name: 'SeekAuthError', code: 'unavailable', retryable: true, message: '' }, name);
      assert.match(outcome.message, message, name);
    }
    limit(before);
    assert.deepEqual(new Set(Object.values(await round())), new Set(['ok']));
  });
}
