'use strict';

// Worker threads: each has a client of its own in one process, and may be ended at any moment.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, beforeEach, test } = require('node:test');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { Client } = require('seekauth');
const { Sandbox } = require('./sandbox.js');

if (isMainThread) {
  /** @type {InstanceType<typeof Sandbox>} */
  let sandbox;
  before(async () => {
    sandbox = await Sandbox.start();
  });
  beforeEach(() => sandbox.reset());
  after(() => sandbox.stop());

  /** Starts workers that each wait for a token. */
  const start = () =>
    Array.from({ length: 10 }, () => new Worker(__filename, { workerData: sandbox.seekApi() }));

  test('ten workers each get a token and end by themselves', async () => {
    const workers = start();
    const results = await Promise.all(workers.map((worker) => Promise.all([once(worker, 'message'), once(worker, 'exit')])));
    for (const [[message], [code]] of results) {
      assert.match(message, /^Bearer /);
      assert.equal(code, 0);
    }
    assert.equal((await sandbox.tokenRequests()).length, workers.length);
  });

  test('workers are ended while they wait, and the process goes on', async () => {
    await sandbox.script({ endpoint: 'seek_api_token', hold: true, times: 0 });
    for (let round = 1; round <= 3; round++) {
      const workers = start();
      await sandbox.arrival(workers.length * round);
      const exits = workers.map((worker) => once(worker, 'exit'));
      await Promise.all(workers.map((worker) => worker.terminate()));
      await Promise.all(exits);
      // The responses arrive at a library whose callers are gone.
      await sandbox.release();
    }
    await sandbox.reset();
    assert.match(await Client.seekApi(sandbox.seekApi()).authorization(), /^Bearer /);
  });

  test('workers are ended at the moment their responses arrive', async () => {
    for (let round = 0; round < 3; round++) {
      await sandbox.reset();
      await sandbox.script({ endpoint: 'seek_api_token', hold: true, times: 0 });
      const workers = start();
      await sandbox.arrival(workers.length);
      const released = sandbox.release();
      await Promise.all(workers.map((worker) => worker.terminate()));
      await released;
    }
    await sandbox.reset();
    assert.match(await Client.seekApi(sandbox.seekApi()).authorization(), /^Bearer /);
  });
} else {
  Client.seekApi(workerData)
    .authorization()
    .then((authorization) => parentPort?.postMessage(authorization));
}
