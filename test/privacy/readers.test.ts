// Whatever is wrong with data, nothing that is said of it shows a value, a time, a text or an identifier of a patient.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../lib/data/index.ts';
import { ClmbrError } from '../../lib/errors.ts';
import { readLabels } from '../../lib/labels/index.ts';
import { CodeMapper } from '../../lib/mapping/index.ts';
import { formatReport, ReportCollector } from '../../lib/report/index.ts';
import { ClmbrTokenizer } from '../../lib/tokenizer/index.ts';
import { codesParquet, medsParquet, splitsParquet } from '../support/meds.ts';
import type { MedsRow } from '../support/meds.ts';
import { temporaryFolder } from '../support/temporary.ts';
import * as planted from './canaries.ts';

const { canary, leakOf, traceIn } = planted;
const folder = await temporaryFolder();
const tokenizer = await ClmbrTokenizer.load('examples/demo/demo.gguf');
let cases = 0;

/** Reads data to its end, with a report as `clmbr coverage` makes it. Undefined where nothing leaks. */
async function leakOfReading(files: Record<string, string | Uint8Array>, name = ''): Promise<string | undefined> {
  const root = join(folder, `case-${cases++}`);
  await mkdir(root);
  for (const [file, content] of Object.entries(files)) {
    await mkdir(join(root, file, '..'), { recursive: true });
    await writeFile(join(root, file), content);
  }
  try {
    for (const skipBadRows of [false, true]) {
      const leak = await report(join(root, name), skipBadRows);
      if (leak !== undefined) return leak;
    }
    return undefined;
  } finally {
    await rm(root, { recursive: true });
  }
}

async function report(path: string, skipBadRows: boolean): Promise<string | undefined> {
  try {
    const dataset = await openDataset(path, { skipBadRows });
    try {
      const mapper = new CodeMapper(tokenizer, { candidates: (code) => dataset.candidates?.(code) ?? [] });
      // What codes mean is of the data set, not of a patient, and may be shown.
      const { kind, skipped } = dataset;
      const collector = new ReportCollector(tokenizer, { dataset: { kind, skipped }, mapper, contextLength: 64 });
      for await (const patient of dataset.patients()) {
        const mapped = mapper.mapPatient(patient);
        collector.addPatient(mapped);
        collector.addExpectedRows(mapped);
      }
      const made = collector.report();
      const trace = traceIn(JSON.stringify(made) + formatReport(made), folder, true);
      return trace === undefined ? undefined : `${trace} in the report`;
    } finally {
      await dataset.close();
    }
  } catch (error) {
    return leakOf(error, folder);
  }
}

async function leaksOf(
  make: (text: string) => [Record<string, string>, string?],
  text: string,
  places: number,
): Promise<string[]> {
  const leaks = new Set<string>();
  for (const broken of [text, ...planted.damaged(text, places)]) {
    const leak = await leakOfReading(...make(broken));
    if (leak !== undefined) leaks.add(leak);
  }
  return [...leaks];
}

it('a value in a message, a cause or a detail is found', () => {
  const hidden = [
    new ClmbrError('INVALID_INPUT', `found ${canary.text}.`),
    new ClmbrError('INVALID_INPUT', 'x', { cause: new Error(canary.id.slice(5)) }),
    new ClmbrError('INVALID_INPUT', 'x', { details: { rows: [[canary.number]] } }),
    new TypeError('x'),
  ];
  for (const error of hidden) expect(leakOf(error, folder)).toBeDefined();
  expect(leakOf(new ClmbrError('INVALID_INPUT', 'x'), folder)).toBeUndefined();
});

