import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inRoot } from '../paths.mjs';
import { StepError } from '../report.mjs';

/**
 * Lays out the package as npm would install it, in a temporary folder: without the checkout's build/Release, which
 * node-gyp-build would prefer to prebuilds/.
 * @returns {string} the folder of the package
 */
export function stagePackage() {
  for (const part of ['dist', path.join('prebuilds', 'manifest.json')])
    if (!existsSync(inRoot(part)))
      throw new StepError(`There is no ${part}: run \`npm run build\` and \`npm run prebuild\` first.`);
  const packages = path.join(mkdtempSync(path.join(tmpdir(), 'clmbr-prebuild-')), 'node_modules');
  const staged = path.join(packages, 'clmbr');
  mkdirSync(staged, { recursive: true });
  for (const part of ['package.json', 'dist', 'prebuilds', path.join('examples', 'demo')])
    cpSync(inRoot(part), path.join(staged, part), { recursive: true });
  const lock = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8'));
  for (const [where, entry] of Object.entries(lock.packages))
    if (where.startsWith('node_modules/') && !entry.dev && existsSync(inRoot(where)))
      cpSync(inRoot(where), path.join(packages, where.slice('node_modules/'.length)), { recursive: true });
  return staged;
}
