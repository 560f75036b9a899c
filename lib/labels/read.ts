import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetFiles } from '../data/meds/index.ts';
import { ClmbrError } from '../errors.ts';
import { unreadable } from '../files/input-file.ts';
import { HeapBudget } from '../heap.ts';
import { checkOptions, checkSignal, checkString, optional } from '../options.ts';
import { LabelBuilder } from './builder.ts';
import { readCsvLabels } from './csv.ts';
import { readParquetLabels } from './parquet.ts';
import type { LabelTable } from './table.ts';

export interface ReadLabelsOptions {
  /** Stops reading and rejects with its reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Reads label times of patients: a MEDS label file, or a folder of them (`*.parquet` at any depth, in the order of their paths), or a CSV file
 * with a header line. Columns: `subject_id` (or `patient_id`, `person_id`; whole numbers or text), `prediction_time` (or `time`), and any of
 * `boolean_value`, `integer_value`, `float_value` and `categorical_value`; those with a value in any row are kept. Times without an offset are UTC.
 *
 * @throws ClmbrError `INVALID_INPUT` that names file, row and column, and never a value, or where there are more rows than memory holds (some
 *   160 bytes each); `FILE_UNREADABLE`
 */
export async function readLabels(path: string, options: ReadLabelsOptions = {}): Promise<LabelTable> {
  checkString(path, 'path');
  const given = checkOptions<ReadLabelsOptions>(options, 'options', ['signal']);
  const signal = optional(given.signal, undefined, (value) => checkSignal(value, 'signal'));
  const builder = new LabelBuilder(new HeapBudget(path, 'labels'));
  for (const file of await labelFiles(path)) {
    signal?.throwIfAborted();
    if (await isParquet(file)) await readParquetLabels(file, builder, signal);
    else await readCsvLabels(file, builder, signal);
  }
  return builder.finish();
}

async function labelFiles(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const parquet = await parquetFiles(path);
    if (parquet.length > 0) return parquet;
    const tables = (await readdir(path)).filter((name) => name.toLowerCase().endsWith('.csv')).sort();
    if (tables.length > 0) return tables.map((name) => join(path, name));
  } catch (cause) {
    throw cause instanceof ClmbrError ? cause : unreadable(path, cause);
  }
  throw new ClmbrError('INVALID_INPUT', `${path}: expected label files (*.parquet or *.csv), found none.`);
}

async function isParquet(path: string): Promise<boolean> {
  if (path.toLowerCase().endsWith('.parquet')) return true;
  if (!(await stat(path)).isFile()) return false;
  const file = await open(path, 'r').catch((cause: unknown) => Promise.reject(unreadable(path, cause)));
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.equals(Buffer.from('PAR1'));
  } finally {
    await file.close();
  }
}
