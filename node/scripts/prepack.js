'use strict';

// Looks over what `npm pack` is about to take along: libraries built for tests, which have a clock
// that can be set, must not be published. Brings the licenses, which live in the root, and the papers
// about what is linked into the library.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
for (const name of fs.readdirSync(root).filter((name) => name.endsWith('.node'))) {
  if (fs.readFileSync(path.join(root, name)).includes('testClockStart')) {
    throw new Error(`${name} was built for tests; run "npm run build" before packing`);
  }
}
const top = path.join(root, '..');
const papers = fs.readdirSync(top).filter((name) => name.startsWith('LICENSE'));
for (const paper of [...papers, 'target/notices/node/LICENSE-THIRD-PARTY', 'target/sbom/seekauth-node.cdx.json']) {
  const source = path.join(top, paper);
  if (!fs.existsSync(source)) throw new Error(`${paper} is missing; run "make notices sbom" before packing`);
  fs.copyFileSync(source, path.join(root, path.basename(paper)));
}
