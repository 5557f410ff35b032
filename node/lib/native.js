'use strict';

// Finds the native library: a build's own beside this package's sources, or the one in the package for this
// platform. Several may fit by name (Linux has two C libraries); the one that loads is the right one.

const { version } = require('../package.json');

/** @typedef {import('./binding').Binding} Binding */

/** The names that a library for this platform may have. */
function targets() {
  const { platform, arch } = process;
  const suffixes = { linux: ['-gnu', '-musl'], win32: ['-msvc'] }[/** @type {string} */ (platform)] ?? [''];
  return suffixes.map((suffix) => `${platform}-${arch}${suffix}`);
}

/**
 * Each name is written out, so that bundlers and tracers of files see which packages there are.
 * @param {string} target
 * @returns {Binding}
 */
function installed(target) {
  switch (target) {
    case 'linux-x64-gnu':
      return require('@seekauth/linux-x64-gnu');
    case 'linux-x64-musl':
      return require('@seekauth/linux-x64-musl');
    case 'linux-arm64-gnu':
      return require('@seekauth/linux-arm64-gnu');
    case 'linux-arm64-musl':
      return require('@seekauth/linux-arm64-musl');
    case 'darwin-arm64':
      return require('@seekauth/darwin-arm64');
    case 'darwin-x64':
      return require('@seekauth/darwin-x64');
    case 'win32-x64-msvc':
      return require('@seekauth/win32-x64-msvc');
    default:
      throw new Error('there is no package for it');
  }
}

/** @returns {Binding} */
function load() {
  const tried = [];
  for (const target of targets()) {
    const built = `../seekauth.${target}.node`;
    const places = { [built]: () => require(built), [`@seekauth/${target}`]: () => installed(target) };
    for (const [name, open] of Object.entries(places)) {
      try {
        const binding = open();
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
