'use strict';

// Without any runner: in each runtime, and in a worker with an environment of its own.

const seekauth = require('seekauth');
const { checks } = require('./guest.cjs');

async function main() {
  for (const [name, check] of Object.entries(checks(seekauth))) {
    await check();
    console.log(`${name}: passed`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
