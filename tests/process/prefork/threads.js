'use strict';

// A server that hands its requests to worker_threads, after its main thread has used its client.
// threads.js FD WORKERS

const { once } = require('node:events');
const { createServer } = require('node:http');
const { Worker, isMainThread, parentPort, threadId } = require('node:worker_threads');
const { client, finish, handler } = require('./parent');

async function main(fd, count) {
  await client.authorization();
  const workers = Array.from({ length: count }, () => new Worker(__filename));
  const waiting = new Map();
  for (const worker of workers) {
    worker.on('message', ({ number, body, error }) => {
      const { resolve, reject } = waiting.get(number);
      waiting.delete(number);
      if (error === undefined) resolve(body);
      else reject(error);
    });
  }
  let number = 0;
  const answer = () =>
    new Promise((resolve, reject) => {
      number += 1;
      waiting.set(number, { resolve, reject });
      workers[number % count].postMessage(number);
    });
  const server = createServer(handler(answer)).listen({ fd });
  await once(process, 'SIGTERM');
  server.close();
  await Promise.all(workers.map((worker) => worker.terminate()));
  await finish();
}

function work() {
  parentPort.on('message', async (number) => {
    try {
      parentPort.postMessage({ number, body: `${threadId} ${await client.authorization()}` });
    } catch (error) {
      parentPort.postMessage({ number, error: String(error) });
    }
  });
}

if (isMainThread) main(...process.argv.slice(2).map(Number));
else work();
