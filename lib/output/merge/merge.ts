import { basename } from 'node:path';
import {
  checkArray,
  checkBoolean,
  checkOptions,
  checkSignal,
  checkString,
  invalidArgument,
  optional,
} from '../../options.ts';
import {
  assertNoInput,
  assertWritableOutput,
  checkOutputFormat,
  outputFilesOf,
  outputFormatOf,
  reportPathOf,
  writeOutput,
} from '../format.ts';
import type { OutputFormat } from '../format.ts';
import type { OutputMetadata } from '../metadata.ts';
import type { OutputRow, PlacedRows, WrittenFile } from '../rows.ts';
import { emptySummary, joinSummaries } from '../summary.ts';
import type { Target } from '../target.ts';
import { assertShardsOfOneRun, mismatch } from './check-shards.ts';
import { mergeJsonl } from './merge-jsonl.ts';
import { mergeSorted } from './merge-sorted.ts';
import { openNumpyShard } from './npz-shard.ts';
import { openParquetShard } from './parquet-shard.ts';
import type { ShardFile } from './shard-file.ts';

export interface MergeOptions {
  /** Replace a file that is there already. Default false. */
  overwrite?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Puts the outputs of all shards of a run together. The file is the one that the run writes without shards, byte by byte; memory does not grow
 * with the rows. Files of NumPy and JSON Lines need what lies beside them.
 *
 * @param names outputs of all shards, in any order and of the target's format
 * @throws ClmbrError `SHARD_MISMATCH` when a shard is missing, there twice, or of another run; `INVALID_ARGUMENT`, `FILE_UNREADABLE`,
 *   `TARGET_EXISTS`, `WRITE_FAILED`
 */
export async function mergeOutputs(
  names: readonly string[],
  target: string,
  given: MergeOptions = {},
): Promise<WrittenFile> {
  const options = checkOptions<MergeOptions>(given, 'options', ['overwrite', 'signal']);
  optional(options.overwrite, false, (value) => checkBoolean(value, 'overwrite'));
  optional(options.signal, undefined, (value) => checkSignal(value, 'signal'));
  const paths = checkArray(names, 'paths', 'names of files').map((path) => checkString(path, 'paths'));
  const format = checkOutputFormat(target);
  for (const path of paths)
    if (outputFormatOf(path) !== format) throw invalidArgument('shards', `names that end in .${format}`, path);
  await assertWritableOutput(target, options.overwrite ?? false);
  await assertNoInput(target, paths.flatMap(outputFilesOf));
  const { signal, overwrite } = options;
  const place: Target = { path: target, settings: { overwrite }, signal };
  if (format === 'jsonl')
    return mergeJsonl(paths, place, (files) => wholeMetadata(assertShardsOfOneRun(files), files, target));
  const shards: ShardFile[] = [];
  try {
    for (const path of paths) shards.push(await openers[format](path));
    return await mergeShards(shards, place);
  } finally {
    for (const shard of shards) await shard.close();
  }
}

const openers: Record<Exclude<OutputFormat, 'jsonl'>, (path: string) => Promise<ShardFile>> = {
  npz: openNumpyShard,
  npy: openNumpyShard,
  parquet: openParquetShard,
};

/** With the name that the report of the whole run has. */
function wholeMetadata(
  common: OutputMetadata,
  files: readonly { metadata: OutputMetadata }[],
  target: string,
): OutputMetadata {
  if (!files.some(({ metadata }) => metadata.report !== undefined)) return common;
  // In the place where the shards have it: the order of names is a part of the bytes.
  const names = Object.keys(files[0]!.metadata).filter((name) => name !== 'shard');
  return Object.fromEntries(
    names.map((name) => [name, name === 'report' ? basename(reportPathOf(target)) : common[name]]),
  );
}

function mergeShards(shards: readonly ShardFile[], place: Target): Promise<WrittenFile> {
  const metadata = wholeMetadata(assertShardsOfOneRun(shards), shards, place.path);
  const summary = shards.map((shard) => shard.summary).reduce(joinSummaries, emptySummary());
  for (const { path, label, summary: own } of shards)
    if (label !== shards[0]!.label || (own.rows > 0 && own.dimensions !== firstWidth(shards)))
      throw mismatch(`${path} has other columns than ${shards[0]!.path}.`);
  // Without rows an npz file still knows how wide they would be.
  const dimensions = summary.dimensions ?? undefined;
  const settings = { ...place.settings, metadata, label: shards[0]!.label, dimensions, rowNumbers: false };
  return writeOutput({ summary, batches: () => mergedBatches(shards) }, { ...place, settings });
}

function firstWidth(shards: readonly ShardFile[]): number | null {
  return shards.find(({ summary }) => summary.rows > 0)?.summary.dimensions ?? null;
}

const batchBytes = 1024 * 1024;

async function* mergedBatches(shards: readonly ShardFile[]): AsyncGenerator<PlacedRows, void, undefined> {
  let batch: MergedRow[] = [];
  let previous = -1;
  for await (const { item, key } of mergeSorted(shards.map(eachRow), ({ position }) => position)) {
    if (key === previous) throw mismatch(`Row ${key} is in two of the shards.`);
    if (key < previous) throw mismatch('The rows of a shard are not in order.');
    previous = key;
    batch.push(item);
    if (batch.length * item.vector.byteLength < batchBytes) continue;
    yield rowsOf(batch);
    batch = [];
  }
  if (batch.length > 0) yield rowsOf(batch);
}

interface MergedRow {
  row: OutputRow;
  position: number;
  vector: Float32Array;
}

async function* eachRow(shard: ShardFile): AsyncGenerator<MergedRow, void, undefined> {
  for await (const { rows, positions, data, dimensions } of shard.batches())
    for (const [i, row] of rows.entries())
      yield { row, position: positions[i]!, vector: data.subarray(i * dimensions, (i + 1) * dimensions) };
}

function rowsOf(batch: readonly MergedRow[]): PlacedRows {
  const dimensions = batch[0]!.vector.length;
  const data = new Float32Array(batch.length * dimensions);
  for (const [i, { vector }] of batch.entries()) data.set(vector, i * dimensions);
  return { data, dimensions, rows: batch.map(({ row }) => row), positions: batch.map(({ position }) => position) };
}
