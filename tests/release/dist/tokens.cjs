'use strict';

// What each npm package is tried with: a token over TLS, a request, a renewal, and a child process, which is Node's
// fork. The SEEKAUTH_* variables say from where; tokens there live for a few seconds.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const { Client } = require('seekauth');

const RENEWED_WITHIN_MS = 60_000;

const client = Client.fromEnv();

async function request() {
  const response = await client.graphql('{ self { partner { name } } }');
  assert(response.data.self.partner.name);
}

async function main() {
  const first = await client.authorization();
  console.log('token');
  await request();
  console.log('graphql');
  const deadline = Date.now() + RENEWED_WITHIN_MS;
  while ((await client.authorization()) === first) assert(Date.now() < deadline, 'the token stays the same');
  console.log('renewal');
  // Under another processor's emulator the program is not `execPath`.
  const [program, ...args] = JSON.parse(process.env.NODE_COMMAND);
  const child = spawnSync(program, [...args, __filename, 'child'], { stdio: 'inherit' });
  assert.equal(child.status, 0, 'the child failed');
  console.log('fork');
}

if (process.argv[2] === 'child') request();
else main();
