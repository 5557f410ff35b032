'use strict';

// Packs `seekauth-sandbox` itself, depending on the packages of the platforms that lie in DESTINATION:
//   node scripts/pack.js DESTINATION

const fs = require('node:fs');
const path = require('node:path');
const { pack } = require('../../../../node/scripts/pack-folder');

const root = path.join(__dirname, '..');
const [destination = ''] = process.argv.slice(2);
const { version } = require('../../../../node/package.json');
const sources = require('../package.json');
const { name, ...manifest } = sources;

const packed = new RegExp(`^seekauth-(sandbox-[a-z0-9]+-[a-z0-9]+)-${version.replaceAll('.', '\\.')}\\.tgz$`);
const platforms = fs
  .readdirSync(destination)
  .map((file) => packed.exec(file)?.[1])
  .filter((platform) => platform !== undefined)
  .sort();
if (platforms.length === 0) throw new Error(`${destination} has no program of ${name} with version ${version}`);
const optionalDependencies = Object.fromEntries(platforms.map((platform) => [`@seekauth/${platform}`, version]));

pack(destination, { name, version, ...manifest, optionalDependencies }, (folder) => {
  for (const part of ['README.md', 'index.js', 'index.d.ts', 'bin', 'lib']) {
    fs.cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
  }
});
