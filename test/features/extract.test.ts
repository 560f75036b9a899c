// Features of whole data sets through the public function: reading, labels, codes, the run, the output.
import { appendFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { extractFeatures, mergeOutputs } from '../../lib/index.ts';
import type { DataReport, ExtractOptions, ExtractProgress } from '../../lib/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { modelLoader } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const model = await load(fileURLToPath(new URL('../../examples/demo/demo.gguf', import.meta.url)), { threads: 2 });
const path = (name: string) => join(folder, name);

// Patients in another order than their labels; the codes of one are written as MEDS writes them.
const codes = ['SNOMED/3950001', 'GENDER//F', 'Visit/OP', 'LOINC//8480-6', 'nonsense/1', 'LOINC/2345-7'];
const patients = Array.from({ length: 12 }, (_, p) => ({
  id: 100 + p,
  events: Array.from({ length: 20 + p }, (_, i) => ({
    code: codes[(p + i) % codes.length]!,
    ...((p + i) % codes.length === 3 ? { value: 100 + 5 * ((p * 7 + i) % 12), unit: 'mmHg' } : {}),
    start: `2020-01-${String(1 + (i % 28)).padStart(2, '0')}T00:00:00Z`,
  })).sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0)),
}));
const data = path('patients.jsonl');
await writeFile(data, patients.map((patient) => `${JSON.stringify(patient)}\n`).join(''));
const labelRows = Array.from({ length: 30 }, (_, i) => ({
  subject: 100 + ((i * 7) % 12),
  time: `2020-01-${String(1 + ((i * 5) % 28)).padStart(2, '0')}T12:00:00Z`,
  value: i % 3 === 0,
}));
const labels = path('labels.csv');
await writeFile(
  labels,
  `subject_id,prediction_time,boolean_value\n${labelRows.map((row) => `${row.subject},${row.time},${row.value}\n`).join('')}`,
);

interface Row {
  row: number;
  patient: number;
  time: string | null;
  boolean_value?: boolean;
  representation: number[];
}
const rowsOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

class Collected extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function extract(name: string, options: Partial<ExtractOptions> = {}) {
  const out = path(name);
  const result = await extractFeatures(model, data, { out, labels, ...options });
  return { out, result };
}

