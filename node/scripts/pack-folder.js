'use strict';

// Packs a package from a folder that is laid out for it, since the one that is published is not the one of the
// sources: it depends on the packages of the platforms, which only a release has.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..');
const top = path.join(root, '..');

/**
 * @param {string} destination
 * @param {Record<string, unknown>} manifest
 * @param {(folder: string) => void} fill
 */
function pack(destination, manifest, fill) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'seekauth-pack-'));
  try {
    for (const license of ['LICENSE-APACHE', 'LICENSE-MIT']) {
      fs.copyFileSync(path.join(top, license), path.join(folder, license));
    }
    fill(folder);
    fs.writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
    fs.mkdirSync(destination, { recursive: true });
    const options = ['--silent', '--ignore-scripts', '--pack-destination', path.resolve(destination)];
    const tarball = execFileSync('npm', ['pack', ...options], { cwd: folder, encoding: 'utf8' }).trim();
    console.log(path.relative(process.cwd(), path.join(destination, tarball)));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

module.exports = { pack, root, top };
