import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { describe, expect, it, vi } from 'vitest';
import { createRowWriter, reportPathOf } from '../../lib/output/index.ts';
import type { LabelName } from '../../lib/output/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { fillDisk } from '../support/full-disk.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { parseNpy, readNpz, valuesOf } from './npz-reader.ts';
import { runMetadata, sampleRows, shuffled, writeSamples } from './rows.ts';
import type { Samples } from './rows.ts';

const folder = await temporaryFolder();
const formats = ['npz', 'npy', 'parquet', 'jsonl'] as const;
const labels: LabelName[] = ['boolean_value', 'integer_value', 'float_value', 'categorical_value'];
/** How a null time stands in an array. */
const notATime = -(2n ** 63n);

function expectArrays(arrays: Awaited<ReturnType<typeof readNpz>>, { rows }: Samples): void {
  const values = (name: string) => valuesOf(arrays.get(name)!);
  expect(values('patient')).toEqual(rows.map(({ patient }) => patient));
  expect(values('time')).toEqual(rows.map(({ time }) => time ?? notATime));
  expect(values('tokens')).toEqual(rows.map(({ tokens }) => tokens));
  expect(values('truncated')).toEqual(rows.map(({ truncated }) => truncated));
  expect(values('dropped')).toEqual(rows.map(({ dropped }) => dropped));
}

async function readParquet(path: string) {
  const file = await asyncBufferFromFile(path);
  const parsers = { timestampFromMicroseconds: (microseconds: bigint) => microseconds };
  return { metadata: await parquetMetadataAsync(file), rows: await parquetReadObjects({ file, parsers }) };
}

