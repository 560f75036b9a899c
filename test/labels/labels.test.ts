import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it, vi } from 'vitest';
import type { DataPatient, DataTokens } from '../../lib/data/index.ts';
import { labelTimes, readLabels, withLabelRule, withLabels } from '../../lib/labels/index.ts';
import type { Labelled, LabelTable } from '../../lib/labels/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { writeFiles } from '../support/meds.ts';
import { hasSharedData, sharedData } from '../support/shared-data.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const time = (text: string): bigint => BigInt(Date.parse(`${text}Z`)) * 1000n;

async function labelsOf(name: string, content: string | Uint8Array): Promise<LabelTable> {
  return readLabels(join(await writeFiles(folder, { [name]: content }), name));
}

const rowsOf = (table: LabelTable) =>
  Array.from({ length: table.length }, (_, i) => [
    table.idAt(i),
    table.times[i],
    ...table.columns.map(({ values }) => values[i]),
  ]);

function medsLabels(
  ids: bigint[],
  times: bigint[],
  more: { name: string; data: unknown[]; type: 'BOOLEAN' | 'INT64' | 'DOUBLE' | 'STRING' }[],
) {
  const columnData = [
    { name: 'subject_id', data: ids },
    { name: 'prediction_time', data: times },
    ...more.map(({ name, data }) => ({ name, data })),
  ];
  const types = {
    BOOLEAN: { type: 'BOOLEAN' },
    INT64: { type: 'INT64' },
    DOUBLE: { type: 'DOUBLE' },
    STRING: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  } as const;
  const optional = { repetition_type: 'OPTIONAL' } as const;
  const schema = [
    { name: 'root', num_children: columnData.length },
    { name: 'subject_id', type: 'INT64' as const, ...optional },
    { name: 'prediction_time', type: 'INT64' as const, converted_type: 'TIMESTAMP_MICROS' as const, ...optional },
    ...more.map(({ name, type }) => ({ name, ...types[type], ...optional })),
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData, schema }));
}

describe('MEDS label files', () => {
  const ids = [2n ** 60n + 1n, 5n, 2n ** 60n + 1n];
  const times = [-1n, 3n, 2n];

  it('keep each type, and leave out columns without values', async () => {
    const table = await labelsOf(
      'all.parquet',
      medsLabels(ids, times, [
        { name: 'boolean_value', data: [true, false, null], type: 'BOOLEAN' },
        { name: 'integer_value', data: [2n ** 62n + 1n, null, -1n], type: 'INT64' },
        { name: 'float_value', data: [null, null, null], type: 'DOUBLE' },
        { name: 'categorical_value', data: [null, 'A', 'B'], type: 'STRING' },
      ]),
    );
    expect(table.columns.map(({ name }) => name)).toEqual(['boolean_value', 'integer_value', 'categorical_value']);
    expect(rowsOf(table)).toEqual([
      [ids[0], -1n, true, 2n ** 62n + 1n, null],
      [5n, 3n, false, null, 'A'],
      [ids[2], 2n, null, -1n, 'B'],
    ]);
    expect(table.patients).toBe(2);
    expect([...table.rowsOf(table.find(ids[0]!))]).toEqual([0, 2]);
    expect([5, '5', 5n].map((id) => table.find(id))).toEqual([1, 1, 1]);
    expect([6, '05', '5.0', 5.5, ''].map((id) => table.find(id))).toEqual([-1, -1, -1, -1, -1]);
  });

  it('folders of them are one list', async () => {
    const one = medsLabels([1n], [1n], [{ name: 'float_value', data: [0.5], type: 'DOUBLE' }]);
    const two = medsLabels([2n], [2n], []);
    const path = await writeFiles(join(folder, 'many'), { 'b.parquet': two, 'a/0.parquet': one });
    expect(rowsOf(await readLabels(path))).toEqual([
      [1n, 1n, 0.5],
      [2n, 2n, null],
    ]);
  });

  it('may hold patients and times as texts', async () => {
    const file = (times: string[]) =>
      new Uint8Array(
        parquetWriteBuffer({
          columnData: [
            { name: 'patient_id', data: ['a', '7'], type: 'STRING' },
            { name: 'time', data: times, type: 'STRING' },
          ],
        }),
      );
    const table = await labelsOf('texts.parquet', file(['2020-01-01', '2020-01-01T01:00:00.000001Z']));
    const midnight = time('2020-01-01T00:00:00');
    expect(rowsOf(table)).toEqual([
      ['a', midnight],
      [7n, midnight + 3_600_000_001n],
    ]);
    const error = await expectClmbrError(
      labelsOf('no.parquet', file(['2020-01-01', 'qz'])),
      'INVALID_INPUT',
      'row 1',
      'time',
    );
    expect(error.message).not.toContain('qz');
  });

  it('missing patients and times are refused', async () => {
    const broken = medsLabels([1n, null as never], [1n, 2n], []);
    await expectClmbrError(labelsOf('no-id.parquet', broken), 'INVALID_INPUT', 'no-id.parquet: row 1', 'subject_id');
    const timeless = medsLabels([1n], [null as never], []);
    await expectClmbrError(labelsOf('no-time.parquet', timeless), 'INVALID_INPUT', 'row 0', 'prediction_time');
  });

  it.runIf(hasSharedData)('femr_synthetic_meds', async () => {
    const table = await readLabels(join(sharedData, 'femr_synthetic_meds/labels.parquet'));
    expect([table.length, table.patients]).toEqual([200, 200]);
    expect(table.columns.map(({ name }) => name)).toEqual(['boolean_value']);
  });
});

