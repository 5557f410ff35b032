'use strict';

// What a program is warned of when it makes a client: once, by the way of all warnings of Node, and never
// with a secret.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { promisify } = require('node:util');
const { Client } = require('seekauth');

/** @type {string} */
let folder;
before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'seekauth-warnings-'));
});
after(() => fs.rmSync(folder, { recursive: true }));

/** @param {number} mode */
function file(mode) {
  const name = path.join(folder, mode.toString(8));
  fs.writeFileSync(name, '{"client_id":"id","client_secret":"a secret that nobody may see"}');
  fs.chmodSync(name, mode);
  return name;
}

/** @param {() => unknown} work */
async function warned(work) {
  /** @type {Error[]} */
  const warnings = [];
  const listen = (/** @type {Error} */ warning) => void warnings.push(warning);
  process.on('warning', listen);
  work();
  // Node tells them after what is running now.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', listen);
  return warnings;
}

const settings = { environment: /** @type {const} */ ('live'), userAgent: 'Test/1.0' };

test('a credentials file that everybody may read is warned of when the client is made, and only then', async () => {
  const credentialsFile = file(0o644);
  const warnings = await warned(() => {
    const client = Client.seekApi({ ...settings, credentialsFile });
    client.authorizationNow();
    client.close();
  });
  assert.deepEqual(warnings.map(({ name }) => name), ['SeekAuthWarning']);
  assert.ok(warnings[0]?.message.includes(credentialsFile), warnings[0]?.message);
  assert.doesNotMatch(String(warnings[0]?.stack), /nobody may see/);
});

test('so is each file of its own', async () => {
  const clientSecretFile = file(0o604);
  const warnings = await warned(() => new Client({ service: 'seek_api', ...settings, clientId: 'id', clientSecretFile }));
  assert.equal(warnings.length, 1);
  assert.ok(warnings[0]?.message.includes(clientSecretFile));
});

test('a file that only its owner may read is not warned of', async () => {
  assert.deepEqual(await warned(() => Client.seekApi({ ...settings, credentialsFile: file(0o600) })), []);
});

test('a program that does nothing about it sees the warning on its error output, and goes on', async () => {
  const options = JSON.stringify({ ...settings, credentialsFile: file(0o644) });
  const program = `require('seekauth').Client.seekApi(${options}); console.log('made');`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', program], { cwd: path.join(__dirname, '..') });
  assert.equal(stdout, 'made\n');
  assert.match(stderr, /^\(node:\d+\) SeekAuthWarning: .*644/);
});
