'use strict';

// Packs the program for one platform, as the npm package @seekauth/sandbox-<platform>:
//   node scripts/pack-platform.js TRIPLE PROGRAM PAPERS DESTINATION
// PAPERS has `notices/sandbox/LICENSE-THIRD-PARTY` and `sbom/seekauth-sandbox.cdx.json`, about what is linked into it.

const fs = require('node:fs');
const path = require('node:path');
const { pack } = require('../../../../node/scripts/pack-folder');
const { platform } = require('../../../../node/scripts/platform');

const [triple = '', program = '', papers = '', destination = ''] = process.argv.slice(2);
const { version } = require('../../../../node/package.json');
const { license, repository } = require('../package.json');
const { os, cpu } = platform(triple);
// The program has a C library in it, and so is for every Linux.
const name = `sandbox-${os}-${cpu}`;
const file = os.includes('win32') ? 'seekauth-sandbox.exe' : 'seekauth-sandbox';
const manifest = {
  name: `@seekauth/${name}`,
  version,
  description: `The program of seekauth-sandbox for ${os}-${cpu}`,
  license,
  repository,
  os,
  cpu,
  files: [file, 'LICENSE-*', '*.cdx.json'],
};
const about = `# @seekauth/${name}

The program of [seekauth-sandbox](https://github.com/seekauth/seekauth) for ${os}-${cpu}. It comes with the package
\`seekauth-sandbox\` where it fits, and is not installed by itself.
`;

pack(destination, manifest, (folder) => {
  fs.copyFileSync(program, path.join(folder, file));
  fs.chmodSync(path.join(folder, file), 0o755);
  fs.writeFileSync(path.join(folder, 'README.md'), about);
  fs.copyFileSync(
    path.join(papers, 'notices', 'sandbox', 'LICENSE-THIRD-PARTY'),
    path.join(folder, 'LICENSE-THIRD-PARTY'),
  );
  const bill = 'seekauth-sandbox.cdx.json';
  fs.copyFileSync(path.join(papers, 'sbom', bill), path.join(folder, bill));
});
