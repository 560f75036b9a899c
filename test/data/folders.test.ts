import { execFileSync } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../lib/data/index.ts';
import type { DataKind } from '../../lib/data/index.ts';
import { filesBelow } from '../../lib/files/folder.ts';
import { readLabels } from '../../lib/labels/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { medsParquet } from '../support/meds.ts';
import { folderWith, temporaryFolder } from '../support/temporary.ts';

const root = await temporaryFolder();
const folderOf = (files: Parameters<typeof folderWith>[1]) => folderWith(root, files);

async function idsOf(path: string): Promise<string[]> {
  const data = await openDataset(path);
  const ids: string[] = [];
  for await (const { id } of data.patients()) ids.push(String(id));
  await data.close();
  return ids.sort();
}

const person = (id: string): string => `{"resourceType":"Patient","id":"${id}","birthDate":"1990-01-01"}\n`;
const events = (id: bigint): Uint8Array => medsParquet([{ subject_id: id, time: 0n, code: 'A' }]);

// Making links takes rights on Windows that a user may not have.
describe.skipIf(process.platform === 'win32')('links in folders of data', () => {
  /** Thousands of millions of paths, if each were walked. */
  async function withCircles(folder: string): Promise<string> {
    for (const name of ['a', 'b', 'c']) await symlink('.', join(folder, name));
    return folder;
  }

  it('are followed once where they go round in circles', async () => {
    const folder = await folderOf({ 'data/x.parquet': events(5n) });
    await withCircles(folder);
    await withCircles(join(folder, 'data'));
    expect(await idsOf(folder)).toEqual(['5']);
    await expectClmbrError(openDataset(await withCircles(await folderOf({}))), 'INVALID_INPUT', 'an empty folder');
    const labels = await withCircles(await folderOf({ 'x.parquet': 'PAR1' }));
    await expectClmbrError(readLabels(labels), 'INVALID_INPUT', 'x.parquet');
    const omop = await folderOf({ 'person/1.csv': 'person_id,year_of_birth\n7,1980\n' });
    await withCircles(join(omop, 'person'));
    expect(await idsOf(omop)).toEqual(['7']);
  });

  it('lead to folders of FHIR too', async () => {
    const elsewhere = await folderOf({ 'b.ndjson': person('p2') });
    const folder = await folderOf({ 'a.ndjson': person('p1') });
    await symlink(elsewhere, join(folder, 'more'));
    expect(await idsOf(folder)).toEqual(['p1', 'p2']);
  });

  it('give way to the names that files have without them', async () => {
    const folder = await folderOf({ 'held_out/0.parquet': '', 'z/1.parquet': '' });
    await symlink('held_out', join(folder, 'current'));
    await symlink('nowhere', join(folder, 'lost'));
    expect(await filesBelow(folder)).toEqual(['held_out/0.parquet', 'lost', 'z/1.parquet'].map((x) => join(folder, x)));
  });
});

describe.skipIf(process.platform === 'win32')('named pipes in folders of data', () => {
  it.each<[DataKind | undefined, string]>([
    [undefined, 'x.json'],
    ['fhir', 'x.json'],
    ['fhir', 'Patient.ndjson'],
    ['omop', 'person.csv'],
    ['omop', 'person/1.csv'],
    ['meds', 'data/x.parquet'],
  ])('%s: %s is not waited for', async (input, name) => {
    const folder = await folderOf({ 'z.txt': '' });
    await mkdir(dirname(join(folder, name)), { recursive: true });
    execFileSync('mkfifo', [join(folder, name)]);
    const reading = (async () => {
      const data = await openDataset(folder, input === undefined ? {} : { input });
      for await (const _ of data.patients());
    })();
    if (input === undefined) await expectClmbrError(reading, 'INVALID_INPUT', 'found a folder with');
    else await expectClmbrError(reading, 'FILE_UNREADABLE', name, 'it is not a regular file');
  });
});
