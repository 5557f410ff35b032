'use strict';

// The names of platforms: Rust's `x86_64-unknown-linux-gnu` is `linux-x64-gnu` in the packages of npm.

const ARCHITECTURES = { x86_64: 'x64', aarch64: 'arm64' };
const SYSTEMS = { linux: 'linux', darwin: 'darwin', windows: 'win32' };
/** What npm calls the C libraries of Linux. */
const LIBRARIES = { gnu: 'glibc', musl: 'musl' };

/**
 * @template T
 * @param {Record<string, T>} table
 * @param {string} [key]
 * @returns {T}
 */
function known(table, key = '') {
  const value = table[key];
  if (value === undefined) throw new Error(`${key} is not one of ${Object.keys(table).join(', ')}`);
  return value;
}

/** @param {string} triple */
function platform(triple) {
  const [architecture, , system, abi] = triple.split('-');
  const os = known(SYSTEMS, system);
  const cpu = known(ARCHITECTURES, architecture);
  return {
    name: [os, cpu, ...(abi ? [abi] : [])].join('-'),
    os: [os],
    cpu: [cpu],
    ...(os === 'linux' && { libc: [known(LIBRARIES, abi)] }),
  };
}

module.exports = { platform };