describe('CSV', () => {
  it('with names and times of several kinds', async () => {
    const content =
      '\uFEFFtime,patient_id,note,boolean_value,float_value\r\n' +
      '2020-01-02,p-1,"a, b",True,\r\n' +
      '2020-01-02 03:04:05.123456,007,"a ""c""",0,1e-3\r\n' +
      '2020-01-02T03:04:05+02:00,7,,,NaN\r\n';
    expect(rowsOf(await labelsOf('a.csv', content))).toEqual([
      ['p-1', time('2020-01-02T00:00:00'), true, null],
      ['007', time('2020-01-02T03:04:05.123') + 456n, false, 0.001],
      [7n, time('2020-01-02T01:04:05'), null, NaN],
    ]);
  });

  it('whose lines end in several ways', async () => {
    const table = await labelsOf('mixed.csv', 'subject_id,time\r\n1,2020-01-01\n2,2020-01-02\r\n3,2020-01-03');
    expect(rowsOf(table).map(([id]) => id)).toEqual([1n, 2n, 3n]);
  });

  it.each([
    ['boolean_value', ['True', 'false'], [true, false]],
    ['integer_value', ['1', '-9007199254740993'], [1n, -9007199254740993n]],
    ['float_value', ['1', '2.5'], [1, 2.5]],
    ['categorical_value', ['1', 'x'], ['1', 'x']],
  ] as const)('a column `value` becomes %s', async (name, texts, values) => {
    const content = `patient_id,prediction_time,value,label_type\n${texts.map((text) => `1,2020-01-01T00:00,${text},z`).join('\n')}\n`;
    const { columns } = await labelsOf('ehrshot.csv', content);
    expect(columns).toEqual([{ name, values }]);
  });

  it.each([
    ['no header', '', ':1'.slice(2), 'header line'],
    ['no patient column', 'id,time\n1,2020-01-01\n', ':1:', 'subject_id, patient_id, person_id'],
    ['no time column', 'subject_id,when\n1,2020-01-01\n', ':1:', 'prediction_time, time'],
    ['a missing patient', 'subject_id,time\n1,2020-01-01\n,2020-01-01\n', ':3:', 'a patient'],
    ['another time', 'subject_id,time\n1,secret\n', ':2:', 'ISO 8601'],
    ['another value', 'subject_id,time,integer_value\n1,2020-01-01,secret\n', ':2:', 'a whole number'],
    ['a line of another length', 'subject_id,time\n1,2020-01-01,secret\n', ':2:', 'as many as in the header line'],
    ['a column that comes twice', 'subject_id,time,value,value\n1,2020-01-01,1,2\n', ':1:', 'one column named value'],
    ['bytes that are no text', Buffer.from('subject_id,time\nsecret\xe9,2020-01-01\n', 'latin1'), ':', 'in UTF-8'],
    ['half a character at the end', Buffer.from('subject_id,time\n1,2020-01-01\n\xc3', 'latin1'), ':', 'in UTF-8'],
    ['a quotation mark that is not closed', 'subject_id,time\n1,"secret\n', '', 'comma-separated'],
  ])('%s is refused by its line', async (_, content, place, text) => {
    const error = await expectClmbrError(labelsOf('bad.csv', content), 'INVALID_INPUT', `bad.csv${place}`, text);
    expect(error.message).not.toContain('secret');
  });
});

