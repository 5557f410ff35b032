'use strict';

// The checks in a worker whose environment is its own, in a process whose environment is another client's.

const { once } = require('node:events');
const { Worker } = require('node:worker_threads');

const own = { HOSTS_SANDBOX: process.env.HOSTS_SANDBOX, NO_PROXY: '127.0.0.1' };
Object.assign(process.env, { SEEKAUTH_SERVICE: 'seek_api', SEEKAUTH_CLIENT_ID: 'of-the-main-thread', SEEKAUTH_CLIENT_SECRET: 'x' });
const worker = new Worker(require.resolve('./plain.cjs'), { env: own });
once(worker, 'exit').then(([code]) => (process.exitCode = code));
