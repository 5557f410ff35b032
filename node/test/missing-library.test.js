'use strict';

// What is said where there is no native library: each test takes the package to a place that lacks something.

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { platform } = require('../lib/platform.js');

const root = path.join(__dirname, '..');
const manifest = require('../package.json');
const target = platform();
const library = `seekauth.${target}.node`;
const [other = ''] = ['linux-x64-gnu', 'darwin-arm64'].filter((name) => name !== target);
const NO_SUCH = 'plan9-mips';

/**
 * A folder with the package as it is installed: its manifest depends on the packages of these platforms.
 * @param {import('node:test').TestContext} t
 * @param {string[]} published
 */
function install(t, published, version = manifest.version) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'seekauth-')));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const place = path.join(folder, 'node_modules', 'seekauth');
  for (const name of ['index.js', 'lib']) fs.cpSync(path.join(root, name), path.join(place, name), { recursive: true });
  const optionalDependencies = Object.fromEntries(published.map((name) => [`@seekauth/${name}`, version]));
  fs.writeFileSync(path.join(place, 'package.json'), JSON.stringify({ ...manifest, version, optionalDependencies }));
  return folder;
}

/**
 * Puts the package of a platform beside the other, with these contents in place of the library's.
 * @param {string} folder
 * @param {string} name
 * @param {Buffer} [contents]
 */
function add(folder, name, contents) {
  const place = path.join(folder, 'node_modules', '@seekauth', name);
  fs.mkdirSync(place, { recursive: true });
  const main = `seekauth.${name}.node`;
  fs.writeFileSync(path.join(place, 'package.json'), JSON.stringify({ name: `@seekauth/${name}`, main }));
  if (contents) fs.writeFileSync(path.join(place, main), contents);
}

/**
 * @param {string} folder
 * @param {string} [program]
 */
function failure(folder, program = "require('seekauth')") {
  const done = spawnSync(process.execPath, ['-e', program], { cwd: folder, encoding: 'utf8' });
  assert.equal(done.status, 1, done.stdout + done.stderr);
  return done.stderr;
}

const built = () => fs.readFileSync(path.join(root, library));

test('the package of the platform is taken, whichever others there are', (t) => {
  const folder = install(t, [target, other]);
  add(folder, target, built());
  add(folder, other, Buffer.from('of another system'));
  const program = "process.stdout.write(typeof require('seekauth').Client)";
  assert.equal(execFileSync(process.execPath, ['-e', program], { cwd: folder, encoding: 'utf8' }), 'function');
});

test('optional dependencies that were left out', (t) => {
  const said = failure(install(t, [target, other]));
  assert.match(said, new RegExp(`Error: seekauth ${manifest.version} has no native library for ${target}, Node `));
  assert.match(said, new RegExp(`@seekauth/${target} is not installed\\. It is an optional .*--omit=optional`));
  assert.match(said, /lock file that was made on another platform/);
});

test('an installation that was made on another platform', (t) => {
  const folder = install(t, [target, other]);
  add(folder, other, Buffer.from('of another system'));
  assert.match(failure(folder), new RegExp(`@seekauth/${target} is not installed\\. Instead there is @seekauth/${other}\\.`));
});

test('a platform without a package is told which ones there are', (t) => {
  const message = `there is none for this platform. There are ones for ${other}.`;
  assert.ok(failure(install(t, [other])).includes(message));

  const [system = '', processor = ''] = NO_SUCH.split('-');
  const elsewhere = `
    Object.defineProperty(process, 'platform', { value: '${system}' });
    Object.defineProperty(process, 'arch', { value: '${processor}' });
    require('seekauth');`;
  const said = failure(install(t, [other]), elsewhere);
  assert.ok(said.includes(`no native library for ${NO_SUCH}, `) && said.includes(message), said);
});

test('a checkout whose library was never built', (t) => {
  assert.match(failure(install(t, [])), /a checkout of the sources; `npm run build`/);
});

test('a package of another version', (t) => {
  const folder = install(t, [target], '9.9.9');
  add(folder, target, built());
  const said = failure(folder);
  assert.match(said, new RegExp(`Error: seekauth 9\\.9\\.9 .* is version ${manifest.version}\\. Both have to be`));
});

test('a package without its file', (t) => {
  const folder = install(t, [target]);
  add(folder, target);
  assert.match(failure(folder), new RegExp(`@seekauth/${target} lacks its \\.node file, which a tracer`));
});

test('a library that does not load', (t) => {
  const folder = install(t, [target]);
  add(folder, target, built().subarray(0, 40));
  const said = failure(folder);
  assert.match(said, /does not load: .*seekauth\..*\.node/);
  assert.match(said, /another processor or C library/);
});

test('a glibc that is too old', { skip: !target.endsWith('-gnu') && 'no glibc here' }, (t) => {
  const folder = install(t, [target]);
  // A version that no glibc has, in a name as long as those that the library asks for.
  const text = built().toString('latin1').replaceAll(/GLIBC_2\.(\d\d)\0/g, 'GLIBC_9.$1\0');
  add(folder, target, Buffer.from(text, 'latin1'));
  const said = failure(folder);
  assert.match(said, /does not load: .*version `GLIBC_9\.\d\d' not found/);
  assert.match(said, /glibc is older than the one that the library needs/);
});

/**
 * The files as a bundler lays them out: under other names.
 * @param {string} folder
 */
function bundle(folder) {
  const place = path.join(folder, 'node_modules', 'seekauth');
  fs.cpSync(path.join(place, 'lib'), path.join(folder, 'chunks'), { recursive: true });
  fs.copyFileSync(path.join(place, 'package.json'), path.join(folder, 'package.json'));
  return "require('./chunks/native.js')";
}

test('a bundle that left it behind', (t) => {
  const folder = install(t, [target]);
  const said = failure(folder, bundle(folder));
  assert.match(said, /this program is a bundle, and its bundler left @seekauth\/.* behind/);
  for (const bundler of ['esbuild', 'webpack', 'Next.js', 'ncc', 'bun', 'single executables']) {
    assert.ok(said.includes(bundler), bundler);
  }
});

test('a bundle on a platform that there is none for', (t) => {
  const folder = install(t, [other]);
  assert.ok(failure(folder, bundle(folder)).includes(`There are ones for ${other}.`));
});
