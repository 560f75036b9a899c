import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { DataPatient, Dataset } from '../../../lib/data/dataset.ts';
import { readBulk } from '../../../lib/data/fhir/bulk.ts';
import { Concepts } from '../../../lib/data/fhir/concepts.ts';
import { listFhirFiles } from '../../../lib/data/fhir/files.ts';
import { openFhir } from '../../../lib/data/fhir/index.ts';
import { Skips } from '../../../lib/data/fhir/skips.ts';
import { expectClmbrError } from '../../support/expect-error.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { bundleOf, expectedEvents, inBulkOrder, samplePatients, writeBulk } from './generator.ts';

const root = await temporaryFolder();
const patients = samplePatients(40, 60);
let folders = 0;

async function folder(): Promise<string> {
  const path = join(root, String(folders++));
  await mkdir(path);
  return path;
}

async function readAll(dataset: Dataset): Promise<DataPatient[]> {
  const all: DataPatient[] = [];
  for await (const patient of dataset.patients()) all.push(patient as DataPatient);
  await dataset.close();
  return all;
}

const byId = (a: { id: unknown }, b: { id: unknown }) => (String(a.id) < String(b.id) ? -1 : 1);
const claims = patients.flatMap(({ samples }) => samples).filter(({ resource }) => resource.resourceType === 'Claim');
const panels = patients.flatMap(({ samples }) => samples).filter(({ resource }) => resource.component !== undefined);

describe('bundles', () => {
  const expected = patients.map((patient) => ({ id: patient.id, events: expectedEvents(patient) }));

  it('reads one file for each patient, packed or not, in folders too', async () => {
    const path = await folder();
    await mkdir(join(path, 'more'));
    for (const [i, patient] of patients.entries()) {
      const text = JSON.stringify(bundleOf([patient]));
      const name = join(path, i < 20 ? '.' : 'more', `p${String(i).padStart(2, '0')}.json`);
      await (i % 2 === 0 ? writeFile(name, text) : writeFile(`${name}.gz`, gzipSync(text)));
    }
    const dataset = await openFhir(path);
    expect(dataset.files).toHaveLength(40);
    expect((await readAll(dataset)).sort(byId)).toEqual([...expected].sort(byId));
    expect(dataset.skipped).toEqual({ 'not-read:Claim': claims.length, panel: panels.length });
    expect(dataset.describe!('LOINC/2339-0')).toBe('Glucose');
    expect(dataset.progress()).toBe(1);
  });

  it('reads several patients of one file, one after the other, with candidates shared', async () => {
    const path = join(await folder(), 'all.json');
    await writeFile(path, JSON.stringify(bundleOf(patients)));
    const read = await readAll(await openFhir(path));
    expect(read).toEqual(expected);
    const lists = new Set(read.flatMap(({ events }) => events.flatMap(({ candidates }) => candidates ?? [])));
    expect(lists.size).toBe(1);
  });

  it('refuses what is no bundle by file and entry, or counts it', async () => {
    const path = await folder();
    const write = (name: string, text: string) => writeFile(join(path, name), text);
    await write('1.json', '{"resourceType": "Bundle", "entry": [');
    await expectClmbrError(readAll(await openFhir(path)), 'INVALID_INPUT', '1.json', 'ends too early');
    await write('1.json', '[1]');
    await expectClmbrError(readAll(await openFhir(path)), 'INVALID_INPUT', '1.json', 'without "resourceType"');
    await write('1.json', '{"resourceType": "Bundle", "entry": [{"response": {}}, {"resource": 7}]}');
    await expectClmbrError(readAll(await openFhir(path)), 'INVALID_INPUT', '1.json: entry[1].resource');
    await write('2.json', 'no');
    await write('3.json', JSON.stringify(bundleOf(patients.slice(0, 1))));
    await write('4.json', JSON.stringify(bundleOf(patients.slice(0, 2))));
    const dataset = await openFhir(path, { skipBadRows: true });
    expect((await readAll(dataset)).map(({ id }) => id)).toEqual(['patient-0', 'patient-1']);
    expect(dataset.skipped).toMatchObject({ 'bad-row': 2, 'no-resource': 1, 'repeated-patient': 1 });
    await write('1.json', JSON.stringify(patients[3]!.patient));
    await write('2.json', JSON.stringify({ resourceType: 'Bundle' }));
    await expectClmbrError(readAll(await openFhir(path)), 'INVALID_INPUT', '4.json', 'another file');
  });
});

describe('bulk data', () => {
  const expected = patients.map((patient) => ({ id: patient.id, events: expectedEvents(inBulkOrder(patient)) }));

  it.each([
    { parts: 1, gzip: false },
    { parts: 2, gzip: true },
  ])('gathers the resources of a patient from all files: %j', async (options) => {
    const path = await folder();
    await writeBulk(path, patients, options);
    await writeFile(join(path, 'manifest.json'), '{"output": []}');
    const dataset = await openFhir(path);
    expect(dataset.progress()).toBe(0);
    expect((await readAll(dataset)).sort(byId)).toEqual([...expected].sort(byId));
    expect(dataset.skipped).toEqual({ 'not-read:Claim': claims.length, panel: panels.length });
    expect(dataset.progress()).toBe(1);
  });

  it('gives every patient once, however many parts the temporary file has, and leaves none behind', async () => {
    const path = await folder();
    await writeBulk(path, patients);
    const temporary = await folder();
    vi.stubEnv('TMPDIR', temporary);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { files } = await listFhirFiles(path);
    for (const partitions of [1, 7, 4096]) {
      const read: DataPatient[] = [];
      const options = { skips: new Skips(), concepts: new Concepts(), zeroAsMissing: false, skipBadRows: false };
      const rest = { signal: undefined, onRead: () => undefined, onPartition: () => undefined, partitions };
      for await (const patient of readBulk(files, { ...options, ...rest })) read.push(patient);
      expect(read.sort(byId)).toEqual([...expected].sort(byId));
    }
    const dataset = await openFhir(path);
    for await (const _ of dataset.patients()) break;
    const stopped = await openFhir(path);
    await stopped.patients().next();
    await stopped.close();
    await stopped.close();
    expect(await readdir(temporary)).toEqual([]);
  });

  it('refuses a broken line by file and number, or counts it', async () => {
    const path = await folder();
    await writeBulk(path, patients.slice(0, 3));
    await writeFile(join(path, 'Zero.ndjson'), '\n{"resourceType": "Patient", "id": "z"}\n{"a\n\u0007\n{}\n');
    await expectClmbrError(readAll(await openFhir(path)), 'INVALID_INPUT', 'Zero.ndjson:3', 'ends too early');
    const dataset = await openFhir(path, { skipBadRows: true });
    expect(await readAll(dataset)).toHaveLength(4);
    expect(dataset.skipped).toMatchObject({ 'bad-row': 3, 'no-birth-date': 1 });
  });

  it('stops when told to', async () => {
    const path = await folder();
    await writeBulk(path, patients);
    const stop = new AbortController();
    const reason = new Error('enough');
    const reading = readAll(await openFhir(path, { signal: stop.signal }));
    stop.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  it('says what a folder lacks', async () => {
    const path = await folder();
    await expectClmbrError(openFhir(path), 'INVALID_INPUT', path, 'found neither');
    await expectClmbrError(openFhir(join(path, 'absent')), 'FILE_UNREADABLE', 'does not exist');
  });
});
