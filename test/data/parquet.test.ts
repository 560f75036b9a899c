import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { ColumnSource } from 'hyparquet-writer';
import type { SchemaElement } from 'hyparquet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ParquetFile } from '../../lib/data/parquet/index.ts';
import type { ColumnKind } from '../../lib/data/parquet/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { medsParquet } from '../support/meds.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let files = 0;

/** Reads columns of a file of these bytes as rows; null where there is no value. */
async function readRows(bytes: Uint8Array, wanted: Record<string, ColumnKind>): Promise<Record<string, unknown>[]> {
  const path = join(folder, `${files++}.parquet`);
  await writeFile(path, bytes);
  const file = await ParquetFile.open(path);
  const result: Record<string, unknown>[] = [];
  try {
    for await (const { firstRow, rows, columns } of file.batches(wanted)) {
      expect(firstRow).toBe(result.length);
      for (let i = 0; i < rows; i++) {
        const entries = Object.entries(columns).map(([name, { values, valid }]) => [
          name,
          valid?.[i] === 0 ? null : values[i],
        ]);
        result.push(Object.fromEntries(entries) as Record<string, unknown>);
      }
    }
    expect(result).toHaveLength(file.rows);
  } finally {
    await file.close();
  }
  return result;
}

/** One column of a type, and what it reads as. */
async function readColumn(
  element: Omit<SchemaElement, 'name'>,
  data: unknown[],
  kind: ColumnKind,
  encoding?: ColumnSource['encoding'],
): Promise<unknown[]> {
  const schema = [
    { name: 'root', num_children: 1 },
    { name: 'x', repetition_type: 'OPTIONAL' as const, ...element },
  ];
  const columnData = [{ name: 'x', data, ...(encoding === undefined ? {} : { encoding }) }];
  const bytes = new Uint8Array(parquetWriteBuffer({ columnData, schema }));
  return (await readRows(bytes, { x: kind })).map(({ x }) => x);
}

const texts = ['A', 'LOINC/2345-7', 'Größe', '体重', '', '�', 'x'.repeat(300)];
const rows = Array.from({ length: 5000 }, (_, i) => ({
  subject_id: 2n ** 62n + BigInt(i % 7),
  time: i % 11 === 0 ? null : -5_000_000_000_000_001n + BigInt(i) * 1_000_001n,
  code: texts[i % texts.length]!,
  numeric_value: i % 3 === 0 ? null : Math.fround(i / 7),
  text_value: i % 5 === 0 ? `note ${i}` : null,
}));
const wanted = {
  subject_id: 'int64',
  time: 'microseconds',
  code: 'text',
  numeric_value: 'float32',
  text_value: 'text',
} as const;