describe('no value of a patient is shown, however broken the data are', () => {
  it('JSON Lines', async () => {
    expect(await leaksOf((text) => [{ 'data.jsonl': text }, 'data.jsonl'], planted.jsonl, 20)).toEqual([]);
  });

  it('FHIR bundles', async () => {
    expect(await leaksOf((text) => [{ 'a.json': text }, 'a.json'], planted.bundle, 12)).toEqual([]);
  });

  it('FHIR bulk data', async () => {
    expect(await leaksOf((text) => [{ 'Mixed.ndjson': text }, 'Mixed.ndjson'], planted.ndjson, 12)).toEqual([]);
  });

  const hasDuckdb = ((): boolean => {
    try {
      createRequire(import.meta.url).resolve('@duckdb/node-api');
      return true;
    } catch {
      return false;
    }
  })();

  it.runIf(hasDuckdb).each(['person.csv', 'measurement.csv', 'concept.csv'])('OMOP, %s', async (name) => {
    const whole = planted.omop[name]!;
    const last = whole.trimEnd().split('\n').at(-1)!;
    const broken = [
      whole,
      // The last is the unit of a measurement, which reports may show.
      ...last
        .split(',')
        .slice(0, -1)
        .map((cell) => whole.replace(last, last.replace(cell, canary.text))),
      whole.replace(last, `"${last}`),
      whole.slice(0, -30),
    ];
    const leaks = await Promise.all(broken.map((text) => leakOfReading({ ...planted.omop, [name]: text })));
    expect(leaks.filter((leak) => leak !== undefined)).toEqual([]);
  });

  it('label files in CSV', async () => {
    const path = join(folder, 'labels.csv');
    const leaks = new Set<string | undefined>();
    let refused = 0;
    for (const text of planted.damaged(planted.labelsCsv, 30)) {
      await writeFile(path, text);
      await readLabels(path).catch((error: unknown) => {
        refused++;
        leaks.add(leakOf(error, folder));
      });
    }
    expect([...leaks].filter((leak) => leak !== undefined)).toEqual([]);
    expect(refused).toBeGreaterThan(20);
  });
});

describe('MEDS', () => {
  const row: MedsRow = {
    subject_id: BigInt(canary.numericId),
    time: planted.canaryTime,
    code: canary.code,
    numeric_value: canary.number,
    text_value: canary.text,
    unit: canary.unit,
  };
  const text = (name: string, data: string[]) => ({ name, data, type: 'STRING' as const });
  const table = (columns: Parameters<typeof parquetWriteBuffer>[0]['columnData']) =>
    new Uint8Array(parquetWriteBuffer({ columnData: columns }));
  const good = medsParquet([row, row]);

  it.each<[string, Record<string, Uint8Array>]>([
    ['whole', { 'data/0.parquet': good }],
    ['times go back', { 'data/0.parquet': medsParquet([row, { ...row, time: planted.canaryTime - 1n }]) }],
    ['a subject in two files', { 'data/0.parquet': good, 'data/1.parquet': good }],
    ['no code', { 'data/0.parquet': medsParquet([row, { ...row, code: null }]) }],
    ['no subject', { 'data/0.parquet': medsParquet([{ ...row, subject_id: null }]) }],
    [
      'subjects as texts',
      { 'data/0.parquet': table([text('subject_id', [canary.id]), text('time', [canary.time]), text('code', ['A'])]) },
    ],
    ['nested', { 'data/0.parquet': table([text('subject_id', [canary.id]), text('events', [canary.note])]) }],
    [
      'codes as numbers',
      {
        'metadata/codes.parquet': table([{ name: 'code', data: [canary.number], type: 'DOUBLE' }]),
        'data/0.parquet': good,
      },
    ],
    [
      'whole metadata',
      {
        'metadata/codes.parquet': codesParquet([{ code: canary.code, parents: ['SNOMED/3950001'] }]),
        'data/0.parquet': good,
      },
    ],
    [
      'splits',
      {
        'metadata/subject_splits.parquet': splitsParquet([[BigInt(canary.numericId), canary.note]]),
        'data/0.parquet': good,
      },
    ],
    ['no Parquet', { 'data/0.parquet': Buffer.from(planted.jsonl) }],
    ['cut off', { 'data/0.parquet': good.subarray(0, good.length - 40) }],
    ['cut in its data', { 'data/0.parquet': Buffer.concat([good.subarray(0, 60), good.subarray(90)]) }],
  ])('%s', async (_, files) => {
    expect(await leakOfReading(files)).toBeUndefined();
  });
});
