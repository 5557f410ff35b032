'use strict';

// Finds the native library: the one in the root of this package, or the one in the package of its own for
// this platform. Several may fit by name (Linux has two C libraries); the one that loads is the right one.

const { version } = require('../package.json');

/** @typedef {import('./binding').Binding} Binding */

/** The names that a library for this platform may have. */
function targets() {
  const { platform, arch } = process;
  const suffixes = { linux: ['-gnu', '-musl'], win32: ['-msvc'] }[/** @type {string} */ (platform)] ?? [''];
  return suffixes.map((suffix) => `${platform}-${arch}${suffix}`);
}

/** @returns {Binding} */
function load() {
  const tried = [];
  for (const target of targets()) {
    for (const name of [`../seekauth.${target}.node`, `seekauth-${target}`]) {
      try {
        const binding = require(name);
        if (binding.version() === version) return binding;
        tried.push(`${name}: is version ${binding.version()}, not ${version}`);
      } catch (error) {
        tried.push(`${name}: ${String(/** @type {Error} */ (error).message).split('\n', 1)[0]}`);
      }
    }
  }
  throw new Error(
    `seekauth ${version} has no native library that works on ${process.platform}-${process.arch} with ` +
      `Node ${process.version}. Install again without --omit=optional and on the platform where the ` +
      `program will run. Tried:\n  ${tried.join('\n  ')}`,
  );
}

module.exports = load();
