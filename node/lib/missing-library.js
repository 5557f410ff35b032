'use strict';

// Why there is no native library, and what to do about it. Loaded only then.

const fs = require('node:fs');
const path = require('node:path');

/** @type {{ name: string, version: string, optionalDependencies?: Record<string, string> }} */
const { name, version, optionalDependencies = {} } = require('../package.json');

const SCOPE = `@${name}`;
const OLD_GLIBC = /GLIBC_\d/;
const SELF = path.join('lib', 'missing-library.js');

/** What bundlers need to be told; docs/packaging.md has it in full, and tests. */
const BUNDLERS = `\
  esbuild              --loader:.node=copy
  webpack              node-loader for .node files
  Next.js              serverExternalPackages: ['${name}']
  ncc, bun, tracers    install on the platform where the program will run, and build there
  single executables   the .node file beside the executable; see docs/packaging.md of ${name}`;

/** Whether this file is part of a bundle. In one that is an ES module there is no such name. */
const isBundled = () => typeof __filename === 'undefined' || !__filename.endsWith(SELF);

/** The platforms that this version was published for; none in a checkout of the sources. */
const published = () => Object.keys(optionalDependencies).map((dependency) => dependency.slice(SCOPE.length + 1));

/** The platforms whose packages lie beside this one, as package managers put them. */
function present() {
  try {
    return fs.readdirSync(path.join(__dirname, '..', '..', SCOPE));
  } catch {
    return [];
  }
}

/**
 * @param {string} target
 * @param {string} reason
 * @param {unknown} [cause]
 */
const error = (target, reason, cause) =>
  new Error(`${name} ${version} has no native library for ${target}, Node ${process.version}: ${reason}`, { cause });

/** @param {string} target */
const notBuilt = (target) => error(target, thereAre());

function thereAre() {
  const platforms = published().sort().join(', ');
  if (platforms) return `there is none for this platform. There are ones for ${platforms}.`;
  return 'this is a checkout of the sources; `npm run build` in its folder node/ builds the library.';
}

/**
 * @param {string} target
 * @param {string} found
 */
function otherVersion(target, found) {
  const reason =
    `the one that was found is version ${found}. Both have to be of the same version: build or install again, and ` +
    `let no override, resolution or lock file hold ${SCOPE}/${target} back.`;
  return error(target, reason);
}

/**
 * @param {string} target
 * @param {unknown} cause
 */
function notLoaded(target, cause) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (cause);
  // Loaders of bundlers throw errors of their own.
  const isThere = code === 'ERR_DLOPEN_FAILED' || OLD_GLIBC.test(message);
  return error(target, isThere ? notOpened(message) : notFound(target), cause);
}

/** @param {string} message */
function notOpened(message) {
  const remedy = OLD_GLIBC.test(message)
    ? "This system's glibc is older than the one that the library needs; a newer system, or a newer image, has it."
    : 'It may be for another processor or C library (glibc, musl) than this Node, be damaged, or lie where nothing ' +
      'may be executed. Install, and bundle, on the platform where the program runs.';
  return `it does not load: ${message.trim()}\n${remedy}`;
}

/** @param {string} target */
function notFound(target) {
  const dependency = `${SCOPE}/${target}`;
  if (!published().includes(target)) return thereAre();
  if (isBundled()) return `this program is a bundle, and its bundler left ${dependency} behind. What to tell it:\n${BUNDLERS}`;
  const others = present();
  if (others.includes(target)) {
    return `${dependency} lacks its .node file, which a tracer of files or a bundler left behind. What to tell it:\n${BUNDLERS}`;
  }
  const elsewhere = others.length > 0 ? ` Instead there is ${others.map((other) => `${SCOPE}/${other}`).join(', ')}.` : '';
  return (
    `${dependency} is not installed.${elsewhere} It is an optional dependency. Install on the platform where the ` +
    'program runs, with optional dependencies (no --omit=optional, --no-optional), and not from a node_modules or a ' +
    'lock file that was made on another platform and lacks it.'
  );
}

module.exports = { notBuilt, notLoaded, otherVersion };
