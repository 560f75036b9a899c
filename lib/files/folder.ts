import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { unreadable } from './input-file.ts';

/**
 * Everything of a folder that is no folder itself, at any depth, in the order of the paths (compared by code units). Links are followed, and each
 * folder is visited once: links may go round in a circle, or lead to one folder by thousands of ways.
 *
 * @param ignored names of files and folders that are left alone
 * @throws ClmbrError `FILE_UNREADABLE`
 */
export async function filesBelow(folder: string, ignored = /^\./): Promise<string[]> {
  const found: string[] = [];
  const seen = new Set<string>();
  const folders = [folder];
  // They come last: where one leads to what is in the folder anyway, that keeps its own name.
  const links: string[] = [];
  for (let next = folders.pop(); next !== undefined; next = folders.pop() ?? links.shift()) {
    const path = next;
    const attempt = <T>(action: Promise<T>) =>
      action.catch((cause: unknown) => Promise.reject(unreadable(path, cause)));
    const real = await attempt(realpath(path));
    if (seen.has(real)) continue;
    seen.add(real);
    for (const entry of await attempt(readdir(path, { withFileTypes: true }))) {
      if (ignored.test(entry.name)) continue;
      const inside = join(path, entry.name);
      if (entry.isDirectory()) folders.push(inside);
      else if (await leadsToFolder(inside, entry)) links.push(inside);
      else found.push(inside);
    }
  }
  // As on systems with other separators.
  return found.sort((a, b) => (a.replaceAll(sep, '/') < b.replaceAll(sep, '/') ? -1 : 1));
}

/** False for a link to nothing: whoever needs the file says so. */
async function leadsToFolder(path: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return false;
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}

/**
 * Bytes of a file that was found in a folder.
 *
 * @throws ClmbrError `FILE_UNREADABLE`, also for a pipe or a device: nobody meant to name those, and reading one may never end
 */
export async function sizeOfFile(path: string): Promise<number> {
  try {
    const status = await stat(path);
    if (!status.isFile()) throw new Error(status.isDirectory() ? 'it is a folder' : 'it is not a regular file');
    return status.size;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Files by the end of their names. */
export function named(paths: readonly string[], ending: RegExp): string[] {
  return paths.filter((path) => ending.test(basename(path)));
}
