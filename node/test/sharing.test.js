'use strict';

// One token for several processes, by way of a store in a folder.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { chmodSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { Client } = require('seekauth');
const { Sandbox } = require('./sandbox.js');

const PROGRAM = `
const { Client } = require('seekauth');
const client = Client.seekApi(JSON.parse(process.argv[1]));
client.getToken().then((token) => console.log(JSON.stringify([token.value, client.storeStatus().adopted])));
`;

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
/** @type {string} */
let folder;
before(async () => {
  sandbox = await Sandbox.start();
});
beforeEach(async () => {
  await sandbox.reset();
  folder = mkdtempSync(join(tmpdir(), 'seekauth-'));
});
after(() => sandbox.stop());

test('what one process gets the others take over', async () => {
  // A busy machine is no reason to go on without the store.
  const options = { ...sandbox.seekApi(), store: `local:${folder}`, storeTimeoutMs: 60_000 };
  const client = Client.seekApi(options);
  const { value } = await client.getToken();
  for (let process = 0; process < 3; process++) {
    const printed = execFileSync('node', ['-e', PROGRAM, JSON.stringify(options)], { cwd: __dirname });
    assert.deepEqual(JSON.parse(printed.toString()), [value, 1]);
  }
  const { kind, usable, lastProblem, claimed, published, adopted, clockDisagreements } = client.storeStatus();
  assert.deepEqual({ kind, usable, lastProblem }, { kind: 'local', usable: true, lastProblem: undefined });
  assert.deepEqual([claimed, published, adopted, clockDisagreements], [1, 1, 0, 0]);
  client.close();
  rmSync(folder, { recursive: true });
});

test('a folder that cannot be used costs nothing but sharing', async () => {
  chmodSync(folder, 0o755);
  const client = Client.seekApi({ ...sandbox.seekApi(), store: `local:${folder}`, storeTimeoutMs: 200 });
  await client.getToken();
  const { usable, alone, lastProblem } = client.storeStatus();
  assert.deepEqual({ usable, alone }, { usable: false, alone: 1 });
  assert.equal(lastProblem, 'others may enter its folder; give it mode 0700');
  client.close();
  rmSync(folder, { recursive: true });
});

test('without a store there is none', () => {
  const client = Client.seekApi(sandbox.seekApi());
  assert.deepEqual([client.storeStatus().kind, client.storeStatus().usable], ['none', false]);
  client.close();
});
