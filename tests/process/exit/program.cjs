'use strict';

// Brings a client to a stage and leaves the process in a way, as run.py tells it to.
//
//     node --expose-gc program.cjs STAGE WAY
//
// Ways that have to do with a worker bring a worker's client to the stage. Prints `ready` and the number
// of token requests that belong to the stage, waits for a line, and leaves.

const { subscribe } = require('node:diagnostics_channel');
const { once } = require('node:events');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { Client } = require('../../../node');

const CODE = 7;
const WAITERS = 4;
const EVENTS = 2_000;
/** Too short for any response, so that no caller waits for the request any more. */
const GIVES_UP_AFTER_MS = 250;

/** @type {Client | undefined} */
let client;

/** Returns how many token requests that takes. */
async function reach(stage) {
  if (stage === 'nothing') return 0;
  client = Client.fromEnv();
  switch (stage) {
    case 'before':
      return 0;
    case 'flight':
    case 'freed':
      await client.getToken({ timeoutMs: GIVES_UP_AFTER_MS }).catch(() => {});
      return 1;
    case 'waiters':
    case 'landing':
    case 'lookup':
    case 'closed':
      for (let i = 0; i < WAITERS; i++) client.getToken().catch(() => {});
      return 1;
    case 'events': {
      subscribe('seekauth:token_rejected', () => {});
      const token = await client.getToken();
      // More than are taken at once, so that some are on their way to the end.
      for (let i = 0; i < EVENTS; i++) client.invalidate(token);
      return 1;
    }
    case 'refresh':
      await client.getToken();
      return 2;
    default:
      throw new Error('no such stage');
  }
}

/** The last thing that happens to the client. */
function finish(stage) {
  if (stage === 'closed') client?.close();
  if (stage === 'events') for (let i = 0; i < EVENTS; i++) client?.invalidate(client.authorizationNow() ?? '');
  if (stage === 'freed') {
    client = undefined;
    global.gc();
  }
}

function leave(way) {
  switch (way) {
    case 'return':
      process.exitCode = CODE;
      return;
    case 'exit':
      return process.exit(CODE);
    case '_exit':
      return process.reallyExit(CODE);
    case 'abort':
      return process.abort();
    case 'uncaught':
      throw new Error("the program's own");
    case 'rejection':
      Promise.reject(new Error("the program's own"));
      return;
    case 'SIGINT':
      return process.kill(process.pid, 'SIGINT');
    case 'close at exit':
      process.on('exit', () => client?.close());
      return process.exit(CODE);
    default:
      throw new Error('no such way');
  }
}

/** Resolves when the driver has said that it is time. */
async function ready(requests) {
  console.log('ready', requests);
  await once(process.stdin, 'data');
  process.stdin.destroy();
}

async function alone(stage, way) {
  await ready(await reach(stage));
  finish(stage);
  leave(way);
}

/** The worker leaves and the process after it. */
async function withWorker(stage, way) {
  const worker = new Worker(__filename, { workerData: { stage, way } });
  const [requests] = await once(worker, 'message');
  await ready(requests);
  const ended = once(worker, 'exit');
  if (way === 'terminate a worker') {
    await worker.terminate();
  } else {
    worker.postMessage('leave');
    await ended;
  }
  process.exitCode = CODE;
}

async function inWorker({ stage, way }) {
  parentPort.postMessage(await reach(stage));
  await once(parentPort, 'message');
  finish(stage);
  if (way === 'exit in a thread') process.exit(3);
}

if (!isMainThread) {
  inWorker(workerData);
} else {
  const [stage, way] = process.argv.slice(2);
  const threads = ['exit in a thread', 'terminate a worker'];
  (threads.includes(way) ? withWorker : alone)(stage, way);
}
