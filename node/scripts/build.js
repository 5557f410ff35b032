'use strict';

// Builds the native library and puts it into this package's root under the name that lib/native.js looks for:
//   node scripts/build.js [--release] [any other arguments of cargo build]
// It shares the workspace's target directory, so that nothing is compiled twice.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const manifest = path.join(root, '..', 'bindings', 'node', 'Cargo.toml');
const args = ['build', '--manifest-path', manifest, '--message-format', 'json-render-diagnostics'];
const output = execFileSync('cargo', [...args, ...process.argv.slice(2)], {
  encoding: 'utf8',
  maxBuffer: 1 << 28,
  stdio: ['ignore', 'pipe', 'inherit'],
});

const library = output
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .filter((message) => message.reason === 'compiler-artifact' && message.target.name === 'seekauth_node')
  .flatMap((message) => message.filenames)
  .find((name) => /\.(so|dylib|dll)$/.test(name));
if (!library) throw new Error('cargo reported no library');

const { platform, arch } = process;
/** @type {any} Which C library this Linux has; the types of Node leave the report open. */
const report = platform === 'linux' ? process.report.getReport() : undefined;
const abi = report ? (report.header.glibcVersionRuntime ? '-gnu' : '-musl') : platform === 'win32' ? '-msvc' : '';
const destination = path.join(root, `seekauth.${platform}-${arch}${abi}.node`);
// A process may have the old file loaded: it keeps that one, and the name moves to the new one.
fs.copyFileSync(library, `${destination}.new`);
fs.renameSync(`${destination}.new`, destination);
console.log(path.relative(process.cwd(), destination));
