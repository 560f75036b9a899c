import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { openMeds } from '../../lib/data/index.ts';
import type { DataPatient, ReadMedsOptions } from '../../lib/data/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { codesParquet, medsParquet, splitsParquet, writeFiles } from '../support/meds.ts';
import type { MedsRow } from '../support/meds.ts';
import { hasSharedData, sharedData } from '../support/shared-data.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let folders = 0;

async function patientsOf(path: string, options?: ReadMedsOptions) {
  const data = await openMeds(path, options);
  const patients: DataPatient[] = [];
  for await (const patient of data.patients()) patients.push(patient as DataPatient);
  expect(data.progress()).toBe(1);
  await data.close();
  return { patients, skipped: data.skipped, data };
}

/** A data set of these files of events, with other files beside them. */
async function dataSet(files: Record<string, readonly MedsRow[]>, others: Record<string, Uint8Array | string> = {}) {
  const written = Object.entries(files).map(([name, rows]) => [`data/${name}`, medsParquet(rows, { rowGroupSize: 3 })]);
  return writeFiles(join(folder, String(folders++)), { ...Object.fromEntries(written), ...others });
}

const row = (subject: bigint, time: bigint | null, code: string, rest: Partial<MedsRow> = {}): MedsRow => ({
  subject_id: subject,
  time,
  code,
  ...rest,
});
const event = (code: string, start: bigint | null, value: unknown = null, unit: string | null = null) => ({
  code,
  value,
  unit,
  start,
});

describe('a folder', () => {
  it('gives every subject once, in the order of files and rows', async () => {
    const path = await dataSet(
      {
        'train/1.parquet': [row(7n, null, 'A'), row(7n, 5n, 'B'), row(3n, 1n, 'C')],
        'train/0.parquet': [row(2n ** 60n + 1n, -9n, 'D')],
        'held_out/0.parquet': [row(9n, 1n, 'E'), row(9n, 1n, 'F'), row(9n, 2n, 'G'), row(8n, null, 'H')],
        'train/.hidden.parquet': [row(1n, 1n, 'I')],
      },
      { 'data/_SUCCESS': '', 'data/notes.txt': 'x' },
    );
    const { patients, data } = await patientsOf(path);
    expect(data.kind).toBe('meds');
    expect(data.files.map((file) => file.slice(path.length + 1))).toEqual(
      ['held_out/0', 'train/0', 'train/1'].map((name) => join('data', `${name}.parquet`)),
    );
    expect(patients).toEqual([
      { id: 9n, events: [event('E', 1n), event('F', 1n), event('G', 2n)] },
      { id: 8n, events: [event('H', null)] },
      { id: 2n ** 60n + 1n, events: [event('D', -9n)] },
      { id: 7n, events: [event('A', null), event('B', 5n)] },
      { id: 3n, events: [event('C', 1n)] },
    ]);
  });

  it('takes numbers as float32, else texts; a zero counts unless it is taken as missing', async () => {
    const values: Partial<MedsRow>[] = [
      { numeric_value: 28.9, text_value: 'x' },
      { numeric_value: 0, text_value: 'zero' },
      { numeric_value: -0 },
      { numeric_value: NaN, text_value: 'x' },
      { text_value: 'y', unit: 'mg/dL' },
      { text_value: '' },
      {},
    ];
    const path = await dataSet({ '0.parquet': values.map((rest, i) => row(1n, BigInt(i), 'A', rest)) });
    const read = async (zeroAsMissing: boolean) => {
      const { patients } = await patientsOf(path, { zeroAsMissing });
      return patients[0]!.events.map(({ value, unit }) => [value, unit]);
    };
    const none = [null, null];
    const rest = [[NaN, null], ['y', 'mg/dL'], ['', null], none];
    expect(await read(false)).toEqual([[Math.fround(28.9), null], [0, null], [-0, null], ...rest]);
    expect(await read(true)).toEqual([[Math.fround(28.9), null], ['zero', null], none, ...rest]);
  });

  it('puts events without a time first, wherever they stand', async () => {
    const rows = [row(1n, null, 'A'), row(1n, 3n, 'B'), row(1n, 4n, 'C'), row(1n, null, 'D')];
    const { patients } = await patientsOf(await dataSet({ '0.parquet': rows }));
    expect(patients[0]!.events.map(({ code }) => code)).toEqual(['A', 'D', 'B', 'C']);
  });

  it('gives parents of codes and what codes mean', async () => {
    const codes = codesParquet([
      { code: 'LAB//1', parents: ['LOINC/1-1', '', 'LOINC/2-2', 'LOINC/1-1'], description: 'Sodium' },
      { code: 'LAB//2', parents: [] },
      { code: 'LAB//3' },
    ]);
    const path = await dataSet({ '0.parquet': [row(1n, 1n, 'LAB//1')] }, { 'metadata/codes.parquet': codes });
    const { data } = await patientsOf(path);
    const parents = data.candidates!('LAB//1');
    expect(parents).toEqual(['LOINC/1-1', 'LOINC/2-2'].map((code) => ({ code, rule: 'parent' })));
    expect(data.candidates!('LAB//1')).toBe(parents);
    for (const code of ['LAB//2', 'LAB//3', 'constructor', '']) expect(data.candidates!(code)).toEqual([]);
    expect(data.candidates!('LAB//3')).toBe(data.candidates!('unknown'));
    expect(data.describe!('LAB//1')).toBe('Sodium');
    expect(data.describe!('LAB//2')).toBeUndefined();
  });

  it('can be read again, and stopped', async () => {
    const rows = Array.from({ length: 10 }, (_, i) => row(BigInt(i), 1n, 'A'));
    const path = await dataSet({ '0.parquet': rows, '1.parquet': [row(99n, 1n, 'B')] });
    const abort = new AbortController();
    const data = await openMeds(path, { signal: abort.signal });
    for await (const patient of data.patients()) if (patient.id === 3n) break;
    let seen = 0;
    const reading = (async () => {
      for await (const _ of data.patients()) if (++seen === 5) abort.abort(new Error('enough'));
    })();
    await expect(reading).rejects.toThrow('enough');
    expect(seen).toBe(5);
    const other = await openMeds(path);
    const patients = other.patients();
    await patients.next();
    await other.close();
    await expectClmbrError(patients.next(), 'DISPOSED');
  });
});

