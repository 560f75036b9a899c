import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { ClmbrError } from '../errors.ts';
import { filesBelow, named } from '../files/folder.ts';
import { InputFile, unreadable } from '../files/input-file.ts';
import type { DataKind } from './dataset.ts';

const expected =
  'JSON Lines of patients, a MEDS folder (data/**/*.parquet) or Parquet file, an OMOP folder (person.csv or person.parquet) or DuckDB file, or FHIR bundles (.json) or bulk data (.ndjson)';

/**
 * Tells the form of data by names and first bytes.
 *
 * @throws ClmbrError `INVALID_INPUT` that says what was found and what was expected; `FILE_UNREADABLE`
 */
export async function recogniseData(path: string): Promise<DataKind> {
  if (path === '-') return 'jsonl';
  const status = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  // Looking into a pipe would take something out of it.
  if (!status.isDirectory()) return status.isFile() ? recogniseFile(path) : 'jsonl';
  return recogniseFolder(path);
}

async function recogniseFile(path: string): Promise<DataKind> {
  const name = basename(path).toLowerCase();
  if (name.endsWith('.parquet')) return 'meds';
  if (/\.(duckdb|db)$/.test(name)) return 'omop';
  const text = await firstText(path);
  if (mentionsResource(text)) return 'fhir';
  if (/\.(jsonl|ndjson)(\.gz)?$/.test(name) || /^[\s\ufeff]*\{/.test(text)) return 'jsonl';
  const advice = name.startsWith('person.') ? '; give the folder of an OMOP CDM' : '';
  throw new ClmbrError('INVALID_INPUT', `${path}: expected ${expected}, found another file${advice}.`, {
    details: { path },
  });
}

async function recogniseFolder(path: string): Promise<DataKind> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (entries.some(({ name }) => /^person(\.csv|\.csv\.gz|\.parquet)?$/i.test(name))) return 'omop';
  // Looked at alone: what lies beside it may be closed to us (`lost+found`).
  const data = await filesBelow(join(path, 'data')).catch(() => []);
  if (named(data, /\.parquet$/i).length > 0) return 'meds';
  const names = await filesBelow(path);
  for (const file of named(names, /\.(json|ndjson|jsonl)(\.gz)?$/i)) {
    const text = await firstText(file).catch(() => '');
    if (mentionsResource(text)) return 'fhir';
  }
  throw new ClmbrError('INVALID_INPUT', `${path}: expected ${expected}, found ${describe(names)}.`, {
    details: { path },
  });
}

/** Kinds of files with their number: their names may be those of patients. */
function describe(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) {
    const extension = extname(name).toLowerCase();
    if (/^\.[a-z0-9]{1,10}$/.test(extension)) counts.set(extension, (counts.get(extension) ?? 0) + 1);
  }
  if (counts.size === 0) return names.length === 0 ? 'an empty folder' : 'other files';
  const parts = [...counts].sort(([, a], [, b]) => b - a).slice(0, 5);
  return `a folder with ${parts.map(([extension, count]) => `${count} ${extension}`).join(', ')}`;
}

const mentionsResource = (text: string): boolean => /^[\s\ufeff]*\{/.test(text) && text.includes('"resourceType"');

const headBytes = 64 * 1024;

/** The beginning of a file, unpacked where it is packed. */
async function firstText(path: string): Promise<string> {
  const file = await InputFile.open(path);
  try {
    const head = Buffer.from(await file.head(headBytes));
    const isPacked = head[0] === 0x1f && head[1] === 0x8b;
    return (isPacked ? unpackStart(head) : head).toString('utf8');
  } finally {
    await file.close();
  }
}

function unpackStart(head: Buffer): Buffer {
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 64 * headBytes });
  } catch {
    return Buffer.alloc(0);
  }
}
