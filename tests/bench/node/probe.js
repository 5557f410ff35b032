'use strict';

// Measures one thing of one Node library and prints it as a line of JSON.
//
//     probe.js SCENARIO LIBRARY PLACE NUMBER
//
// PLACE is a path at the token server, which nobody else uses, so that the server's count is this process's.

const fs = require('node:fs');
const { handWritten, libraries } = require('./libraries.js');

const ROUND_MS = 20;
const TICK_MS = 1;

/** A loop of its own for each call, so that none is compiled for another's sake. */
function loop(statement) {
  const body = `let last; for (let i = 0; i < n; i += 1) { last = ${statement}; } return last;`;
  const AsyncFunction = (async () => {}).constructor;
  return statement.startsWith('await') ? new AsyncFunction('o', 'n', body) : new Function('o', 'n', body);
}

/** Nanoseconds of each call in each round, turn by turn. */
async function turnByTurn(calls, rounds) {
  const timed = Object.entries(calls).map(([name, [statement, o]]) => ({ name, o, run: loop(statement), number: 100 }));
  for (const each of timed) {
    for (let elapsed = 0; elapsed < ROUND_MS; ) {
      const started = performance.now();
      if ((await each.run(each.o, each.number)) === undefined) throw new Error(`${each.name} has no value`);
      elapsed = performance.now() - started;
      if (elapsed < ROUND_MS) each.number *= elapsed < ROUND_MS / 10 ? 8 : 2;
    }
  }
  const results = Object.fromEntries(timed.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, o, run, number } of timed) {
      const started = performance.now();
      await run(o, number);
      results[name].push(((performance.now() - started) / number) * 1e6);
    }
  }
  return results;
}

async function hot(subject, rounds) {
  await subject.call();
  return turnByTurn({ library: [subject.statement, subject.o], floor: ['await o.authorization()', handWritten()] }, rounds);
}

/** Only seekauth has a call that does not wait. */
async function hotNow(subject, rounds) {
  await subject.call();
  return turnByTurn({ library: ['o.authorizationNow()', subject.o], floor: ['o.authorizationNow()', handWritten()] }, rounds);
}

/** So many callers at once; how long each waited, and for how long at most the event loop did nothing else. */
async function burst(subject, callers) {
  const errors = [];
  let stall = 0;
  let before = performance.now();
  const watch = () => {
    const now = performance.now();
    stall = Math.max(stall, now - before - TICK_MS);
    before = now;
    timer = setTimeout(watch, TICK_MS);
  };
  let timer = setTimeout(watch, TICK_MS);
  await new Promise((resolve) => setTimeout(resolve, 50));
  stall = 0;
  const waited = await Promise.all(
    Array.from({ length: callers }, async () => {
      const began = performance.now();
      await subject.call().catch((error) => errors.push(String(error)));
      return performance.now() - began;
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 5));
  clearTimeout(timer);
  waited.sort((a, b) => a - b);
  return {
    longest_ms: waited.at(-1),
    median_ms: waited[waited.length >> 1],
    waited_ms: waited.slice(-50),
    stall_ms: stall,
    errors: errors.slice(0, 3),
    failed: errors.length,
  };
}

/** Makes this process's clocks go ahead, and the wall clock further; see later.c. */
function moveClocks(seconds, wall = 0) {
  const ahead = Buffer.alloc(16);
  ahead.writeBigInt64LE(BigInt(seconds), 0);
  ahead.writeBigInt64LE(BigInt(wall), 8);
  const file = fs.openSync(process.env.LATER, 'r+');
  fs.writeSync(file, ahead, 0, ahead.length, 0);
  fs.closeSync(file);
}

async function left(subject, seconds) {
  await subject.call();
  moveClocks(seconds);
  return burst(subject, 50);
}

/** Whether a call right after a suspend, in which only the wall clock went on, hands out a token that has expired. */
async function suspended(subject, seconds) {
  const before = subject.o.authorizationNow();
  if (typeof before !== 'string') throw new Error('no token to begin with');
  moveClocks(0, seconds);
  return { expired_given: subject.o.authorizationNow() === undefined ? 0 : 1 };
}

async function short(subject, calls) {
  for (let call = 0; call < calls; call += 1) await subject.call();
  return { calls };
}

async function main() {
  const [scenario, library, place, number] = process.argv.slice(2);
  const subject = await libraries[library](place);
  if (scenario === 'suspended') await subject.call();
  const scenarios = { hot, 'hot-now': hotNow, burst, left, suspended, short };
  console.log(JSON.stringify(await scenarios[scenario](subject, Number(number))));
  // Some libraries leave connections open; what that leads to is not measured here.
  process.exit(0);
}

main();
