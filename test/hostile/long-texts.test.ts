// Texts of patients that were made to keep a regular expression busy: time must grow with their length, not with its square.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { vocabularyOf } from '../../lib/data/fhir/systems.ts';
import { readLabels } from '../../lib/labels/index.ts';
import { concepts, measurement, person, readAll, writeCsv } from '../data/omop-tables.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const length = 60_000;
const almostNumber = `${'1'.repeat(length)}x`;

/** The squares of these lengths take from 15 seconds to a minute. */
async function inTime<T>(action: () => T): Promise<Awaited<T>> {
  const start = performance.now();
  const result = await action();
  expect(performance.now() - start).toBeLessThan(8000);
  return result;
}

it('a value of the OMOP tables that is almost a number', async () => {
  const rows = [measurement(1, 300, { value_source_value: almostNumber })];
  const tables = await writeCsv(join(folder, 'omop'), { person: [person], concept: concepts, measurement: rows });
  const { patients } = await inTime(() => readAll(tables));
  expect(patients[0]!.events.at(-1)!.value).toBe(almostNumber);
});

it('a label that is almost a number', async () => {
  const path = join(folder, 'labels.csv');
  await writeFile(path, `subject_id,prediction_time,value\n1,2020-01-01,${almostNumber}\n`);
  const table = await inTime(() => readLabels(path));
  expect(table.columns.map(({ name }) => name)).toEqual(['categorical_value']);
});

it('a code system of slashes', async () => {
  const slashes = '/'.repeat(length);
  expect(await inTime(() => vocabularyOf(`http://${slashes}x`))).toBeUndefined();
  expect(await inTime(() => vocabularyOf(`http://loinc.org${slashes}`))).toBe('LOINC');
});
