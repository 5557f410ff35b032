// Runs the checks inside the hosts that programs for Node bring, and writes a row for each to target/hosts/node.tsv:
//   node run.mjs [--quick] PROJECT
// PROJECT is the folder with the hosts' node_modules, into which the checks and the package are copied. The quick
// half leaves out the other runtimes. The sandbox's program is in SEEKAUTH_SANDBOX.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import sandboxes from '../../../node/test/sandbox.js';
import { compilePapers } from './papers.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '..', '..', '..');
const project = path.resolve(process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? '.');
const isQuick = process.argv.includes('--quick');
const table = path.join(root, 'target', 'hosts', 'node.tsv');

/** As `npm install` would, but for what belongs to the tests. */
function install(folder) {
  const source = path.join(root, 'node');
  const target = path.join(folder, 'node_modules', 'seekauth');
  fs.rmSync(target, { recursive: true, force: true });
  fs.mkdirSync(target, { recursive: true });
  for (const name of fs.readdirSync(source)) {
    const isPart = name === 'lib' || name === 'package.json' || /\.(js|mjs|node|d\.ts|d\.mts)$/.test(name);
    if (isPart) fs.cpSync(path.join(source, name), path.join(target, name), { recursive: true });
  }
  // The HTTP clients are those that the package is developed with.
  for (const name of ['axios', 'undici']) {
    const link = path.join(folder, 'node_modules', name);
    fs.rmSync(link, { recursive: true, force: true });
    fs.symlinkSync(path.join(source, 'node_modules', name), link);
  }
}