describe('features of a data set', () => {
  it('are one row for each label, in the order of the labels, and each what embed gives', async () => {
    const { out, result } = await extract('rows.jsonl');
    const rows = rowsOf(await readFile(out, 'utf8'));
    expect(result).toMatchObject({ rows: 30, dimensions: 128, patients: 12, resumedPatients: 0 });
    expect(rows.map((row) => row.patient)).toEqual(labelRows.map((row) => row.subject));
    expect(rows.map((row) => row.boolean_value)).toEqual(labelRows.map((row) => row.value));
    const inTheirCodes = patients.map(({ id, events }) => ({
      id,
      events: events.map((event) => ({
        ...event,
        code: event.code === 'GENDER//F' ? 'Gender/F' : event.code.replace('//', '/'),
      })),
    }));
    for (const [i, { subject, time }] of labelRows.entries()) {
      const patient = { ...inTheirCodes.find(({ id }) => id === subject)!, at: [time] };
      const expected = (await model.embed([patient])).row(0);
      expect(Float32Array.from(rows[i]!.representation)).toEqual(expected);
    }
  });

  it('say what was understood', async () => {
    const { result, out } = await extract('report.npz');
    const written = JSON.parse(await readFile(result.reportPath!, 'utf8')) as DataReport;
    expect(written).toEqual(result.report);
    const events = patients.flatMap((patient) => patient.events);
    const ofCode = (code: string) => events.filter((event) => event.code === code).length;
    expect(written.events).toBe(events.length);
    expect(written.mapping).toMatchObject({
      separator: ofCode('LOINC//8480-6'),
      'letter-case': ofCode('GENDER//F'),
      unknown: ofCode('nonsense/1'),
    });
    expect(written.topUnmapped[0]).toMatchObject({ code: 'nonsense/1', count: ofCode('nonsense/1') });
    expect(written.rows.total).toBe(30);
    expect(result.reportPath).toBe(out.replace('.npz', '.report.json'));
  });

  it.each(['npz', 'npy', 'parquet', 'jsonl'])('shards make the same %s file when they are merged', async (format) => {
    const { out } = await extract(`whole.${format}`);
    const shards: string[] = [];
    let rows = 0;
    for (const index of [0, 1, 2]) {
      const shard = await extract(`shard-${index}.${format}`, { shard: `${index}/3` });
      shards.push(shard.out);
      rows += shard.result.rows;
    }
    expect(rows).toBe(30);
    const merged = path(`merged.${format}`);
    await mergeOutputs(shards.toReversed(), merged);
    expect((await readFile(merged)).equals(await readFile(out))).toBe(true);
  });

  it('go to a stream as they are ready, with the numbers of their rows', async () => {
    const stream = new Collected();
    const result = await extractFeatures(model, data, { out: stream, labels });
    const { out } = await extract('beside-stream.jsonl');
    const rows = rowsOf(stream.text);
    expect(result.rows).toBe(30);
    expect(rows.map(({ patient }) => patient)).not.toEqual(labelRows.map(({ subject }) => subject));
    expect(rows.toSorted((a, b) => a.row - b.row)).toEqual(rowsOf(await readFile(out, 'utf8')));
  });

  it('follow a rule for label times, or take each patient once', async () => {
    const { out } = await extract('at.jsonl', { labels: undefined, at: 'last' });
    const once = await extract('once.jsonl', { labels: undefined });
    const vectors = async (file: string) => rowsOf(await readFile(file, 'utf8')).map((row) => row.representation);
    expect(await vectors(out)).toEqual(await vectors(once.out));
    expect(once.result.rows).toBe(12);
    const visits = await extract('visits.jsonl', { labels: undefined, at: 'every-visit' });
    expect(visits.result.rows).toBeGreaterThan(12);
  });

  it('take a table of codes and conversions of units', async () => {
    const map = path('codes.csv');
    await writeFile(map, 'from,to\nnonsense/1,Visit/ER\n');
    const units = path('units.csv');
    await writeFile(units, 'code,unit,factor,offset\nLOINC/8480-6,mmHg,0.1,0\n');
    const plain = await extract('plain.jsonl');
    const mapped = await extract('mapped.jsonl', { map });
    expect(mapped.result.report!.mapping!.table).toBe(mapped.result.report!.mapped - plain.result.report!.mapped);
    const converted = await extract('converted.jsonl', { convertUnits: units });
    expect(converted.result.report!.conversions[0]!.events).toBeGreaterThan(0);
    expect(await readFile(converted.out, 'utf8')).not.toBe(await readFile(plain.out, 'utf8'));
  });
});

describe('a run of which only the writing of the file was left', () => {
  it('gives the whole report', async () => {
    const whole = await extract('left-whole.npz');
    const out = path('left.npz');
    // A folder in the place of the file, made while rows are computed: they are all kept, and cannot be written.
    const onProgress = () => void mkdirSync(out, { recursive: true });
    await expectClmbrError(extractFeatures(model, data, { out, labels, onProgress }), 'WRITE_FAILED');
    rmSync(out, { recursive: true });
    const { result } = await extract('left.npz', { unfinished: 'resume' });
    expect(result).toMatchObject({ rows: 30, patients: 12, resumedPatients: 12, tokens: 0 });
    expect(result.report).toEqual(whole.result.report);
    expect(result.labels).toEqual(whole.result.labels);
    expect((await readFile(out)).equals(await readFile(whole.out))).toBe(true);
  });
});