describe('splits', () => {
  const files = { 'a/0.parquet': [row(1n, 1n, 'A'), row(2n, 1n, 'B')], 'b/0.parquet': [row(3n, 1n, 'C')] };
  const ids = ({ patients }: { patients: DataPatient[] }) => patients.map(({ id }) => id);

  it('are those of the metadata', async () => {
    const path = await dataSet(files, {
      'metadata/subject_splits.parquet': splitsParquet([
        [1n, 'b'],
        [2n, 'a'],
        [3n, 'b'],
      ]),
    });
    const result = await patientsOf(path, { split: 'b' });
    expect(ids(result)).toEqual([1n, 3n]);
    expect(result.skipped).toEqual({ 'other-split': 1 });
    await expectClmbrError(openMeds(path, { split: 'c' }), 'INVALID_INPUT', '"c"', '"b", "a"');
  });

  it('without metadata are the folders', async () => {
    const path = await dataSet(files);
    expect(ids(await patientsOf(path, { split: 'a' }))).toEqual([1n, 2n]);
    await expectClmbrError(openMeds(path, { split: 'c' }), 'INVALID_INPUT', '"a", "b"');
    await expectClmbrError(openMeds(path, { split: '..' }), 'INVALID_INPUT');
  });
});

describe('rows that break the format', () => {
  const cases: [string, Record<string, MedsRow[]>, string, string, number][] = [
    ['times out of order', { '0': [row(1n, 5n, 'A'), row(1n, 4n, 'B'), row(1n, 6n, 'C')] }, 'row 1 ', 'column time', 1],
    [
      'negative times out of order',
      { '0': [row(1n, -(2n ** 40n), 'A'), row(1n, -(2n ** 40n) - 1n, 'B')] },
      'row 1 ',
      'column time',
      1,
    ],
    [
      'a subject that comes again',
      { '0': [row(1n, 1n, 'A'), row(2n, 1n, 'B'), row(1n, 2n, 'C'), row(1n, 3n, 'D')] },
      'row 2 ',
      'column subject_id',
      2,
    ],
    ['a subject in two files', { '0': [row(1n, 1n, 'A')], '1': [row(1n, 2n, 'B')] }, 'row 0 ', 'column subject_id', 1],
    ['no subject', { '0': [row(1n, 1n, 'A'), { ...row(1n, 2n, 'B'), subject_id: null }] }, 'row 1 ', 'subject_id', 1],
    ['no code', { '0': [row(1n, 1n, 'A'), { ...row(1n, 2n, 'B'), code: null }] }, 'row 1 ', 'column code', 1],
    ['an empty code', { '0': [row(1n, 1n, 'A'), row(1n, 2n, '')] }, 'row 1 ', 'column code', 1],
  ];

  it.each(cases)('%s', async (_, files, place, column, bad) => {
    const named = Object.fromEntries(Object.entries(files).map(([name, rows]) => [`${name}.parquet`, rows]));
    const path = await dataSet(named);
    const file = Object.keys(named).at(-1)!;
    await expectClmbrError(patientsOf(path), 'INVALID_INPUT', join(path, 'data', file), place, column);
    const { patients, skipped } = await patientsOf(path, { skipBadRows: true });
    expect(skipped).toEqual({ 'bad-row': bad });
    const rows = Object.values(files).flat().length;
    expect(patients.flatMap(({ events }) => events)).toHaveLength(rows - bad);
    expect(new Set(patients.map(({ id }) => id)).size).toBe(patients.length);
  });
});

