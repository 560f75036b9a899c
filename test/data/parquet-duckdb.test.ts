import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from 'vitest';
import { ParquetFile } from '../../lib/data/parquet/index.ts';
import { HeapBudget } from '../../lib/heap.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** Undefined where the optional package is not there. */
const duckdb = await import('@duckdb/node-api').catch(() => undefined);

const rows = 20_000;
const select = `SELECT 9007199254740993 + (i // 10) AS subject_id,
  CASE WHEN i % 10 = 0 THEN NULL ELSE make_timestamp(1500000000000001 + i * 1000003) END AS time,
  CASE WHEN i % 3 = 0 THEN 'LAB//' || (i % 17) ELSE 'note of some length ' || i END AS code,
  CASE WHEN i % 4 = 0 THEN NULL ELSE (i / 7)::FLOAT END AS numeric_value,
  i % 5 = 0 AS boolean_value,
  CASE WHEN i % 6 = 0 THEN NULL ELSE list_transform(range(i % 3), x -> 'P/' || x) END AS parent_codes
  FROM range(${rows}) t(i)`;

describe.runIf(duckdb !== undefined)('files that DuckDB writes', async () => {
  const folder = await temporaryFolder();
  let connection: DuckDBConnection;

  beforeAll(async () => {
    connection = await duckdb!.DuckDBConnection.create();
    return () => connection.closeSync();
  });

  const settings = ['snappy', 'zstd', 'gzip', 'brotli', 'lz4_raw', 'uncompressed'].flatMap((codec) =>
    ['v1', 'v2'].map((version) => [codec, version] as const),
  );

  it.each(settings)('%s, %s', async (codec, version) => {
    const path = join(folder, `${codec}-${version}.parquet`);
    await connection.run(
      `COPY (${select}) TO '${path}' (FORMAT parquet, CODEC '${codec}', PARQUET_VERSION '${version}', ROW_GROUP_SIZE 8192)`,
    );
    const file = await ParquetFile.open(path);
    const wanted = {
      subject_id: 'int64',
      time: 'microseconds',
      code: 'text',
      numeric_value: 'float32',
      boolean_value: 'boolean',
    } as const;
    let i = 0;
    for await (const { rows: count, columns } of file.batches(wanted)) {
      const { subject_id: subject, time, code, numeric_value: number, boolean_value: flag } = columns;
      for (let k = 0; k < count; k++, i++) {
        const found = [
          subject.values[k],
          time.valid?.[k] === 0 ? null : time.values[k],
          code.values[k],
          number.valid?.[k] === 0 ? null : number.values[k],
          flag.values[k],
        ];
        const text = i % 3 === 0 ? `LAB//${i % 17}` : `note of some length ${i}`;
        const when = i % 10 === 0 ? null : 1_500_000_000_000_001n + BigInt(i) * 1_000_003n;
        const value = i % 4 === 0 ? null : Math.fround(i / 7);
        const expected = [9_007_199_254_740_993n + BigInt(Math.floor(i / 10)), when, text, value, Number(i % 5 === 0)];
        if (found.some((one, at) => one !== expected[at])) expect(found).toEqual(expected);
      }
    }
    expect(i).toBe(rows);
    const lists = await file.textLists('parent_codes', new HeapBudget('codes', 'codes'));
    const parents = (row: number) => (row % 6 === 0 ? [] : ['P/0', 'P/1'].slice(0, row % 3));
    expect(lists).toEqual(Array.from({ length: rows }, (_, row) => parents(row)));
    await file.close();
  });
});
