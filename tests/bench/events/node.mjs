// What a renewal costs more when somebody listens, in Node: program.rs runs this.
//
//   node node.mjs TOKEN_URL TURNS

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';

const { Client } = createRequire(import.meta.url)('../../../node/index.js');

const [tokenUrl, turns] = [process.argv[2], Number(process.argv[3])];
/** The last event of a renewal. */
const channel = 'seekauth:token_obtained';

const make = () => Client.oauth({ tokenUrl, clientId: 'id', clientSecret: 'secret', userAgent: 'events/1.0' });

/** How many microseconds the token of scopes takes that nobody asked for before. */
async function renewal(client, turn) {
  const handle = client.withScopes(`s${turn}`);
  const began = performance.now();
  await handle.authorization();
  return (performance.now() - began) * 1_000;
}

// Events keep no process alive.
setInterval(() => {}, 60_000);
const bare = make();
const heard = make();
const times = [[], []];
for (let turn = 0; turn < turns; turn++) {
  for (const which of turn % 2 ? [0, 1] : [1, 0]) {
    if (which === 1) {
      let hear;
      const event = new Promise((resolve) => (hear = resolve));
      subscribe(channel, hear);
      times[1].push(await renewal(heard, turn));
      // What is told of one renewal is no part of the next.
      await event;
      unsubscribe(channel, hear);
    } else {
      times[0].push(await renewal(bare, turn));
    }
  }
}
const [without, with_] = times.map((times) => times.sort((a, b) => a - b)[times.length >> 1]);
const row = [without.toFixed(1).padStart(12), with_.toFixed(1).padStart(12), (with_ / without).toFixed(3).padStart(7)];
console.log(`${'Node'.padEnd(10)} ${row.join(' ')}`);
process.exit();