/** Runs a program in the project; its output is the error where it fails. */
async function run(program, args, { env = {}, cwd = project } = {}) {
  const { PATH, HOME } = process.env;
  const child = spawn(program, args, {
    cwd,
    env: { PATH, HOME, CI: '1', NO_COLOR: '1', NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  const timer = setTimeout(() => child.kill('SIGKILL'), 600_000);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code, signal] = await closed;
  clearTimeout(timer);
  const output = out + err;
  if (code !== 0) throw new Error(`${path.basename(program)} ended with ${code ?? signal}\n${output}`);
  return output;
}

/** The same with a sandbox of its own. */
async function withSandbox(program, args, { env = {}, ...options } = {}) {
  const sandbox = await sandboxes.Sandbox.start();
  const { urls } = sandbox;
  const variables = {
    SEEKAUTH_SERVICE: 'seek_api',
    SEEKAUTH_ENVIRONMENT: 'live',
    SEEKAUTH_CLIENT_ID: 'sandbox-live',
    SEEKAUTH_CLIENT_SECRET: 'sandbox-live-secret',
    SEEKAUTH_USER_AGENT: 'Hosts/1.0',
    SEEKAUTH_TOKEN_URL: urls.token_url,
    SEEKAUTH_API_URL: urls.graphql_url,
  };
  const given = typeof env === 'function' ? env(variables, urls) : env;
  try {
    return await run(program, args, { ...options, env: { HOSTS_SANDBOX: JSON.stringify({ urls, variables }), ...given } });
  } finally {
    await sandbox.stop();
  }
}

const bin = (name) => path.join(project, 'node_modules', '.bin', name);
const runtime = (name) => path.join(project, 'runtimes', 'node_modules', name);

/** @param {string[]} options */
function jest(config, ...options) {
  const all = { rootDir: project, testEnvironment: 'node', testMatch: ['<rootDir>/jest.test.cjs'], ...config };
  return withSandbox(process.execPath, ['--expose-gc', bin('jest'), '--config', JSON.stringify(all), '--runInBand', ...options]);
}

/** Sixty test files that all do the same: with the sandbox, or with a client for tests. */
function manyFiles(name = 'jest-file', count = 60) {
  const folder = path.join(project, 'many');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  for (let i = 0; i < count; i++) fs.copyFileSync(path.join(here, `${name}.test.cjs`), path.join(folder, `file${i}.test.cjs`));
  return { testMatch: ['<rootDir>/many/*.test.cjs'] };
}

const MOST_GROWTH_MB = 5;

/** @returns {Promise<{ said: string }>} what was measured */
async function memory(name) {
  const output = await jest(manyFiles(name), '--logHeapUsage');
  const heaps = [...output.matchAll(/(\d+) MB heap size/g)].map(([, megabytes]) => Number(megabytes));
  if (heaps.length !== 60) throw new Error(`there are ${heaps.length} figures\n${output}`);
  const median = (part) => part.toSorted((a, b) => a - b)[part.length >> 1];
  const [warm, end] = [median(heaps.slice(10, 20)), median(heaps.slice(50))];
  const said = `${warm} MB after warm-up, ${end} MB in the end`;
  if (end - warm > MOST_GROWTH_MB) throw new Error(`${said}: ${heaps}`);
  return { said };
}

async function openHandles(name) {
  const output = await jest(manyFiles(name, 10), '--detectOpenHandles');
  if (/open handle/.test(output)) throw new Error(output);
}

/** The recipe as it stands in the papers. */
function recipe(prelude = '') {
  const page = fs.readFileSync(path.join(root, 'docs', 'recipes.md'), 'utf8');
  const [, program = ''] = /^## Jest and Vitest\n.*?^```javascript\n(.*?)^```$/ms.exec(page) ?? [];
  if (!program) throw new Error('docs/recipes.md has no program for Jest and Vitest');
  return prelude + program.replace(...(prelude ? ["const { Client } = require('seekauth');\n", ''] : ['', '']));
}

const addresses = (_, urls) => ({ SANDBOX_TOKEN_URL: urls.token_url, SANDBOX_GRAPHQL_URL: urls.graphql_url });

async function jestRecipe() {
  fs.writeFileSync(path.join(project, 'recipe.cjs'), recipe());
  const config = { rootDir: project, testEnvironment: 'node', testMatch: ['<rootDir>/recipe.cjs'] };
  await withSandbox(process.execPath, [bin('jest'), '--config', JSON.stringify(config), '--detectOpenHandles'], { env: addresses });
}

const vitest = (pool) => withSandbox(process.execPath, [bin('vitest'), 'run', '--pool', pool], { env: { HOSTS_POOL: pool } });

async function vitestRecipe() {
  const folder = path.join(project, 'recipe');
  fs.mkdirSync(folder, { recursive: true });
  const prelude = "import { Client } from 'seekauth';\nimport { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';\n";
  fs.writeFileSync(path.join(folder, 'recipe.test.mjs'), recipe(prelude));
  await withSandbox(process.execPath, [bin('vitest'), 'run', '--root', folder], { env: addresses });
}

/** What runs the examples of tests of a program, for each runner. */
const examples = {
  jest: [bin('jest'), ['jest.test.cjs'], ['--rootDir', '.', '--testMatch', '<rootDir>/jest.test.cjs', '--detectOpenHandles']],
  vitest: [bin('vitest'), ['vitest.test.mjs'], ['run']],
  'node:test': ['--test', ['node.test.mjs'], ['node.test.mjs']],
};

/** The examples as they stand, without a sandbox and without any setting. */
async function unitTests(runner, files, options) {
  const folder = path.join(project, 'unit');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  const source = path.join(root, 'node', 'examples', 'unit-tests');
  for (const name of ['partner.cjs', ...files]) fs.copyFileSync(path.join(source, name), path.join(folder, name));
  const page = fs.readFileSync(path.join(root, 'docs', 'testing-fake.md'), 'utf8');
  if (!page.includes(fs.readFileSync(path.join(source, 'partner.cjs'), 'utf8'))) throw new Error('docs/testing-fake.md quotes another partner.cjs');
  const output = await run(process.execPath, [runner, ...options], { cwd: folder });
  const passed = /^Tests: +(\d+) passed|^ +Tests +(\d+) passed|^# pass (\d+)/m.exec(output)?.slice(1).find(Boolean);
  if (Number(passed) < 5) throw new Error(output);
  return { said: `${passed} tests` };
}

/** The whole suite of the package, with another Node. */
async function suite(node) {
  const folder = path.join(root, 'node');
  const tests = fs.readdirSync(path.join(folder, 'test')).filter((name) => name.endsWith('.test.js'));
  await run(node, ['--test', ...tests.map((name) => path.join('test', name))], {
    cwd: folder,
    env: { SEEKAUTH_SANDBOX: process.env.SEEKAUTH_SANDBOX },
  });
}

async function bunDotEnv() {
  const folder = path.join(project, 'dotenv');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'program.cjs'), "require('seekauth').Client.fromEnv().authorization().then((value) => console.log(value.slice(0, 6)));");
  const output = await withSandbox(bun, ['program.cjs'], {
    cwd: folder,
    env: (variables) => {
      fs.writeFileSync(path.join(folder, '.env'), Object.entries(variables).map(([name, value]) => `${name}=${value}\n`).join(''));
      return {};
    },
  });
  if (output !== 'Bearer\n') throw new Error(output);
}

