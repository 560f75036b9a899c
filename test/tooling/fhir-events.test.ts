import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { DataPatient } from '../../lib/data/dataset.ts';
import { openJsonl } from '../../lib/data/jsonl-dataset.ts';
import { temporaryFolder } from '../support/temporary.ts';

const script = 'scripts/fhir-events-to-jsonl.mjs';
const shared = fileURLToPath(new URL('../../../shared/data/synthea_fhir_r4_events/', import.meta.url));
const folder = await temporaryFolder();

async function convert(source: string, name: string): Promise<string> {
  const target = join(folder, name);
  await promisify(execFile)(process.execPath, [script, source, target]);
  return target;
}

async function readAll(path: string): Promise<DataPatient[]> {
  const patients: DataPatient[] = [];
  for await (const patient of (await openJsonl(path)).patients()) patients.push(patient as DataPatient);
  return patients;
}

describe('fhir-events-to-jsonl', () => {
  it('makes a line of each person, ordered by time whatever the offsets', async () => {
    await writeFile(
      join(folder, 'patients.csv'),
      [
        'person_id,birth_date,gender,race_code,ethnicity_code,death_datetime',
        '1,1950-01-02,female,2106-3,2135-2,2020-01-02T00:00:00Z',
        '2,1960-01-02,male,2131-1,2186-5,',
        '',
      ].join('\n'),
    );
    await writeFile(
      join(folder, 'events.csv'),
      [
        'person_id,omop_table,code,value,unit,start,end,visit_no',
        '1,measurement,LOINC/1,7.1,mg/dL,2020-01-01T10:00:00+00:00,,1',
        '1,visit_occurrence,Visit/OP,,,2020-01-01T11:00:00+02:00,2020-01-01T12:00:00+02:00,1',
        '1,observation,LOINC/2,"a, b",,2019-01-01,,1',
        '',
      ].join('\n'),
    );
    const [first, second] = await readAll(await convert(folder, 'small.jsonl'));
    expect(first).toMatchObject({ id: 1 });
    expect(first!.events.map(({ code }) => code)).toEqual([
      'SNOMED/3950001',
      'Gender/F',
      'Ethnicity/Hispanic',
      'Race/5',
      'LOINC/2',
      'Visit/OP',
      'LOINC/1',
      'SNOMED/419620001',
    ]);
    expect(first!.events[6]).toMatchObject({ value: Math.fround(7.1), unit: 'mg/dL' });
    expect(first!.events[4]).toMatchObject({ value: 'a, b' });
    expect(second).toMatchObject({ id: 2, events: { length: 3 } });
  });

  it.skipIf(!existsSync(shared))('turns all of the open data set into patients', async () => {
    const patients = await readAll(await convert(shared, 'all.jsonl'));
    expect(patients).toHaveLength(615);
    const tables = patients.flatMap(({ events }) => events.map(({ omopTable }) => omopTable));
    expect(tables.filter((table) => table !== 'person' && table !== 'death')).toHaveLength(143_164);
    expect(tables.filter((table) => table === 'death')).toHaveLength(124);
  });
});
