/* global expect, test */
'use strict';

// One of sixty such files: it does what each file of a program's tests does, and closes nothing.

const { Client } = require('seekauth');

test('a token', async () => {
  Object.assign(process.env, JSON.parse(process.env.HOSTS_SANDBOX).variables);
  const client = Client.fromEnv();
  expect(await client.authorization()).toMatch(/^Bearer /);
  expect(await client.getToken()).toMatchObject({ scopes: [] });
});