describe('rows in any order', () => {
  const samples = sampleRows(300, 5, { label: 'boolean_value' });
  const settings = { label: 'boolean_value', metadata: runMetadata } as const;

  it.each(formats)('give the %s file of rows in order, byte by byte', async (format) => {
    const [ordered, mixed] = [join(folder, `ordered.${format}`), join(folder, `mixed.${format}`)];
    await writeSamples(ordered, samples, settings);
    await writeSamples(mixed, samples, settings, shuffled(300), 11);
    expect((await readFile(mixed)).equals(await readFile(ordered))).toBe(true);
    if (format === 'npy')
      expect((await readFile(`${mixed}.rows.npz`)).equals(await readFile(`${ordered}.rows.npz`))).toBe(true);
  });

  it('are all in an npz file, with metadata', async () => {
    const arrays = await readNpz(join(folder, 'mixed.npz'));
    expectArrays(arrays, samples);
    expect(valuesOf(arrays.get('boolean_value')!)).toEqual(samples.rows.map(({ label }) => label));
    expect(valuesOf(arrays.get('representations')!)).toEqual(Array.from(samples.data));
    const text = arrays.get('metadata')!;
    expect(text.shape).toEqual([]);
    expect(JSON.parse(valuesOf(text)[0] as string)).toEqual(runMetadata);
    expect([...arrays.keys()]).not.toContain('row');
  });

  it('are vectors in an npy file, and the rest beside it', async () => {
    const { shape, descr, data } = parseNpy(await readFile(join(folder, 'mixed.npy')));
    expect([shape, descr]).toEqual([[300, 5], '<f4']);
    expect(data.equals(Buffer.from(samples.data.buffer))).toBe(true);
    const arrays = await readNpz(join(folder, 'mixed.npy.rows.npz'));
    expectArrays(arrays, samples);
    expect([...arrays.keys()]).not.toContain('representations');
  });

  it('are all in a Parquet file, with metadata', async () => {
    const { metadata, rows } = await readParquet(join(folder, 'mixed.parquet'));
    expect(rows).toEqual(
      samples.rows.map(({ patient, time, label, ...rest }, i) => ({
        ...{ subject_id: patient, prediction_time: time, boolean_value: label, ...rest },
        representation: Array.from(samples.data.subarray(5 * i, 5 * i + 5)),
      })),
    );
    const text = metadata.key_value_metadata!.find(({ key }) => key === 'clmbr')!.value!;
    expect(JSON.parse(text)).toEqual(runMetadata);
  });

  it('are lines with their numbers in a file of JSON Lines, with metadata beside it', async () => {
    const lines = (await readFile(join(folder, 'mixed.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { row: number }).row)).toEqual(samples.rows.map((_, i) => i));
    expect(lines[1]).toMatch(/^\{"row":1,"patient":1152921504606846976,.*"boolean_value":false,"representation":\[/);
    expect(JSON.parse(await readFile(join(folder, 'mixed.jsonl.meta.json'), 'utf8'))).toEqual({
      ...runMetadata,
      rows: 300,
    });
  });

  it('may leave places empty, which a column of row numbers shows', async () => {
    const places = shuffled(300).filter((i) => i % 3 !== 0);
    for (const format of ['npz', 'parquet'] as const)
      await writeSamples(join(folder, `some.${format}`), samples, { ...settings, rowNumbers: true }, places);
    const expected = [...places].sort((a, b) => a - b).map(BigInt);
    expect(valuesOf((await readNpz(join(folder, 'some.npz'))).get('row')!)).toEqual(expected);
    expect((await readParquet(join(folder, 'some.parquet'))).rows.map(({ row }) => row as bigint)).toEqual(expected);
  });

  it('are a defect of the caller when two have one place', async () => {
    const { data, rows } = sampleRows(2, 3);
    const writer = await createRowWriter(join(folder, 'twice.npz'));
    const both = writer.append({ data, rows, dimensions: 3 }, [4, 4]);
    await expectClmbrError(both, 'INVALID_ARGUMENT', 'two rows at one');
    await writer.discard();
    const later = await createRowWriter(join(folder, 'twice.npz'));
    for (const i of [0, 1])
      await later.append({ data: data.subarray(3 * i, 3 * i + 3), rows: [rows[i]!], dimensions: 3 }, [4]);
    await expectClmbrError(later.commit(), 'INVALID_ARGUMENT', 'two rows at one');
    expect(await readdir(folder)).not.toContain('twice.npz');
  });
});

describe('labels', () => {
  const descr = { boolean_value: '|b1', integer_value: '<i8', float_value: '<f8', categorical_value: '<U5' };
  const absent = { boolean_value: false, integer_value: 0n, float_value: NaN, categorical_value: '' };

  it.each(labels)('%s are in a column of that name, and those without a value are marked', async (label) => {
    const samples = sampleRows(40, 2, { label, missing: true, ids: 'text' });
    const [npz, parquet] = [join(folder, `${label}.npz`), join(folder, `${label}.parquet`)];
    await writeSamples(npz, samples, { label });
    const arrays = await readNpz(npz);
    const size = arrays.get(label)!.descr;
    expect(size).toBe(label === 'categorical_value' ? '<U5' : descr[label]);
    const values = label === 'float_value' ? floats(arrays.get(label)!.data) : valuesOf(arrays.get(label)!);
    expect(values).toEqual(samples.rows.map((row) => row.label ?? absent[label]));
    expect(valuesOf(arrays.get('label_missing')!)).toEqual(samples.rows.map((row) => row.label === null));
    expect(valuesOf(arrays.get('patient')!)).toEqual(samples.rows.map(({ patient }) => patient));
    await writeSamples(parquet, samples, { label });
    const { rows } = await readParquet(parquet);
    expect(rows.map((row) => row[label] ?? null)).toEqual(samples.rows.map((row) => row.label));
    expect(rows.map((row) => row.subject_id as string)).toEqual(samples.rows.map(({ patient }) => patient));
  });
});

function floats(data: Buffer): number[] {
  return Array.from({ length: data.length / 8 }, (_, i) => data.readDoubleLE(8 * i));
}

describe('a Parquet file', () => {
  it('has groups of rows of bounded size', async () => {
    const path = join(folder, 'groups.parquet');
    await writeSamples(path, sampleRows(40, 100_000), {}, undefined, 5);
    const { metadata, rows } = await readParquet(path);
    expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([20, 20]);
    expect(rows).toHaveLength(40);
    expect((await stat(path)).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600);
  });

  it('without rows has its columns', async () => {
    const path = join(folder, 'none.parquet');
    await (await createRowWriter(path, { dimensions: 8, label: 'float_value' })).commit();
    const { metadata, rows } = await readParquet(path);
    expect(rows).toEqual([]);
    expect(metadata.schema.filter(({ type }) => type !== undefined)).toHaveLength(7);
  });
});

const duckdb = await import('@duckdb/node-api').catch(() => null);

describe.runIf(duckdb !== null)('DuckDB', () => {
  it.each(labels)('reads a Parquet file with %s', async (label) => {
    const samples = sampleRows(60, 4, { label, missing: true });
    const path = join(folder, `duckdb.${label}.parquet`);
    await writeSamples(path, samples, { label, metadata: runMetadata }, shuffled(60));
    const instance = await duckdb!.DuckDBInstance.create();
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(
      `select subject_id, epoch_us(prediction_time) as time, ${label} as label, representation::float[] as v from '${path}'`,
    );
    const vectors = (i: number) => Array.from(samples.data.subarray(4 * i, 4 * i + 4));
    expect(reader.getRowsJS().map((row) => [...row.slice(0, 3), Array.from(row[3] as number[])])).toEqual(
      samples.rows.map(({ patient, time, label: value }, i) => [patient, time, value ?? null, vectors(i)]),
    );
    const types = await connection.runAndReadAll(`describe select * from '${path}'`);
    const type = {
      boolean_value: 'BOOLEAN',
      integer_value: 'BIGINT',
      float_value: 'DOUBLE',
      categorical_value: 'VARCHAR',
    };
    expect(types.getRowsJS().map(([name, sql]) => `${name as string} ${sql as string}`)).toEqual([
      ...['subject_id BIGINT', 'prediction_time TIMESTAMP', `${label} ${type[label]}`],
      ...['tokens INTEGER', 'truncated BOOLEAN', 'dropped INTEGER', 'representation FLOAT[]'],
    ]);
    connection.closeSync();
    instance.closeSync();
  });
});

describe('an output', () => {
  it('is refused by a name of no format', async () => {
    await expectClmbrError(createRowWriter(join(folder, 'x.csv')), 'INVALID_ARGUMENT', '.parquet');
    await expectClmbrError(createRowWriter(join(folder, '.npz')), 'INVALID_ARGUMENT');
  });

  it('counts the files beside it as its own', async () => {
    await writeFile(join(folder, 'taken.jsonl.meta.json'), '');
    await expectClmbrError(createRowWriter(join(folder, 'taken.jsonl')), 'TARGET_EXISTS', 'taken.jsonl.meta.json');
  });

  it('has a report beside it', () => {
    expect(reportPathOf('a/features.parquet')).toBe('a/features.report.json');
  });

  it.each(formats)('as %s is not there when the disk is full, nor anything of it', async (format) => {
    const own = join(folder, `full-${format}`);
    await mkdir(own);
    const path = join(own, `x.${format}`);
    const { data, rows } = sampleRows(200, 1000);
    const writer = await createRowWriter(path, { metadata: runMetadata });
    await writer.append({ data, rows, dimensions: 1000 });
    // The rows that waited in memory still fit, the file itself does not.
    await fillDisk(1);
    try {
      await expectClmbrError(writer.commit(), 'WRITE_FAILED', path, 'the disk is full');
    } finally {
      vi.restoreAllMocks();
    }
    expect(await readdir(own)).toEqual([]);
  });
});
