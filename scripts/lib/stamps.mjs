import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot, root } from './paths.mjs';

/** Folders that tools leave behind. */
const skipped = new Set(['node_modules', '__pycache__', '.venv']);

/** Files under the given paths (files or folders, relative to the root), sorted; what does not exist is left out. */
export function listFiles(paths, keep = () => true) {
  const found = [];
  const visit = (relative) => {
    const absolute = inRoot(relative);
    if (!existsSync(absolute)) return;
    if (statSync(absolute).isDirectory()) {
      for (const name of readdirSync(absolute).sort()) {
        if (!skipped.has(name)) visit(path.posix.join(relative, name));
      }
    } else if (keep(relative)) found.push(relative);
  };
  for (const relative of paths) visit(relative);
  return found.sort();
}

/** Digest of names and contents of files, and of `extra` (whatever else decides the outcome). */
export function digestOf(files, extra = '') {
  const hash = createHash('sha256').update(JSON.stringify(extra));
  for (const file of files) {
    const content = readFileSync(path.join(root, file));
    hash.update(`\0${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

// Under build/, so that removing the build removes the claim that it is up to date.
const stampFile = (name) => inRoot('build', 'stamps', name);

export function isCurrent(name, digest) {
  const file = stampFile(name);
  return existsSync(file) && readFileSync(file, 'utf8') === digest;
}

export function setStamp(name, digest) {
  const file = stampFile(name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, digest);
}

export function clearStamp(name) {
  rmSync(stampFile(name), { force: true });
}
