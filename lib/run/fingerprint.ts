import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { checkArray, checkString } from '../options.ts';
import { unreadable } from '../files/input-file.ts';

/** What is known of files without reading them. */
export interface FilesFingerprint {
  files: number;
  bytes: number;
  /** Of names and sizes: the same for a copy on another machine. */
  names: string;
  /** Of full names, sizes and times of change: another one when somebody touched a file. */
  exact: string;
}

/**
 * Tells whether files are still the same, by name, size and time of change.
 *
 * @param folder names count from here
 * @throws ClmbrError `FILE_UNREADABLE`
 */
export async function fingerprintFiles(given: readonly string[], folder = '.'): Promise<FilesFingerprint> {
  checkString(folder, 'folder');
  const paths = checkArray(given, 'paths', 'names of files').map((path) => checkString(path, 'paths'));
  const names = createHash('sha256');
  const exact = createHash('sha256');
  let bytes = 0;
  for (const path of paths) {
    const status = await stat(path, { bigint: true }).catch((cause: unknown) => {
      throw unreadable(path, cause);
    });
    bytes += Number(status.size);
    names.update(`${JSON.stringify([relative(folder, path), Number(status.size)])}\n`);
    exact.update(`${JSON.stringify([resolve(path), Number(status.size), String(status.mtimeNs)])}\n`);
  }
  return { files: paths.length, bytes, names: names.digest('hex'), exact: exact.digest('hex') };
}
