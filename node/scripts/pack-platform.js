'use strict';

// Packs the native library for one platform, as the npm package @seekauth/<platform>:
//   node scripts/pack-platform.js TRIPLE LIBRARY PAPERS DESTINATION
// PAPERS has `notices/node/LICENSE-THIRD-PARTY` and `sbom/seekauth-node.cdx.json`, about what is linked into it.

const fs = require('node:fs');
const path = require('node:path');
const { pack } = require('./pack-folder');
const { platform } = require('./platform');

const [triple = '', library = '', papers = '', destination = ''] = process.argv.slice(2);
const { version, license, repository, engines } = require('../package.json');
const { name, ...fits } = platform(triple);
const file = `seekauth.${name}.node`;

const contents = fs.readFileSync(library);
if (contents.includes('testClockStart')) {
  throw new Error(`${library} was built for tests, and has a clock that can be set`);
}
const manifest = {
  name: `@seekauth/${name}`,
  version,
  description: `The native library of seekauth for ${name}`,
  license,
  repository,
  engines,
  ...fits,
  main: file,
  files: [file, 'LICENSE-*', '*.cdx.json'],
};
const about = `# @seekauth/${name}

The native library of [seekauth](https://github.com/seekauth/seekauth) for ${name}. It comes with the package
\`seekauth\` where it fits, and is not installed by itself.
`;

pack(destination, manifest, (folder) => {
  fs.writeFileSync(path.join(folder, file), contents, { mode: 0o755 });
  fs.writeFileSync(path.join(folder, 'README.md'), about);
  fs.copyFileSync(
    path.join(papers, 'notices', 'node', 'LICENSE-THIRD-PARTY'),
    path.join(folder, 'LICENSE-THIRD-PARTY'),
  );
  fs.copyFileSync(path.join(papers, 'sbom', 'seekauth-node.cdx.json'), path.join(folder, 'seekauth-node.cdx.json'));
});
