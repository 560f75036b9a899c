import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ClmbrError } from '../../errors.ts';
import { filesBelow, sizeOfFile } from '../../files/folder.ts';
import { unreadable } from '../../files/input-file.ts';
import { tableNames } from './tables.ts';

export type FileFormat = 'csv' | 'parquet';

/** Where a table of a folder lies: one file, or all files of a folder. */
export interface TableFiles {
  table: string;
  format: FileFormat;
  /** Absolute paths without symbolic links, sorted. */
  files: readonly string[];
}

const formats: [ending: RegExp, format: FileFormat][] = [
  [/\.(csv|tsv|txt)(\.gz)?$/i, 'csv'],
  [/\.(parquet|parq|pq)$/i, 'parquet'],
];

/**
 * Finds the tables of a CDM in a folder, in any letter case: `PERSON.csv`, `measurement.parquet`, or a folder `measurement` (or
 * `measurement.parquet`) of parts. Everything else is left alone.
 *
 * @throws ClmbrError `INVALID_INPUT` when a table is there twice or in two formats, `FILE_UNREADABLE`
 */
export async function findTables(folder: string): Promise<TableFiles[]> {
  const found = new Map<string, { path: string; files: TableFiles }>();
  for (const name of (await attempt(folder, readdir(folder))).sort()) {
    const table = name.toLowerCase().replace(/\.(csv|tsv|txt|parquet|parq|pq)(\.gz)?$/, '');
    if (!tableNames.includes(table)) continue;
    const files = await filesOf(table, join(folder, name));
    if (files === undefined) continue;
    const other = found.get(table);
    if (other !== undefined)
      throw new ClmbrError(
        'INVALID_INPUT',
        `${folder}: expected the table ${table} once, found ${other.path} and ${join(folder, name)}.`,
      );
    found.set(table, { path: join(folder, name), files });
  }
  if (!found.has('person')) throw noPerson(folder);
  return tableNames.flatMap((table) => found.get(table)?.files ?? []);
}

export function noPerson(path: string): ClmbrError {
  return new ClmbrError(
    'INVALID_INPUT',
    `${path}: expected tables of the OMOP CDM, PERSON among them, found no PERSON.`,
    { details: { path } },
  );
}

async function filesOf(table: string, path: string): Promise<TableFiles | undefined> {
  const isFolder = (await attempt(path, stat(path))).isDirectory();
  const format = formatOf(path);
  if (!isFolder) return format && { table, format, files: [await realFile(path)] };
  // Marks of Spark and of file systems are ignored: `_SUCCESS`, `.part-0.crc`.
  const parts = (await filesBelow(path, /^[._]/)).filter((part) => formatOf(part) !== undefined);
  const kinds = [...new Set(parts.map(formatOf))];
  if (kinds.length > 1)
    throw new ClmbrError('INVALID_INPUT', `${path}: expected parts in one format, found CSV and Parquet.`);
  return parts.length === 0 ? undefined : { table, format: kinds[0]!, files: await Promise.all(parts.map(realFile)) };
}

async function realFile(path: string): Promise<string> {
  await sizeOfFile(path);
  return attempt(path, realpath(path));
}

function formatOf(path: string): FileFormat | undefined {
  return formats.find(([ending]) => ending.test(path))?.[1];
}

async function attempt<T>(path: string, action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
