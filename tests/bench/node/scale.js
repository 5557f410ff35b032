'use strict';

// How seekauth's costs grow in Node: with worker threads, with keys, and a renewal beside Node's own POST. Prints JSON.
//
//     scale.js threads|keys|refresh PLACE NUMBER

const http = require('node:http');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { ID, SECRET, libraries } = require('./libraries.js');

const CALLS = 200_000;

function timed(o, number) {
  const started = performance.now();
  for (let call = 0; call < number; call += 1) o.authorizationNow();
  return ((performance.now() - started) / number) * 1e6;
}

/** Each worker has its own client, as JavaScript shares no objects between threads. */
async function threads(place, number) {
  const workers = Array.from({ length: number }, () => new Worker(__filename, { workerData: place }));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  const started = performance.now();
  await Promise.all(
    workers.map((worker) => {
      worker.postMessage('go');
      return new Promise((resolve) => worker.once('message', resolve));
    }),
  );
  const elapsed = performance.now() - started;
  await Promise.all(workers.map((worker) => worker.terminate()));
  return { ns: (elapsed / CALLS / number) * 1e6 };
}

async function worker() {
  const { o } = libraries.seekauth(workerData);
  await o.authorization();
  timed(o, CALLS / 10);
  parentPort.once('message', () => {
    timed(o, CALLS);
    parentPort.postMessage('done');
  });
  parentPort.postMessage('ready');
}

async function keys(place, number) {
  const { o } = libraries.seekauth(place);
  await o.authorization();
  const before = process.memoryUsage.rss();
  const handles = Array.from({ length: number }, (_, index) => o.withScopes(`s${index}`));
  for (const handle of handles) await handle.authorization();
  const after = process.memoryUsage.rss();
  const repeats = Math.max(1, Math.floor(CALLS / number));
  const round = () => {
    const started = performance.now();
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      for (const handle of handles) handle.authorizationNow();
    }
    return ((performance.now() - started) / repeats / number) * 1e6;
  };
  round();
  const rounds = Array.from({ length: 5 }, round).sort((a, b) => a - b);
  return { ns: rounds[2], bytes_per_key: (after - before) / number };
}

function post(agent, place) {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: ID, client_secret: SECRET, scope: 's' });
  const text = body.toString();
  return new Promise((resolve, reject) => {
    const request = http.request(
      `${process.env.BENCH_HTTP}/${place}/token`,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': text.length, accept: 'application/json' },
      },
      (response) => {
        let received = '';
        response.setEncoding('utf8');
        response.on('data', (part) => (received += part));
        response.on('end', () => resolve(JSON.parse(received)));
      },
    );
    request.on('error', reject);
    request.end(text);
  });
}

/** Microseconds of a token request: a key that is new, on a connection that is open, and a POST of Node's own. */
async function refresh(place, number) {
  const { o } = libraries.seekauth(place);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  await o.authorization();
  await post(agent, place);
  const handles = Array.from({ length: number }, (_, index) => o.withScopes(`s${index}`));
  const results = { library: [], http: [] };
  for (const handle of handles) {
    const began = performance.now();
    await post(agent, place);
    const between = performance.now();
    await handle.authorization();
    results.http.push((between - began) * 1e3);
    results.library.push((performance.now() - between) * 1e3);
  }
  return results;
}

async function main() {
  const [scenario, place, number] = process.argv.slice(2);
  console.log(JSON.stringify(await { threads, keys, refresh }[scenario](place, Number(number))));
  process.exit(0);
}

if (isMainThread) main();
else worker();
