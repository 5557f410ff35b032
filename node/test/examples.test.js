'use strict';

// The worked examples run as they stand, with the real packages, against the sandbox: with a good token
// and with one that the API has come to reject.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { Sandbox } = require('./sandbox.js');

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
beforeEach(() => sandbox.reset());
after(() => sandbox.stop());

const folder = path.join(__dirname, '..', 'examples');

/** @param {string} name */
async function run(name) {
  const variables = {
    SEEKAUTH_SERVICE: 'seek_api',
    SEEKAUTH_ENVIRONMENT: 'live',
    SEEKAUTH_CLIENT_ID: 'sandbox-live',
    SEEKAUTH_CLIENT_SECRET: 'sandbox-live-secret',
    SEEKAUTH_USER_AGENT: 'Example/1.0',
    SEEKAUTH_TOKEN_URL: sandbox.urls.token_url,
    SEEKAUTH_API_URL: sandbox.urls.graphql_url,
  };
  const child = spawn(process.execPath, [path.join(folder, name)], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, output);
  return output;
}

for (const name of fs.readdirSync(folder).filter((name) => name.endsWith('.mjs'))) {
  test(`${name} gets data and errors`, async () => {
    assert.match(await run(name), /^[^\n]*\bSandbox partner sandbox-live\b[^\n]*\nFORBIDDEN\n$/);
    const requests = await sandbox.requests('graphql');
    assert.equal(requests.length, 2);
    assert.match(requests[0]?.headers.authorization ?? '', /^Bearer /);
    assert.deepEqual(requests.map(({ headers }) => headers['user-agent']), ['Example/1.0', 'Example/1.0']);
    assert.equal(requests[1]?.headers['accept-language'], 'en-AU');
  });

  test(`${name} notices nothing of a rejected token`, async () => {
    await sandbox.script({ endpoint: 'graphql', error: 'UNAUTHENTICATED' });
    assert.match(await run(name), /^[^\n]*\bSandbox partner sandbox-live\b[^\n]*\nFORBIDDEN\n$/);
    const requests = await sandbox.requests('graphql');
    assert.equal(requests.length, 3);
    assert.equal(requests[0]?.body, requests[1]?.body);
    // It was just issued, so it is tried again before another one is asked for.
    assert.equal(requests[0]?.headers.authorization, requests[1]?.headers.authorization);
    assert.equal((await sandbox.tokenRequests()).length, 1);
  });
}