describe('a model that is disposed of in the middle', () => {
  it('ends the run with DISPOSED, and another one goes on behind what was done', async () => {
    const many = path('many.jsonl');
    const lines = Array.from({ length: 600 }, (_, id) => JSON.stringify({ ...patients[id % patients.length]!, id }));
    await writeFile(many, lines.join('\n'));
    const demo = fileURLToPath(new URL('../../examples/demo/demo.gguf', import.meta.url));
    const passing = await load(demo, { threads: 2 });
    const out = path('disposed.npz');
    const onProgress = ({ patients: done }: ExtractProgress) => void (done >= 300 && passing.dispose());
    await expectClmbrError(extractFeatures(passing, many, { out, onProgress }), 'DISPOSED');
    const result = await extractFeatures(model, many, { out, unfinished: 'resume' });
    expect(result).toMatchObject({ rows: 600, patients: 600 });
    expect(result.resumedPatients).toBeGreaterThanOrEqual(256);
    await extractFeatures(model, many, { out: path('never-disposed.npz') });
    expect((await readFile(out)).equals(await readFile(path('never-disposed.npz')))).toBe(true);
  });
});

describe('what cannot be done', () => {
  it('labels of unknown patients are refused, or left out where asked', async () => {
    const other = path('other-labels.csv');
    await writeFile(other, 'subject_id,prediction_time\n100,2020-01-05\n999,2020-01-05\n');
    const refused = extractFeatures(model, data, { out: path('refused.npz'), labels: other });
    await expectClmbrError(refused, 'INVALID_INPUT', '1 of 2 labels');
    const result = await extractFeatures(model, data, {
      out: path('left.jsonl'),
      labels: other,
      skipUnknown: true,
      unfinished: 'restart',
    });
    expect(result).toMatchObject({ rows: 1, labels: { unknownLabels: 1 } });
  });

  it('labels with values in two columns are refused', async () => {
    const two = path('two-columns.csv');
    await writeFile(two, 'subject_id,prediction_time,boolean_value,float_value\n100,2020-01-05,true,0.5\n');
    const refused = extractFeatures(model, data, { out: path('two.npz'), labels: two });
    await expectClmbrError(refused, 'INVALID_INPUT', 'boolean_value, float_value');
  });

  it('data that the vocabulary does not know are refused', async () => {
    const foreign = path('foreign.jsonl');
    const events = Array.from({ length: 200 }, (_, i) => ({ code: `other/${i}` }));
    await writeFile(foreign, `${JSON.stringify({ id: 1, events })}\n`);
    await expectClmbrError(extractFeatures(model, foreign, { out: path('foreign.npz') }), 'LOW_COVERAGE');
    const result = await extractFeatures(model, foreign, {
      out: path('foreign.npz'),
      minCoverage: 0,
      unfinished: 'restart',
    });
    expect(result.report).toMatchObject({ mapped: 0, rows: { empty: 1 } });
  });

  it('options that nobody knows, or that contradict each other', async () => {
    const extractWith = (options: object) => extractFeatures(model, data, { out: path('x.npz'), ...options });
    await expectClmbrError(extractWith({ poling: 'last' }), 'INVALID_ARGUMENT', 'poling');
    await expectClmbrError(extractWith({ labels, at: 'last' }), 'INVALID_ARGUMENT', 'at');
    await expectClmbrError(extractWith({ shard: '3/3' }), 'INVALID_ARGUMENT', 'shard');
    await expectClmbrError(extractWith({ out: 'features.csv' }), 'INVALID_ARGUMENT', '.parquet');
  });
});

it('never take the place of what they are made of', async () => {
  const own = path('own.jsonl');
  await writeFile(own, await readFile(data));
  await expectClmbrError(extractFeatures(model, own, { out: own }), 'INVALID_ARGUMENT', 'another file', own);
  expect(await readFile(own, 'utf8')).toBe(await readFile(data, 'utf8'));
});

it('are of data that nobody changes meanwhile', async () => {
  const changing = path('changing.jsonl');
  const line = (id: number) => `${JSON.stringify({ id, ids: Array.from({ length: 64 }, (_, i) => 7 + (i % 50)) })}\n`;
  await writeFile(changing, Array.from({ length: 4000 }, (_, id) => line(id)).join(''));
  let isChanged = false;
  const onProgress = () => {
    if (!isChanged) appendFileSync(changing, line(4000));
    isChanged = true;
  };
  const out = path('changing.npz');
  await expectClmbrError(
    extractFeatures(model, changing, { out, onProgress }),
    'FILE_UNREADABLE',
    'was changed',
    changing,
  );
  expect(existsSync(out)).toBe(false);
});
