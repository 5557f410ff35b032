'use strict';

// What the garbage collector is told. It sees only the small handles of JavaScript; a program that makes
// clients and closes none of them would otherwise keep their sockets until its own heap is full.

const assert = require('node:assert/strict');
const { setImmediate: turn } = require('node:timers/promises');
const { test } = require('node:test');
const { Client } = require('seekauth');

const CLIENTS = 500;
/** Of 1,024 files, which many systems allow a process. */
const MOST_ALIVE = 128;

test('clients that nobody closes are collected before a process runs out of files', async () => {
  let alive = 0;
  let most = 0;
  const registry = new FinalizationRegistry(() => {
    alive--;
  });
  for (let made = 0; made < CLIENTS; made++) {
    const client = Client.oauth({
      tokenUrl: 'https://issuer.test/token',
      clientId: 'a',
      clientSecret: 'b',
      userAgent: 'Test/1.0',
    });
    registry.register(client, undefined);
    most = Math.max(most, ++alive);
    await turn();
  }
  assert.ok(most <= MOST_ALIVE, `${most} clients were there at once`);
});