describe('files that are something else', () => {
  it('a folder without data', async () => {
    await expectClmbrError(openMeds(folder), 'INVALID_INPUT', folder, 'a folder data');
    const path = await writeFiles(join(folder, 'empty'), { 'data/readme.txt': '' });
    await expectClmbrError(openMeds(path), 'INVALID_INPUT', 'expected Parquet files');
    await expectClmbrError(openMeds(join(folder, 'missing')), 'FILE_UNREADABLE', 'does not exist');
    await expectClmbrError(openMeds(path, { splits: 'a' } as never), 'INVALID_ARGUMENT', 'splits');
  });

  const columns = {
    time: { name: 'time', data: [new Date(0)], type: 'TIMESTAMP' as const },
    code: { name: 'code', data: ['A'], type: 'STRING' as const },
  };
  it.each([
    ['subjects as DOUBLE', 'DOUBLE', [1.5]],
    ['subjects as text', 'STRING', ['p-1']],
  ] as const)('%s', async (_, type, data) => {
    const columnData = [{ name: 'subject_id', data: [...data], type }, columns.time, columns.code];
    const path = await writeFiles(folder, { 'typed.parquet': new Uint8Array(parquetWriteBuffer({ columnData })) });
    const error = await expectClmbrError(
      patientsOf(join(path, 'typed.parquet')),
      'INVALID_INPUT',
      'column subject_id: expected whole numbers (int64)',
    );
    expect(error.message).not.toContain('p-1');
  });

  it('the nested form of earlier versions', async () => {
    const schema = [
      { name: 'root', num_children: 2 },
      { name: 'patient_id', type: 'INT64' as const, repetition_type: 'OPTIONAL' as const },
      { name: 'events', repetition_type: 'OPTIONAL' as const, converted_type: 'LIST' as const, num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED' as const, num_children: 1 },
      { name: 'element', repetition_type: 'OPTIONAL' as const, num_children: 1 },
      { name: 'time', type: 'INT64' as const, repetition_type: 'OPTIONAL' as const },
    ];
    const columnData = [
      { name: 'patient_id', data: [1n] },
      { name: 'events', data: [[{ time: 1n }, { time: 2n }]] },
    ];
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData, schema }));
    const path = await writeFiles(folder, { 'nested.parquet': bytes });
    await expectClmbrError(patientsOf(join(path, 'nested.parquet')), 'INVALID_INPUT', 'nested form');
  });
});

describe.runIf(hasSharedData)('open data', () => {
  const count = ({ patients }: { patients: DataPatient[] }) => [
    patients.length,
    patients.reduce((sum, { events }) => sum + events.length, 0),
  ];

  it('femr_synthetic_meds', async () => {
    const result = await patientsOf(join(sharedData, 'femr_synthetic_meds/subjects.parquet'));
    expect(count(result)).toEqual([200, 2589]);
    const codes = result.patients.flatMap(({ events }) => events.map(({ code }) => code));
    expect(new Set(codes).size).toBe(1883);
    expect(codes.filter((code) => code === 'MEDS_BIRTH')).toHaveLength(200);
  });

  it('events_all100, whose numbers are under another name, and the parents beside it', async () => {
    const result = await patientsOf(join(sharedData, 'mimic_iv_demo_meds/events_all100.parquet'));
    expect(count(result)).toEqual([100, 916_166]);
    const events = result.patients.flatMap((patient) => patient.events);
    expect(events.filter(({ value }) => typeof value === 'number')).toHaveLength(405_236);
    expect(events.filter(({ start }) => start === null)).toHaveLength(100);
    expect(events.filter(({ code }) => result.data.candidates!(code).length > 0)).toHaveLength(122_445);
  });

  it('the original folder, in whole and by split', async () => {
    const path = join(sharedData, 'mimic_iv_demo_meds/original');
    expect(count(await patientsOf(path))).toEqual([20, 112_174]);
    const result = await patientsOf(path, { split: 'tuning' });
    expect(count(result)).toEqual([10, 69_620]);
    expect(result.skipped).toEqual({ 'other-split': 42_554 });
  });
});
