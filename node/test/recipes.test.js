'use strict';

// Recipes of docs/recipes.md whose point is what happens when something goes wrong.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { promisify } = require('node:util');
const { Sandbox } = require('./sandbox.js');

const root = path.join(__dirname, '..');
/** Longer than p-retry's own pause. */
const RETRY_AFTER_S = 3;

/** @type {InstanceType<typeof Sandbox>} */
let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
beforeEach(() => sandbox.reset());
after(() => sandbox.stop());

/**
 * The one program of the page with these words in it.
 *
 * @param {string} words
 */
function recipe(words) {
  const page = fs.readFileSync(path.join(root, '..', 'docs', 'recipes.md'), 'utf8');
  const programs = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, program = '']) => program);
  const found = programs.filter((program) => program.includes(words));
  assert.equal(found.length, 1);
  return String(found[0]);
}

/** @param {string} program */
async function run(program) {
  const { environment, clientId, clientSecret, tokenUrl, apiUrl } = sandbox.seekApi();
  const env = {
    ...process.env,
    SEEKAUTH_SERVICE: 'seek_api',
    SEEKAUTH_ENVIRONMENT: environment,
    SEEKAUTH_CLIENT_ID: clientId,
    SEEKAUTH_CLIENT_SECRET: clientSecret,
    SEEKAUTH_USER_AGENT: 'Recipes/1.0',
    SEEKAUTH_TOKEN_URL: tokenUrl,
    SEEKAUTH_API_URL: apiUrl,
  };
  const options = { cwd: root, env, timeout: 60_000 };
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], options);
}

test('p-retry waits as long as the API asks for', async () => {
  const throttled = { endpoint: 'graphql', status: 429, body: '', headers: { 'retry-after': String(RETRY_AFTER_S) } };
  await sandbox.script(throttled);
  const { stdout, stderr } = await run(recipe('p-retry'));
  assert.deepEqual([stdout, stderr], ['Sandbox partner sandbox-live\n', '']);
  const [first, second, ...more] = (await sandbox.requests('graphql')).map((entry) => /** @type {any} */ (entry).at_ms);
  assert.ok(second - first >= RETRY_AFTER_S * 1_000 && more.length === 0, `${first} ${second}`);
});
