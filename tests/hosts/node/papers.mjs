// Whether the programs of the papers compile where users are strict: every JavaScript of the README, the pages of
// docs/ and the package's own README, and its examples, as TypeScript; and what tries out the package's types, whose
// declarations are judged as strictly. Those of some HTTP clients would not bear that.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const fence = /^```js\n(.*?)^```$/gms;
/** A file of a project, with its name in front: tests/release/kit runs those. */
const isFile = /^\/\/ [\w./-]+\.\w+\n/;

/**
 * @param {string} project
 * @param {'node16' | 'bundler'} moduleResolution
 */
export async function compilePapers(project, moduleResolution) {
  const folder = path.join(project, 'papers');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  // The HTTP clients and their types are those that the package is developed with.
  fs.cpSync(path.join(project, 'node_modules', 'seekauth'), path.join(folder, 'node_modules', 'seekauth'), { recursive: true });
  const installed = path.join(root, 'node', 'node_modules');
  for (const name of fs.readdirSync(installed)) {
    if (!name.startsWith('.')) fs.symlinkSync(path.join(installed, name), path.join(folder, 'node_modules', name));
  }
  const docs = fs.readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'));
  let count = 0;
  for (const page of ['README.md', 'node/README.md', ...docs.map((name) => `docs/${name}`)]) {
    for (const [, program = ''] of fs.readFileSync(path.join(root, page), 'utf8').matchAll(fence)) {
      if (isFile.test(program)) continue;
      const extension = /^import /m.test(program) ? 'mts' : 'cts';
      const isTyped = extension === 'mts' ? program : typed(program);
      fs.writeFileSync(path.join(folder, `${page.replaceAll(/\W/g, '_')}_${++count}.${extension}`), isTyped);
    }
  }
  if (count < 10) throw new Error(`the papers have ${count} programs`);
  const examples = path.join(root, 'node', 'examples');
  for (const name of fs.readdirSync(examples).filter((name) => name.endsWith('.mjs'))) {
    fs.copyFileSync(path.join(examples, name), path.join(folder, name.replace(/\.mjs$/, '.mts')));
  }
  const types = path.join(folder, 'types');
  fs.mkdirSync(types);
  fs.copyFileSync(path.join(root, 'node', 'test', 'types.ts'), path.join(types, 'types.cts'));
  fs.copyFileSync(path.join(root, 'node', 'test', 'types.mts'), path.join(types, 'types.mts'));
  const compilerOptions = {
    target: 'es2022',
    module: moduleResolution === 'bundler' ? 'esnext' : 'node16',
    moduleResolution,
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
  };
  await compile(folder, { ...compilerOptions, skipLibCheck: true });
  await compile(types, { ...compilerOptions, lib: ['es2023'] });
}

/**
 * @param {string} folder
 * @param {object} compilerOptions
 */
async function compile(folder, compilerOptions) {
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.cts', '*.mts'] }));
  const tsc = path.join(root, 'node', 'node_modules', '.bin', 'tsc');
  await promisify(execFile)(process.execPath, [fs.realpathSync(tsc), '--project', folder], { encoding: 'utf8' }).catch((error) => {
    throw new Error(`tsc found mistakes\n${error.stdout}${error.stderr}`);
  });
}

/** A CommonJS program as users of TypeScript write it: `require` has no types there. */
function typed(program) {
  return program.replaceAll(/^const (\{[^}]*\}) = require\(('[^']*')\);$/gm, 'import $1 from $2;');
}
