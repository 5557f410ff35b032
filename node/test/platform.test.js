'use strict';

// The name of the platform, above all its C library.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { arch, execPath, platform: system } = process;
const file = path.join(__dirname, '..', 'lib', 'platform.js');
const program = `process.stdout.write(require(${JSON.stringify(file)}).platform())`;
/** @type {any} The types of Node leave the report open. */
const report = process.report.getReport();
const glibc = report.header.glibcVersionRuntime;
const skip = system !== 'linux' && 'Linux alone has several C libraries';

/**
 * What is said in a process that takes this file for its program.
 * @param {string} [said]
 */
function platform(said = execPath) {
  const pretence = `Object.defineProperty(process, 'execPath', { value: ${JSON.stringify(said)} });`;
  return execFileSync(execPath, ['-e', pretence + program], { encoding: 'utf8' });
}

test('it is the one that Node reports', () => {
  const abi = { linux: glibc ? '-gnu' : '-musl', win32: '-msvc' }[String(system)] ?? '';
  assert.equal(platform(), `${system}-${arch}${abi}`);
});

test('the loader of the program tells the C library', { skip }, (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'seekauth-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  for (const [loader, abi] of [['/lib/ld-musl-x86_64.so.1', 'musl'], ['/lib/ld-linux-aarch64.so.1', 'gnu']]) {
    const pretended = path.join(folder, String(abi));
    fs.writeFileSync(pretended, `\x7fELF\0${loader}\0`);
    assert.equal(platform(pretended), `${system}-${arch}-${abi}`);
  }
});

test('where the program names no loader, or cannot be read, Node is asked', { skip }, () => {
  const expected = `${system}-${arch}-${glibc ? 'gnu' : 'musl'}`;
  assert.equal(platform(path.join(__dirname, '..', 'package.json')), expected);
  assert.equal(platform('/no/such/program'), expected);
});
