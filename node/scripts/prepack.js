'use strict';

// Looks over what `npm pack` is about to take along: libraries built for tests, which have a clock
// that can be set, must not leave the house. Brings the licences, which live in the root.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
for (const name of fs.readdirSync(root).filter((name) => name.endsWith('.node'))) {
  if (fs.readFileSync(path.join(root, name)).includes('testClockStart')) {
    throw new Error(`${name} was built for tests; run "npm run build" before packing`);
  }
}
for (const name of fs.readdirSync(path.join(root, '..')).filter((name) => name.startsWith('LICENSE'))) {
  fs.copyFileSync(path.join(root, '..', name), path.join(root, name));
}
