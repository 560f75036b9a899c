import type { AsyncBuffer, FileMetaData, ParquetParsers } from 'hyparquet';
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { readLayout } from '../../data/parquet/footer.ts';
import { ClmbrError } from '../../errors.ts';
import { InputFile } from '../../files/input-file.ts';
import { metadataKey } from '../parquet-sink.ts';
import type { LabelName, LabelValue, OutputRow, PlacedRows } from '../rows.ts';
import { emptySummary } from '../summary.ts';
import { labelNames, parseMetadata, shardBatchBytes, unreadableShard } from './shard-file.ts';
import type { ShardFile } from './shard-file.ts';

/** Times stay what they are in the file, microseconds. */
const parsers: Partial<ParquetParsers> = { timestampFromMicroseconds: (microseconds) => microseconds };

export async function openParquetShard(path: string): Promise<ShardFile> {
  const file = await InputFile.open(path);
  try {
    await assertSound(file);
    const buffer = bufferOf(file);
    const parquet = await reading(path, () => parquetMetadataAsync(buffer));
    const text = parquet.key_value_metadata?.find(({ key }) => key === metadataKey)?.value;
    const metadata = parseMetadata(path, text);
    const label = labelNames.find((name) => parquet.schema.some((element) => element.name === name));
    const dimensions = await reading(path, () => widthOf(buffer, parquet));
    const integerIds = parquet.schema.find(({ name }) => name === 'subject_id')?.type === 'INT64';
    const rows = parquet.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
    const summary = { ...emptySummary(), rows, dimensions, integerIds };
    const batches = () => readShard(path, buffer, parquet, label, dimensions ?? 0);
    return { path, metadata, label, summary, batches, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The library believes what a file says of itself. */
async function assertSound(file: InputFile): Promise<void> {
  const { rows } = await readLayout(file).catch((error: unknown) => {
    throw (error as ClmbrError).code === 'INVALID_INPUT' ? notWhole(file.path) : error;
  });
  // Each row has a number of its own, which takes a bit at least.
  if (rows > 8 * file.size) throw notWhole(file.path);
}

/** It trips over broken files in many ways, and all of them mean the same. */
async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof ClmbrError ? error : notWhole(path);
  }
}

function notWhole(path: string): ClmbrError {
  return unreadableShard(path, 'it is no Parquet file, or not a whole one');
}

function bufferOf(file: InputFile): AsyncBuffer {
  return {
    byteLength: file.size,
    async slice(start, end = file.size) {
      const from = start < 0 ? file.size + start : start;
      const bytes = new Uint8Array(Math.min(end, file.size) - from);
      await file.read(bytes, from);
      return bytes.buffer;
    },
  };
}

/** Null without rows. */
async function widthOf(file: AsyncBuffer, metadata: FileMetaData): Promise<number | null> {
  const [first] = await parquetReadObjects({ ...{ file, metadata, columns: ['representation'] }, rowEnd: 1 });
  return first === undefined ? null : (first as unknown as Fields).representation.length;
}

async function* readShard(
  path: string,
  file: AsyncBuffer,
  metadata: FileMetaData,
  label: LabelName | undefined,
  dimensions: number,
): AsyncGenerator<PlacedRows, void, undefined> {
  const step = Math.max(1, Math.floor(shardBatchBytes / Math.max(4, 4 * dimensions)));
  const columns = label === undefined ? plainColumns : [...plainColumns, label];
  let groupStart = 0;
  for (const group of metadata.row_groups) {
    const groupEnd = groupStart + Number(group.num_rows);
    for (let rowStart = groupStart; rowStart < groupEnd; rowStart += step) {
      const range = { rowStart, rowEnd: Math.min(groupEnd, rowStart + step), useOffsetIndex: true };
      const records: Fields[] = Array.from({ length: range.rowEnd - rowStart }, () => ({}) as Fields);
      // One at a time: where two columns are broken, nobody waits for the second error, which would end the process.
      for (const name of columns) {
        const read = () => parquetReadObjects({ file, metadata, parsers, ...range, columns: [name] });
        const values = await reading(path, read);
        for (const [i, record] of records.entries()) Object.assign(record, values[i]);
      }
      if (!records.every((row) => isRow(row, dimensions))) throw unreadableShard(path, 'a part of it cannot be read');
      yield rowsOf(records, label, dimensions);
    }
    groupStart = groupEnd;
  }
}

const plainColumns = ['subject_id', 'prediction_time', 'tokens', 'truncated', 'dropped', 'row', 'representation'];

type Fields = Partial<Record<LabelName, LabelValue>> & {
  subject_id: bigint | string;
  prediction_time: bigint | null | undefined;
  tokens: number;
  truncated: boolean;
  dropped: number;
  row: bigint;
  representation: number[];
};

function isRow(row: Fields, dimensions: number): boolean {
  const { subject_id: id, prediction_time: time, representation: vector } = row;
  return (
    (typeof id === 'bigint' || typeof id === 'string') &&
    (time === null || time === undefined || typeof time === 'bigint') &&
    Number.isInteger(row.tokens) &&
    Number.isInteger(row.dropped) &&
    typeof row.truncated === 'boolean' &&
    typeof row.row === 'bigint' &&
    vector?.length === dimensions &&
    vector.every((number) => typeof number === 'number') &&
    labelNames.every((name) => row[name] === undefined || row[name] === null || typeof row[name] === labelTypes[name])
  );
}

const labelTypes: Record<LabelName, string> = {
  boolean_value: 'boolean',
  integer_value: 'bigint',
  float_value: 'number',
  categorical_value: 'string',
};

function rowsOf(records: readonly Fields[], label: LabelName | undefined, dimensions: number): PlacedRows {
  const data = new Float32Array(records.length * dimensions);
  const rows = records.map((record, i): OutputRow => {
    data.set(record.representation, i * dimensions);
    const { subject_id: patient, prediction_time: time, tokens, truncated, dropped } = record;
    const row: OutputRow = { patient, time: time ?? null, tokens, truncated, dropped };
    if (label !== undefined) row.label = record[label] ?? null;
    return row;
  });
  return { data, dimensions, rows, positions: records.map(({ row }) => Number(row)) };
}
