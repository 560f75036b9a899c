import { existsSync, readFileSync } from 'node:fs';
import { inRoot } from './paths.mjs';
import { npm } from './process.mjs';
import { StepError, say, step } from './report.mjs';

/**
 * Whether node_modules holds what the lock file asks for. npm keeps its own account of what it installed in
 * node_modules/.package-lock.json; a folder that was deleted by hand counts as missing.
 */
export function isInstalled(lock, installed, exists) {
  return Object.entries(lock.packages).every(([where, entry]) => {
    if (where === '' || entry.link) return true;
    const there = installed.packages[where];
    // Optional packages are those of other platforms.
    if (!there) return entry.optional === true;
    return there.version === entry.version && there.integrity === entry.integrity && exists(where);
  });
}

function upToDate() {
  const account = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(account)) return false;
  const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
  return isInstalled(read(inRoot('package-lock.json')), read(account), (where) => existsSync(inRoot(where)));
}

export async function installDependencies() {
  if (upToDate()) {
    say('> npm packages: up to date');
    return;
  }
  await step('npm packages: npm ci', async () => {
    // Nothing that we depend on needs an install script.
    const { code, output, missing } = await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
    if (missing) throw new StepError('npm is missing; it comes with Node.js.');
    if (code !== 0) throw new StepError(`npm ci failed:\n${output.trim()}`);
  });
}