const bun = runtime('@oven/bun-linux-x64/bin/bun');
const deno = runtime('@deno/linux-x64-glibc/deno');
const node = (major) => runtime(`node-${major}/bin/node`);
const newer = [22, 24, 26];

/** @type {[host: string, tried: string, check: () => Promise<unknown>][]} */
const quick = [
  ['jest', 'environment, realms, fake timers, modules loaded anew, requests', () => jest({})],
  ['jest', 'doubles', () => jest({ testMatch: ['<rootDir>/jest-doubles.test.cjs'] })],
  ...['jest-file', 'jest-fake-file'].flatMap((name) => [
    ['jest', `memory over 60 files, ${name}`, () => memory(name)],
    ['jest', `--detectOpenHandles, ${name}`, () => openHandles(name)],
  ]),
  // Not with what uses the platform's Headers or loads modules anew: of that alone Jest says that it leaks.
  ['jest', '--detectLeaks', () => jest(manyFiles('jest-file', 10), '--detectLeaks')],
  ...Object.entries(examples).map(([runner, program]) => [runner, 'unit tests with a client for tests', () => unitTests(...program)]),
  ['jest', 'the recipe', jestRecipe],
  ...['threads', 'forks', 'vmThreads', 'vmForks'].map((pool) => [
    `vitest, ${pool}`,
    'environment, realms, fake timers, requests, doubles',
    () => vitest(pool),
  ]),
  ['vitest', 'the recipe', vitestRecipe],
  ['node:test', "environment, requests, modules loaded anew, its fake timers and Sinon's", () => withSandbox(process.execPath, ['--test', 'node-test.cjs'])],
  ['node:test', "doubles, and Sinon's", () => run(process.execPath, ['--test', 'node-doubles.cjs'])],
  ['worker_threads', 'an environment of its own, requests', () => withSandbox(process.execPath, ['worker.cjs'])],
  ['tsc --strict, node16', 'README, recipes, examples, types', () => compilePapers(project, 'node16')],
  ['tsc --strict, bundler', 'README, recipes, examples, types', () => compilePapers(project, 'bundler')],
];

/** @type {typeof quick} */
const others = [
  ...newer.map((major) => [`node ${major}`, "the package's own suite", () => suite(node(major))]),
  ...newer.map((major) => [`node ${major}`, 'a worker with an environment of its own', () => withSandbox(node(major), ['worker.cjs'])]),
  ['bun', 'environment, errors, requests', () => withSandbox(bun, ['plain.cjs'])],
  ['bun', 'a worker with an environment of its own', () => withSandbox(bun, ['worker.cjs'])],
  ['bun', 'settings in .env', bunDotEnv],
  ['deno', 'environment, errors, requests', () => withSandbox(deno, ['run', '--allow-all', 'plain.cjs'])],
];

install(project);
for (const name of fs.readdirSync(here)) {
  if (/\.(cjs|mjs)$/.test(name)) fs.copyFileSync(path.join(here, name), path.join(project, name));
}
fs.writeFileSync(table, '');
let failed = 0;
for (const [host, tried, check] of isQuick ? quick : [...quick, ...others]) {
  const start = performance.now();
  let result;
  try {
    const { said } = (await check()) ?? {};
    result = said ? `passed: ${said}` : 'passed';
  } catch (error) {
    failed++;
    console.error(error.message);
    result = `failed: ${error.message.split('\n')[0]}`;
  }
  fs.appendFileSync(table, `${host}\t${tried}\t${result}\n`);
  console.log(`${host}: ${tried}: ${result} (${((performance.now() - start) / 1_000).toFixed(1)} s)`);
}
process.exitCode = failed ? 1 : 0;