const patient = (id: DataPatient['id'], ...starts: (bigint | null)[]): DataPatient => ({
  id,
  events: starts.map((start) => ({ code: 'A', start })),
});

async function* streamOf(...patients: (DataPatient | DataTokens)[]): AsyncGenerator<DataPatient | DataTokens> {
  yield* patients;
}

async function taken({ patients }: Labelled) {
  const result = [];
  for await (const { patient: one, labelRows } of patients) result.push([one.id, one.at, [...labelRows]]);
  return result;
}

describe('reading', () => {
  it.each(['csv', 'parquet'])('of %s stops at its signal', async (kind) => {
    const content =
      kind === 'csv' ? 'subject_id,prediction_time\n1,2020-01-01\n2,2020-01-01\n' : medsLabels([1n], [2n], []);
    const path = join(await writeFiles(folder, { [`stopped.${kind}`]: content }), `stopped.${kind}`);
    const reason = new Error('changed my mind');
    await expect(readLabels(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    // And at the first row, behind the check at the beginning.
    const controller = new AbortController();
    let checks = 0;
    vi.spyOn(controller.signal, 'throwIfAborted').mockImplementation(() => {
      if (++checks === 2) throw reason;
    });
    await expect(readLabels(path, { signal: controller.signal })).rejects.toBe(reason);
  });
});

describe('labels joined to patients', async () => {
  const csv =
    'subject_id,time,integer_value\n2,1970-01-01T00:00:00.000009,1\n1,1970-01-01T00:00:00.000003,2\nx,1970-01-01,3\n2,1970-01-01T00:00:00.000001,4\n';
  const labels = await labelsOf('join.csv', csv);

  it('keep the order of the file, and count what does not fit', async () => {
    const data = () => streamOf(patient(1n, null, 5n), patient(3n, 1n), patient('2', 1n, 7n), patient('x'));
    const labelled = withLabels(data(), labels);
    expect(await taken(labelled)).toEqual([
      [1n, [3n], [1]],
      ['2', [9n, 1n], [0, 3]],
      ['x', [0n], [2]],
    ]);
    expect(labelled.counts).toEqual({
      labels: 4,
      patients: 3,
      withoutLabels: 1,
      beforeFirstEvent: 1,
      unknownLabels: 0,
      unknownPatients: 0,
    });
  });

  it('of unknown patients are an error at the end, unless they are skipped or not expected', async () => {
    const data = () => streamOf(patient(1n, 1n));
    await expectClmbrError(taken(withLabels(data(), labels)), 'INVALID_INPUT', '3 of 4 labels', '(2)');
    const skipping = withLabels(data(), labels, { skipUnknown: true });
    expect(await taken(skipping)).toHaveLength(1);
    expect(skipping.counts).toMatchObject({ unknownLabels: 3, unknownPatients: 2 });
    const shard = withLabels(data(), labels, { expects: (id) => id === 1n });
    expect(await taken(shard)).toHaveLength(1);
    expect(shard.counts).toMatchObject({ unknownLabels: 0, unknownPatients: 0 });
  });

  it('a patient that comes twice, and token ids, are refused', async () => {
    const twice = streamOf(patient(1n, 1n), patient('1', 1n));
    await expectClmbrError(taken(withLabels(twice, labels)), 'INVALID_INPUT', 'label row 1', 'twice');
    const ids = streamOf({ id: 1, ids: Int32Array.of(7) });
    await expectClmbrError(taken(withLabels(ids, labels)), 'INVALID_INPUT', 'label row 1', 'token ids');
  });

  it('many labels are cheap', async () => {
    const count = 400_000;
    const lines = Array.from({ length: count }, (_, i) => `${i % 7000},2020-01-01,true`);
    const table = await labelsOf('many.csv', `subject_id,time,boolean_value\n${lines.join('\n')}\n`);
    expect([table.length, table.patients]).toEqual([count, 7000]);
    const before = process.cpuUsage();
    let rows = 0;
    for (let id = 0; id < 7000; id++) rows += table.rowsOf(table.find(BigInt(id))).length;
    expect(rows).toBe(count);
    expect(process.cpuUsage(before).user).toBeLessThan(200_000);
  });
});

describe('rules', () => {
  const events = [
    { code: 'GENDER//F', start: null },
    { code: 'MEDS_BIRTH', start: 1n },
    { code: 'HOSPITAL_ADMISSION//EW EMER.', start: 9n },
    { code: 'Visit/IP', start: 4n },
    { code: 'VISITOR', start: 5n },
    { code: 'ICU_ADMISSION//x', start: 6n },
    { code: 'HOSPITAL_DISCHARGE//HOME', start: 7n },
    { code: 'SNOMED/1', start: 4n, omopTable: 'visit_occurrence' },
    { code: 'SNOMED/2', start: 2n, omopTable: 'visit_occurrence' },
    { code: 'ED_REGISTRATION', start: 3n },
  ];

  it('follow from events', () => {
    expect(labelTimes(events, 'first')).toEqual([1n]);
    expect(labelTimes(events, 'last')).toEqual([9n]);
    expect(labelTimes(events, 'every-visit')).toEqual([2n, 3n, 4n, 9n]);
    for (const rule of ['first', 'last', 'every-visit'] as const) expect(labelTimes([events[0]!], rule)).toEqual([]);
  });

  it('number rows as they come', async () => {
    const labelled = withLabelRule(streamOf({ id: 1, events }, patient(2), { id: 3, events }), 'every-visit');
    expect(await taken(labelled)).toEqual([
      [1, [2n, 3n, 4n, 9n], [0, 1, 2, 3]],
      [3, [2n, 3n, 4n, 9n], [4, 5, 6, 7]],
    ]);
    expect(labelled.counts).toMatchObject({ patients: 2, labels: 8, withoutLabels: 1 });
    expect(() => withLabelRule(streamOf(), 'every' as never)).toThrow("'every-visit'");
  });

  it('need events, and patients of the documented form', async () => {
    const ids = streamOf({ id: 1, events }, { id: 2, ids: Int32Array.of(5, 6) });
    await expectClmbrError(taken(withLabelRule(ids, 'last')), 'INVALID_INPUT', "'last' need events", 'token ids');
    for (const wrong of [null, 7, 'x', {}, { id: 1 }, { id: {}, events: [] }, { id: 1, events: {} }]) {
      const mixed = streamOf({ id: 1, events }, wrong as never);
      const error = await expectClmbrError(
        taken(withLabelRule(mixed, 'last')),
        'INVALID_INPUT',
        'patients[1]: expected',
      );
      expect(error.message).not.toMatch(/number 7|'x'/);
    }
  });
});

it('a time that outputs take for none is refused', async () => {
  const parquet = (time: bigint) => labelsOf('ends.parquet', medsLabels([1n], [time], []));
  await expectClmbrError(parquet(-(2n ** 63n)), 'INVALID_INPUT', 'row 0', 'expected a time, found none');
  for (const time of [1n - 2n ** 63n, 2n ** 63n - 1n]) expect((await parquet(time)).times[0]).toBe(time);
});
