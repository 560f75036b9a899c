import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CompressionCodec, SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { ColumnSource } from 'hyparquet-writer';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** A row of MEDS; a time is microseconds since 1970. */
export interface MedsRow {
  subject_id: bigint | null;
  time: bigint | null;
  code: string | null;
  numeric_value?: number | null;
  text_value?: string | null;
  unit?: string | null;
}

export interface WriteOptions {
  codec?: CompressionCodec;
  rowGroupSize?: number;
  pageSize?: number;
  /** Of texts; without it a dictionary where it pays. */
  encoding?: ColumnSource['encoding'];
  timeUnit?: 'MILLIS' | 'MICROS' | 'NANOS';
}

/** A Zstandard frame of blocks that are not compressed. */
export function storeZstd(bytes: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = [];
  const header = new DataView(new ArrayBuffer(9));
  header.setUint32(0, 0xfd2fb528, true);
  header.setUint8(4, 0xa0);
  header.setUint32(5, bytes.length, true);
  for (let at = 0; at === 0 || at < bytes.length; at += 100_000) {
    const block = bytes.subarray(at, at + 100_000);
    const start = (block.length << 3) | (at + 100_000 >= bytes.length ? 1 : 0);
    blocks.push(Uint8Array.of(start & 255, (start >> 8) & 255, start >> 16), block);
  }
  return Buffer.concat([new Uint8Array(header.buffer), ...blocks]);
}

/** An LZ4 block of one literal. */
export function storeLz4(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 15) return Buffer.concat([Uint8Array.of(bytes.length << 4), bytes]);
  const more = bytes.length - 15;
  const lengths = [...new Array<number>(Math.floor(more / 255)).fill(255), more % 255];
  return Buffer.concat([Uint8Array.of(0xf0), Uint8Array.from(lengths), bytes]);
}

export const compressors = {
  GZIP: (bytes: Uint8Array): Uint8Array => gzipSync(bytes),
  BROTLI: (bytes: Uint8Array): Uint8Array => brotliCompressSync(bytes),
  ZSTD: storeZstd,
  LZ4_RAW: storeLz4,
};

/** A Parquet file of MEDS events with the columns that any row has. */
export function medsParquet(rows: readonly MedsRow[], options: WriteOptions = {}): Uint8Array {
  const { codec = 'SNAPPY', rowGroupSize = 1000, pageSize, encoding, timeUnit = 'MICROS' } = options;
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
  const types: Record<keyof MedsRow, Omit<SchemaElement, 'name'>> = {
    subject_id: { type: 'INT64' },
    time: { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: timeUnit } },
    code: text,
    numeric_value: { type: 'FLOAT' },
    text_value: text,
    unit: text,
  };
  const names = Object.keys(types) as (keyof MedsRow)[];
  const used = names.filter((name, i) => i < 3 || rows.some((row) => row[name] !== undefined));
  const columnData = used.map((name) => ({
    name,
    data: rows.map((row) => row[name] ?? null),
    ...(types[name].type === 'BYTE_ARRAY' && encoding !== undefined ? { encoding } : {}),
  }));
  const schema: SchemaElement[] = [{ name: 'root', num_children: used.length }];
  for (const name of used) schema.push({ name, repetition_type: 'OPTIONAL', ...types[name] });
  return new Uint8Array(parquetWriteBuffer({ columnData, schema, codec, compressors, rowGroupSize, pageSize }));
}

/** Writes files under a folder, by their paths. */
export async function writeFiles(folder: string, files: Record<string, Uint8Array | string>): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** Metadata of codes: parents, descriptions. */
export function codesParquet(codes: readonly { code: string; parents?: string[]; description?: string }[]): Uint8Array {
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' } as const;
  const schema: SchemaElement[] = [
    { name: 'root', num_children: 3 },
    { name: 'code', ...text },
    { name: 'description', ...text },
    { name: 'parent_codes', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', ...text },
  ];
  const columnData = [
    { name: 'code', data: codes.map(({ code }) => code) },
    { name: 'description', data: codes.map(({ description }) => description ?? null) },
    { name: 'parent_codes', data: codes.map(({ parents }) => parents ?? null) },
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData, schema }));
}

/** Which split each subject belongs to. */
export function splitsParquet(splits: readonly [bigint, string][]): Uint8Array {
  const columnData = [
    { name: 'subject_id', data: splits.map(([id]) => id), type: 'INT64' as const },
    { name: 'split', data: splits.map(([, split]) => split), type: 'STRING' as const },
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
