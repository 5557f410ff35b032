'use strict';

// Loads the native library: a checkout's own build, or the package for this platform.

const fs = require('node:fs');
const { platform } = require('./platform.js');

/** @typedef {import('./binding').Binding} Binding */

/** @type {{ version: string }} */
const { version } = require('../package.json');

/**
 * What was built in a checkout of the sources. Bundlers must not follow this `require`, for packages have no such file.
 * @param {string} target
 * @returns {Binding | undefined}
 */
function built(target) {
  // In a bundle that is an ES module there is no such name.
  if (typeof __filename === 'undefined') return undefined;
  const file = `${__dirname}/../seekauth.${target}.node`;
  return fs.existsSync(file) ? require('node:module').createRequire(__filename)(file) : undefined;
}

/**
 * @param {string} target
 * @returns {Binding}
 */
function load(target) {
  let library;
  // Each package is named in full, so that bundlers and tracers of files see it; within `try`, so that they make do
  // without those that are not installed.
  try {
    library = built(target);
    if (!library) {
      switch (target) {
        case 'linux-x64-gnu':
          library = require('@seekauth/linux-x64-gnu');
          break;
        case 'linux-x64-musl':
          library = require('@seekauth/linux-x64-musl');
          break;
        case 'linux-arm64-gnu':
          library = require('@seekauth/linux-arm64-gnu');
          break;
        case 'linux-arm64-musl':
          library = require('@seekauth/linux-arm64-musl');
          break;
        case 'darwin-arm64':
          library = require('@seekauth/darwin-arm64');
          break;
        case 'darwin-x64':
          library = require('@seekauth/darwin-x64');
          break;
        case 'win32-x64-msvc':
          library = require('@seekauth/win32-x64-msvc');
      }
    }
  } catch (error) {
    throw require('./missing-library.js').notLoaded(target, error);
  }
  if (!library) throw require('./missing-library.js').notBuilt(target);
  if (library.version() !== version) throw require('./missing-library.js').otherVersion(target, library.version());
  return library;
}

module.exports = load(platform());
