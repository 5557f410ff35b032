'use strict';

// What it costs to begin: prints as JSON how long loading a module takes in a fresh process, and what memory and
// threads it adds; with LIBRARY and PLACE also what there is after the first token over plain HTTP.
//
//     start.js MODULE [LIBRARY PLACE]

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

const load = createRequire(path.join(process.env.BENCH_MODULES, 'index.js'));
const threads = () => fs.readdirSync('/proc/self/task').length;

async function main() {
  const [module, library, place] = process.argv.slice(2);
  // What this program itself needs is no part of the library's memory.
  const libraries = library && require('./libraries.js').libraries;
  const before = { memory: process.memoryUsage.rss(), threads: threads() };
  const started = performance.now();
  if (module === 'openid-client') {
    await import(path.join(process.env.BENCH_MODULES, 'node_modules/openid-client/build/index.js'));
  } else {
    for (const each of module.split(',')) load(each);
  }
  const result = { import_ms: performance.now() - started };
  result.import_mb = (process.memoryUsage.rss() - before.memory) / 1e6;
  result.threads = threads() - before.threads;
  if (libraries) {
    await (await libraries[library](place)).call();
    result.token_mb = (process.memoryUsage.rss() - before.memory) / 1e6;
    result.token_threads = threads() - before.threads;
  }
  console.log(JSON.stringify(result));
  process.exit(0);
}

main();
