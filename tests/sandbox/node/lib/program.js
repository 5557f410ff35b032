'use strict';

// Finds the program that the package of this platform has. It needs no C library, so one fits every Linux.

const PLATFORM = `${process.platform}-${process.arch}`;

/** @returns {string} the path of the program `seekauth-sandbox` */
function findSandbox() {
  const name = `@seekauth/sandbox-${PLATFORM}`;
  const file = process.platform === 'win32' ? 'seekauth-sandbox.exe' : 'seekauth-sandbox';
  try {
    return require.resolve(`${name}/${file}`);
  } catch (cause) {
    // A checkout has none.
    const { optionalDependencies = {} } = /** @type {any} */ (require('../package.json'));
    const why =
      name in optionalDependencies
        ? 'it is an optional dependency; install without --omit=optional, on or for this platform'
        : `there are packages for ${Object.keys(optionalDependencies).join(', ') || 'no platform'}`;
    throw new Error(`seekauth-sandbox has no program for ${PLATFORM}: ${name} is not installed (${why})`, { cause });
  }
}

module.exports = { findSandbox };
