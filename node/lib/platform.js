'use strict';

// The name of the platform that a native library has to be for: `linux-x64-gnu`, `darwin-arm64`, `win32-x64-msvc`.

const fs = require('node:fs');

/** Of a program, where the name of its loader stands. */
const HEAD = 2048;

/** The C library of Linux by the loader that the running program asks for; asking Node itself takes longer. */
function libcOfProgram() {
  const head = Buffer.alloc(HEAD);
  try {
    const file = fs.openSync(process.execPath, 'r');
    try {
      fs.readSync(file, head, 0, HEAD, 0);
    } finally {
      fs.closeSync(file);
    }
  } catch {
    return undefined;
  }
  if (head.includes('/ld-linux-')) return 'gnu';
  return head.includes('/ld-musl-') ? 'musl' : undefined;
}

/** The same as Node says it; right also where a loader was called by hand and seems to be the program. */
function libcOfReport() {
  /** @type {any} The types of Node leave the report open. */
  const { report } = process;
  const { excludeNetwork } = report;
  // Names of addresses would be looked up.
  report.excludeNetwork = true;
  const { header } = report.getReport();
  report.excludeNetwork = excludeNetwork;
  return header.glibcVersionRuntime ? 'gnu' : 'musl';
}

function platform() {
  const name = `${process.platform}-${process.arch}`;
  if (process.platform === 'win32') return `${name}-msvc`;
  return process.platform === 'linux' ? `${name}-${libcOfProgram() ?? libcOfReport()}` : name;
}

module.exports = { platform };
