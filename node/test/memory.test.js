'use strict';

// What the garbage collector is told. It sees only the small handles of JavaScript; a program that makes
// clients and closes none of them would otherwise keep their sockets until its own heap is full.

const assert = require('node:assert/strict');
const { setImmediate: turn } = require('node:timers/promises');
const { test } = require('node:test');
const { Client } = require('seekauth');

/** Some 800 MiB of clients with open connections; as handles alone, a heap that V8 does not yet look at. */
const CLIENTS = 5_000;

test('clients that nobody closes are collected by the weight of what they hold', async () => {
  let collected = 0;
  const registry = new FinalizationRegistry(() => {
    collected++;
  });
  let made = 0;
  for (; made < CLIENTS && collected === 0; made++) {
    const client = Client.oauth({
      tokenUrl: 'https://issuer.test/token',
      clientId: 'a',
      clientSecret: 'b',
      userAgent: 'Test/1.0',
    });
    registry.register(client, undefined);
    await turn();
  }
  assert.ok(collected > 0, `${made} clients were made and none was collected`);
});
