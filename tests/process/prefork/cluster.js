'use strict';

// A cluster whose primary has used its client. cluster.js FD WORKERS

const cluster = require('node:cluster');
const { once } = require('node:events');
const { createServer } = require('node:http');
const { client, finish, handler } = require('./parent');

const [fd, count] = process.argv.slice(2).map(Number);

async function primary() {
  await client.authorization();
  const workers = Array.from({ length: count }, () => cluster.fork());
  await once(process, 'SIGTERM');
  const ended = workers.map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.kill();
  await Promise.all(ended);
  await finish();
}

if (cluster.isPrimary) {
  primary();
} else {
  createServer(handler(async () => `${process.pid} ${await client.authorization()}`)).listen({ fd });
}
