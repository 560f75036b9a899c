import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { DataPatient, Dataset } from '../../lib/data/dataset.ts';
import { openDataset, openJsonl } from '../../lib/data/index.ts';
import { recogniseData } from '../../lib/data/recognise.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { folderWith, temporaryFolder } from '../support/temporary.ts';

const root = await temporaryFolder();
const folderOf = (files: Parameters<typeof folderWith>[1]) => folderWith(root, files);

async function readAll(dataset: Dataset): Promise<DataPatient[]> {
  const all: DataPatient[] = [];
  for await (const patient of dataset.patients()) all.push(patient as DataPatient);
  return all;
}

const bundle = '{\n  "resourceType": "Bundle", "entry": []}';
const patient = '{"id": "a", "events": [{"code": "X", "start": "2020-01-01"}]}\n';

describe('recogniseData', () => {
  it.each([
    ['meds', { 'data/train/0.parquet': 'PAR1', 'metadata/dataset.json': '{}' }],
    ['meds', { 'data/0.parquet': 'PAR1' }],
    ['omop', { 'PERSON.csv': '', 'CONCEPT.csv': '' }],
    ['omop', { 'person.csv.gz': '' }],
    ['omop', { 'person.parquet': '', 'data/x.parquet': '' }],
    ['fhir', { 'a.json': bundle }],
    ['fhir', { 'more/a.json.gz': gzipSync(bundle), 'z.txt': '' }],
    ['fhir', { 'Patient.ndjson': '{"resourceType":"Patient"}\n' }],
    ['fhir', { 'empty.json': '', 'hidden.json': '[]', 'z.ndjson.gz': gzipSync('{"resourceType":"Patient"}\n') }],
  ])('a folder: %s %j', async (kind, files) => {
    expect(await recogniseData(await folderOf(files as Record<string, string>))).toBe(kind);
  });

  it.each([
    ['jsonl', 'a.jsonl', patient],
    ['jsonl', 'a.ndjson', ''],
    ['jsonl', 'a.jsonl.gz', gzipSync(patient)],
    ['jsonl', 'patients', ` ${patient}`],
    ['fhir', 'a.ndjson', '{"resourceType": "Patient"}'],
    ['fhir', 'a.json', bundle],
    ['fhir', 'a.json.gz', gzipSync(bundle + ' '.repeat(1_000_000))],
    ['meds', 'a.parquet', 'PAR1'],
    ['omop', 'cdm.duckdb', ''],
  ])('a file: %s %s', async (kind, name, content) => {
    expect(await recogniseData(join(await folderOf({ [name]: content }), name))).toBe(kind);
  });

  it('says what was found, by kind and number, for names of files may be those of patients', async () => {
    const folder = await folderOf({ 'Doe_Jane.txt': '', 'Doe_John.txt': '', 'c.csv': '', 'b.json': '[]' });
    const error = await expectClmbrError(
      openDataset(folder),
      'INVALID_INPUT',
      'a folder with 2 .txt',
      '1 .csv',
      'MEDS',
    );
    expect(error.message).not.toContain('Doe');
    await expectClmbrError(openDataset(await folderOf({})), 'INVALID_INPUT', 'an empty folder');
    await expectClmbrError(openDataset(join(folder, 'c.csv')), 'INVALID_INPUT', 'c.csv', 'found another file');
    await expectClmbrError(openDataset(join(folder, 'absent')), 'FILE_UNREADABLE', 'does not exist');
    await expectClmbrError(openDataset(folder, { input: 'xml' as 'fhir' }), 'INVALID_ARGUMENT', 'input');
    await expectClmbrError(openDataset('-', { input: 'fhir' }), 'INVALID_ARGUMENT', 'standard input');
  });
});

describe('openDataset of JSON Lines', () => {
  const lines = [
    '{"id": 9007199254740993, "events": [{"code": "A", "value": 0, "start": 5, "end": "2020-01-01"}], "at": [7]}',
    'no',
    '{"events": [{"code": "A", "value": false, "end": "soon"}]}',
    '{"id": "t", "ids": [1, 2]}',
    '{"id": "x", "events": [{"cod": "A"}]}',
  ];

  it.each(['p.jsonl', 'p.jsonl.gz'])('reads %s', async (name) => {
    const text = [lines[0], lines[2], lines[3]].join('\n');
    const path = join(await folderOf({ [name]: name.endsWith('.gz') ? gzipSync(text) : text }), name);
    const dataset = await openDataset(path);
    expect(dataset).toMatchObject({ kind: 'jsonl', files: [path] });
    expect(dataset.progress()).toBe(0);
    expect(await readAll(dataset)).toEqual([
      {
        id: 9007199254740993n,
        events: [{ code: 'A', value: 0, start: 5n, end: BigInt(Date.UTC(2020, 0)) * 1000n }],
        at: [7n],
      },
      { id: 1, events: [{ code: 'A', value: false, end: null }] },
      { id: 't', ids: Int32Array.of(1, 2) },
    ]);
    expect(dataset.progress()).toBe(1);
    await dataset.close();
    await dataset.close();
  });

  it('takes 0 as missing, and counts bad lines, where that is asked for', async () => {
    const path = join(await folderOf({ 'p.jsonl': lines.join('\n') }), 'p.jsonl');
    await expectClmbrError(readAll(await openDataset(path)), 'INVALID_INPUT', 'p.jsonl:2');
    const dataset = await openDataset(path, { skipBadRows: true, zeroAsMissing: true });
    const read = await readAll(dataset);
    expect(read.map(({ id }) => id)).toEqual([9007199254740993n, 1, 't']);
    expect(read[0]!.events[0]!.value).toBeNull();
    expect(read[1]!.events[0]!.value).toBe(false);
    expect(dataset.skipped).toEqual({ 'bad-row': 2 });
  });

  it('reads a stream, and names a broken archive', async () => {
    const dataset = await openJsonl('the pipe', { stream: Readable.from([Buffer.from(`${patient}oops`)]) });
    expect(dataset.files).toEqual([]);
    expect(dataset.progress()).toBeNull();
    await expectClmbrError(readAll(dataset), 'INVALID_INPUT', 'the pipe:2');
    const broken = join(await folderOf({ 'p.jsonl.gz': gzipSync(patient).subarray(0, 30) }), 'p.jsonl.gz');
    await expectClmbrError(readAll(await openJsonl(broken)), 'FILE_UNREADABLE', 'p.jsonl.gz');
  });
});