describe('codecs, encodings and layouts give the same rows', () => {
  for (const codec of ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD', 'BROTLI', 'LZ4_RAW'] as const) {
    for (const encoding of [undefined, 'PLAIN'] as const) {
      it.each([
        [5000, 1_000_000],
        [999, 500],
      ])(
        `${codec}, ${encoding ?? 'dictionary'}, %i rows a group, pages of %i bytes`,
        async (rowGroupSize, pageSize) => {
          expect(await readRows(medsParquet(rows, { codec, encoding, rowGroupSize, pageSize }), wanted)).toEqual(rows);
        },
      );
    }
  }

  it.each(['DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY'] as const)('texts as %s', async (encoding) => {
    expect(await readRows(medsParquet(rows, { encoding }), wanted)).toEqual(rows);
  });

  it('any texts and gaps', async () => {
    const column = fc.array(fc.option(fc.string({ unit: 'grapheme' })), { minLength: 1, maxLength: 60 });
    const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
    await fc.assert(
      fc.asyncProperty(
        column,
        fc.constantFrom('PLAIN', 'DELTA_BYTE_ARRAY', 'RLE_DICTIONARY'),
        async (data, encoding) => {
          // A lone surrogate is no text that a file could hold.
          const wellFormed = data.map((one) => (one === null ? null : Buffer.from(one).toString()));
          expect(await readColumn(text, wellFormed, 'text', encoding as 'PLAIN')).toEqual(wellFormed);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('types', () => {
  const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];

  it('whole numbers of 64 bits are exact', async () => {
    const data = [least, most, 0n, null, 2n ** 53n + 1n, -1n];
    for (const encoding of ['PLAIN', 'DELTA_BINARY_PACKED', 'BYTE_STREAM_SPLIT'] as const) {
      expect(await readColumn({ type: 'INT64' }, data, 'int64', encoding)).toEqual(data);
    }
    const small = [-(2 ** 31), 2 ** 31 - 1, null, 7];
    const expected = small.map((one) => (one === null ? null : BigInt(one)));
    for (const encoding of ['PLAIN', 'DELTA_BINARY_PACKED'] as const) {
      expect(await readColumn({ type: 'INT32' }, small, 'int64', encoding)).toEqual(expected);
    }
    const unsigned = { type: 'INT32', converted_type: 'UINT_32' } as const;
    expect(await readColumn(unsigned, [4_294_967_295, 5], 'int64')).toEqual([4_294_967_295n, 5n]);
  });

  it.each([
    ['MILLIS', [-1n, 1_700_000_000_123n], [-1000n, 1_700_000_000_123_000n]],
    ['MICROS', [-1n, most], [-1n, most]],
    ['NANOS', [-1n, -1000n, 1_999n], [-1n, -1n, 1n]],
  ] as const)('timestamps in %s become microseconds', async (unit, data, expected) => {
    for (const isAdjustedToUTC of [true, false]) {
      const element = { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC, unit } } as const;
      expect(await readColumn(element, [...data, null], 'microseconds')).toEqual([...expected, null]);
    }
  });

  it('dates and older timestamps too', async () => {
    const dates = await readColumn({ type: 'INT32', converted_type: 'DATE' }, [-1, 19_000], 'microseconds');
    expect(dates).toEqual([-86_400_000_000n, 19_000n * 86_400_000_000n]);
    const older = await readColumn({ type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' }, [3n], 'microseconds');
    expect(older).toEqual([3000n]);
  });

  it('numbers round to float32 where that was asked for', async () => {
    const data = [28.9, null, NaN, -Infinity, 0.1];
    for (const encoding of ['PLAIN', 'BYTE_STREAM_SPLIT'] as const) {
      const rounded = data.map((one) => (one === null ? null : Math.fround(one)));
      expect(await readColumn({ type: 'DOUBLE' }, data, 'float32', encoding)).toEqual(rounded);
      expect(await readColumn({ type: 'DOUBLE' }, data, 'float64', encoding)).toEqual(data);
    }
    const decimal = { type: 'INT32', converted_type: 'DECIMAL', scale: 2, precision: 9 } as const;
    expect(await readColumn(decimal, [1.25, null], 'float64')).toEqual([1.25, null]);
  });

  it('booleans in bits and in runs', async () => {
    for (const length of [3, 100]) {
      const data = Array.from({ length }, (_, i) => (i % 7 === 0 ? null : i % 3 === 0));
      const expected = data.map((one) => (one === null ? null : Number(one)));
      expect(await readColumn({ type: 'BOOLEAN' }, data, 'boolean')).toEqual(expected);
    }
  });

  it('a column that can hold nothing is one without values', async () => {
    const nothing = { type: 'INT32', logical_type: { type: 'NULL' } } as const;
    expect(await readColumn(nothing, [null, null], 'text')).toEqual([null, null]);
    expect(await readColumn(nothing, [null, null], 'float32')).toEqual([null, null]);
  });
});

describe('refusals name file, column and types', () => {
  it.each([
    ['DOUBLE', { type: 'DOUBLE' }, [1.5], 'int64'],
    ['BYTE_ARRAY (UTF8)', { type: 'BYTE_ARRAY', converted_type: 'UTF8' }, ['a secret'], 'int64'],
    ['INT64', { type: 'INT64' }, [1n], 'microseconds'],
    ['INT64', { type: 'INT64' }, [1n], 'text'],
  ] as const)('%s', async (found, element, data, kind) => {
    const error = await expectClmbrError(
      readColumn(element as Omit<SchemaElement, 'name'>, [...data], kind),
      'INVALID_INPUT',
      '.parquet: column x: expected',
      `found ${found}.`,
    );
    expect(error.message).not.toContain('secret');
  });

  it('a missing column', async () => {
    const bytes = medsParquet(rows.slice(0, 1));
    await expectClmbrError(readRows(bytes, { other: 'text' }), 'INVALID_INPUT', 'column other', 'no such column');
  });

  it.each([
    ['an empty file', '', 'an empty file'],
    ['text', '{"id": 1}', 'a JSON text'],
    ['the start of a Parquet file', 'PAR1 and no more', 'without its end'],
    ['an encrypted file', 'PARE            PARE', 'an encrypted one'],
  ])('%s', async (_, content, found) => {
    await expectClmbrError(readRows(Buffer.from(content), {}), 'INVALID_INPUT', '.parquet: expected', found);
  });

  it('text that is not UTF-8', async () => {
    const data = [Uint8Array.of(0x61, 0xff)];
    await expectClmbrError(readColumn({ type: 'BYTE_ARRAY' }, data, 'text'), 'INVALID_INPUT', 'not UTF-8');
  });
});

it('more distinct texts than are shared', async () => {
  const data = Array.from({ length: 150_000 }, (_, i) => `code ${i % 70_001}`);
  expect(await readColumn({ type: 'BYTE_ARRAY', converted_type: 'UTF8' }, data, 'text', 'PLAIN')).toEqual(data);
});

it('a file that is changed while its rows are read is refused at their end', async () => {
  const path = join(folder, 'changing.parquet');
  await writeFile(path, medsParquet(Array.from({ length: 3000 }, () => ({ subject_id: 1n, time: 0n, code: 'A' }))));
  const file = await ParquetFile.open(path);
  let rows = 0;
  const read = async () => {
    for await (const batch of file.batches({ subject_id: 'int64' })) {
      if (rows === 0) await utimes(path, 1, 1);
      rows += batch.rows;
    }
  };
  await expectClmbrError(read(), 'FILE_UNREADABLE', path, 'was changed');
  expect(rows).toBe(3000);
  await file.close();
});
