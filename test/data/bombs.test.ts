// Files that are small by compression and stand for more than the heap holds, in a process whose heap is small.
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readDeltaTexts, TextTable } from '../../lib/data/parquet/texts.ts';
import { HeapBudget } from '../../lib/heap.ts';
import { LabelBuilder } from '../../lib/labels/builder.ts';
import { readCsvLabels } from '../../lib/labels/csv.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { medsParquet } from '../support/meds.ts';
import { runScript } from '../support/process.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** Undefined where the optional package is not there. */
const duckdb = await import('@duckdb/node-api').catch(() => undefined);
const folder = await temporaryFolder();

async function outcomeOf(...files: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runScript('bombs', files, { flags: ['--max-old-space-size=128'] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim().split('\n');
}

it.runIf(duckdb !== undefined)('rows of labels and of codes are counted before memory is taken for them', async () => {
  const meds = join(folder, 'meds');
  for (const part of ['data', 'metadata']) await mkdir(join(meds, part), { recursive: true });
  await writeFile(join(meds, 'data/0.parquet'), medsParquet([{ subject_id: 1n, time: 0n, code: 'A' }]));
  const labels = join(folder, 'labels.parquet');
  const lists = join(folder, 'lists/metadata');
  await mkdir(join(folder, 'lists/data'), { recursive: true });
  await mkdir(lists);
  await writeFile(join(folder, 'lists/data/0.parquet'), medsParquet([{ subject_id: 1n, time: 0n, code: 'A' }]));
  const database = await duckdb!.DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  const write = (select: string, path: string) => connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  await write(
    'SELECT 1::BIGINT subject_id, make_timestamp(0) prediction_time, true boolean_value FROM range(9e6::BIGINT)',
    labels,
  );
  await write(`SELECT 'A' code FROM range(9e6::BIGINT)`, join(meds, 'metadata/codes.parquet'));
  await write(
    `SELECT 'A' code, ['B' for i in range(1e6::BIGINT)] parent_codes FROM range(9)`,
    join(lists, 'codes.parquet'),
  );
  connection.closeSync();
  expect((await stat(labels)).size).toBeLessThan(100_000);
  const outcomes = await outcomeOf(`labels=${labels}`, `meds=${meds}`, `meds=${join(folder, 'lists')}`);
  expect(outcomes).toHaveLength(3);
  expect(outcomes[0]).toMatch(/^INVALID_INPUT .*labels\.parquet: expected labels that fit the heap of \d+ MB/);
  expect(outcomes[1]).toMatch(/^INVALID_INPUT .*codes\.parquet: expected codes that fit the heap/);
  expect(outcomes[2]).toMatch(/^INVALID_INPUT .*codes\.parquet: expected codes that fit the heap/);
});

it('lines of labels in CSV are counted too, and their texts', async () => {
  const read = async (patient: string, left: number) => {
    const path = join(folder, 'labels.csv');
    await writeFile(path, `subject_id,prediction_time,value\n${`${patient},2020-01-01,1\n`.repeat(10)}`);
    const builder = new LabelBuilder(new HeapBudget(path, 'labels', { left, limit: 2 ** 32 }));
    await readCsvLabels(path, builder);
    return builder.finish().length;
  };
  expect(await read('7', 1601)).toBe(10);
  await expectClmbrError(read('7', 1600), 'INVALID_INPUT', 'labels.csv: expected labels that fit the heap of 4096 MB');
  await expectClmbrError(read('x'.repeat(3000), 3000), 'INVALID_INPUT', 'labels.csv: expected labels that fit');
});

it('texts that repeat the one before have a bound', () => {
  const length = 2 ** 20;
  const bytes = Buffer.alloc(length + 600, 'a');
  const prefixes = Int32Array.from({ length: 600 }, (_, i) => (i === 0 ? 0 : length));
  const lengths = Int32Array.from({ length: 600 }, (_, i) => (i === 0 ? length : 0));
  const read = () => readDeltaTexts({ bytes, offset: 0, end: bytes.length }, prefixes, lengths, new TextTable());
  expect(read).toThrow('texts that are longer than a page');
});
