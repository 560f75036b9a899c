// The package loaded by import and by require, and two copies of it with an addon each, all at work at once.
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { digest, few } from './shared.mjs';

const [path] = process.argv.slice(2);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'clmbr-twice-'));

/** A copy as npm would install it: with an addon of its own, and the dependencies beside it. */
async function install(modules) {
  const target = join(modules, 'clmbr');
  await mkdir(join(target, 'build', 'Release'), { recursive: true });
  const prebuild = process.env.CLMBR_PREBUILD || root;
  await cp(join(prebuild, 'build', 'Release', 'clmbr.node'), join(target, 'build', 'Release', 'clmbr.node'));
  await cp(join(root, 'dist'), join(target, 'dist'), { recursive: true });
  await cp(join(root, 'package.json'), join(target, 'package.json'));
  for (const name of await readdir(join(root, 'node_modules')))
    if (!name.startsWith('.')) await symlink(join(root, 'node_modules', name), join(modules, name), 'dir');
  return join(target, 'dist', 'index.js');
}

const first = await install(join(folder, 'node_modules'));
const second = await install(join(folder, 'node_modules', 'other', 'node_modules'));
delete process.env.CLMBR_PREBUILD;
const packages = [
  await import(pathToFileURL(first).href),
  await import(pathToFileURL(second).href),
  createRequire(join(folder, 'program.cjs'))('clmbr'),
];
assert.notEqual(packages[0], packages[1]);

const models = await Promise.all(packages.map(({ loadModel }) => loadModel(path)));
const results = await Promise.all(models.map((model) => model.embed(few)));
const digests = new Set(results.map(({ data }) => digest(data)));
assert.equal(digests.size, 1);
await models[0].dispose();
assert.ok(digests.has(digest((await models[1].embed(few)).data)));
await rm(folder, { recursive: true });
// The others are never disposed of: the process ends all the same.
console.log('ok');
