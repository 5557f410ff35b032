'use strict';

// The clock that tests move by hand. Clients made after `start` read it; it stands still, and pauses between
// requests take no time by it.

const native = require('../lib/native.js');

/** How old a token has to be for its rejection to count at once: all servers of the API know it by then. */
const TRUSTED_MS = 2_000;

function start() {
  /** @type {() => void} */ (native.testClockStart)();
}

/** @param {number} ms that pass */
function advance(ms) {
  /** @type {(which: number, ms: number) => void} */ (native.testClockAdvance)(0, ms);
}

/** Lets the tokens that there are become so old that their rejection counts. */
function age() {
  advance(TRUSTED_MS);
}

module.exports = { advance, age, start };
