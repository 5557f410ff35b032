'use strict';

// Packs `seekauth` itself: JavaScript and types, depending on the packages of the platforms that lie in DESTINATION:
//   node scripts/pack.js DESTINATION

const fs = require('node:fs');
const path = require('node:path');
const { pack, root } = require('./pack-folder');

const [destination = ''] = process.argv.slice(2);
const sources = require('../package.json');
const { devDependencies, scripts, ...manifest } = sources;
const { name, version } = manifest;

const platforms = fs
  .readdirSync(destination)
  .filter((file) => file.startsWith(`${name}-`) && file.endsWith(`-${version}.tgz`))
  .map((file) => file.slice(`${name}-`.length, -'.tgz'.length))
  .filter((platform) => !platform.startsWith('sandbox-')) // Of another package.
  .filter((platform) => platform !== version) // A package of an earlier run, with this very name.
  .map((platform) => platform.slice(0, -`-${version}`.length))
  .sort();
if (platforms.length === 0) throw new Error(`${destination} has no package of a platform with version ${version}`);
const optionalDependencies = Object.fromEntries(platforms.map((platform) => [`@seekauth/${platform}`, version]));

pack(destination, { ...manifest, optionalDependencies }, (folder) => {
  fs.copyFileSync(path.join(root, 'README.md'), path.join(folder, 'README.md'));
  for (const file of fs.readdirSync(root)) {
    const isSource = file === 'lib' || /\.(js|mjs|d\.ts|d\.mts)$/.test(file);
    if (isSource) fs.cpSync(path.join(root, file), path.join(folder, file), { recursive: true });
  }
});
