import type { BigIntStats } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { ClmbrError } from '../errors.ts';
import { assertWritableTarget } from '../files/atomic-write.ts';
import { checkString, invalidArgument } from '../options.ts';
import { jsonlMetadataPath, writeJsonl } from './jsonl.ts';
import { npyColumnsPath, writeNpy, writeNpz } from './npz.ts';
import { writeParquet } from './parquet.ts';
import type { RowSource } from './row-source.ts';
import type { WrittenFile } from './rows.ts';
import type { Target } from './target.ts';

/** The forms of output files, by the end of their names. */
export const outputFormats = ['npz', 'npy', 'parquet', 'jsonl'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** The format that a file's name asks for; undefined where it asks for none of them. */
export function outputFormatOf(path: string): OutputFormat | undefined {
  if (typeof path !== 'string') return undefined;
  return outputFormats.find((format) => path.endsWith(`.${format}`) && basename(path) !== `.${format}`);
}

/** @throws ClmbrError `INVALID_ARGUMENT` */
export function checkOutputFormat(path: string): OutputFormat {
  checkString(path, 'target');
  const format = outputFormatOf(path);
  if (format === undefined) throw invalidArgument('target', `a name that ends in .npz, .npy, .parquet or .jsonl`, path);
  return format;
}

const writers: Record<OutputFormat, (source: RowSource, target: Target) => Promise<WrittenFile>> = {
  npz: writeNpz,
  npy: writeNpy,
  parquet: writeParquet,
  jsonl: writeJsonl,
};

/**
 * Writes all rows in the format that the target's name asks for. The same rows and settings give the same bytes.
 *
 * @throws ClmbrError `TARGET_EXISTS`, `WRITE_FAILED`; rejects with the signal's reason when aborted. Nothing half-written is ever at the target.
 */
export function writeOutput(source: RowSource, target: Target): Promise<WrittenFile> {
  return writers[checkOutputFormat(target.path)](source, target);
}

/** Every file that an output consists of; the report is not among them. */
export function outputFilesOf(path: string): string[] {
  const format = checkOutputFormat(path);
  if (format === 'npy') return [path, npyColumnsPath(path)];
  return format === 'jsonl' ? [path, jsonlMetadataPath(path)] : [path];
}

/** Name of the report beside an output: `features.parquet` has `features.report.json`. */
export function reportPathOf(path: string): string {
  const { length } = checkOutputFormat(path);
  return `${path.slice(0, -1 - length)}.report.json`;
}

/** @throws ClmbrError `INVALID_ARGUMENT`, `TARGET_EXISTS`, `WRITE_FAILED` before anything is computed */
export async function assertWritableOutput(path: string, overwrite: boolean): Promise<void> {
  for (const file of outputFilesOf(path)) await assertWritableTarget(file, overwrite);
}

/**
 * Refuses an output that would take the place of what it is made of: `clmbr embed m.gguf patients.jsonl --out patients.jsonl`.
 *
 * @throws ClmbrError `INVALID_ARGUMENT`
 */
export async function assertNoInput(path: string, inputs: readonly string[]): Promise<void> {
  const idOf = (status: BigIntStats | null): string | null => status && `${status.dev}:${status.ino}`;
  // A link is replaced itself, and not what it leads to.
  const outputs = [...outputFilesOf(path), reportPathOf(path)].map((file) =>
    lstat(file, { bigint: true }).catch(() => null),
  );
  const taken = new Set((await Promise.all(outputs)).map(idOf));
  for (const input of inputs) {
    const id = idOf(await stat(input, { bigint: true }).catch(() => null));
    if (id === null || !taken.has(id)) continue;
    const message = `out: expected another file than those that are read, found ${path}, which would replace ${input}.`;
    throw new ClmbrError('INVALID_ARGUMENT', message, { details: { path, input } });
  }
}
