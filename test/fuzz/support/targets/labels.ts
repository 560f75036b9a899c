import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLabels } from '../../../../lib/labels/index.ts';
import type { LabelTable } from '../../../../lib/labels/index.ts';
import { isUtf8, plainRecords, randomCsv } from '../csv-text.ts';
import { demand, refusal } from '../judge.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';

/** Values of patients that no error may show. */
const secrets = ['zorblax-9', '735198462', '2031-07-19'];

/** Texts of times, and what they mean in microseconds since 1970 UTC. */
const times = new Map<string, bigint>([
  ['2031-07-19', 1942185600000000n],
  ['2031-07-19T01:02:03', 1942189323000000n],
  ['2031-07-19 01:02:03.000004', 1942189323000004n],
  ['2031-07-19T01:02:03+01:00', 1942185723000000n],
  ['1969-12-31T23:59:59.999999Z', -1n],
]);

const values: Readonly<Record<string, readonly string[]>> = {
  boolean_value: ['true', 'False', '1', '0', '', 'TRUE'],
  integer_value: ['0', '-7', '735198462', '+12', '', '9223372036854775807', '9223372036854775808'],
  float_value: ['0.5', '-1e-3', '735198462.25', 'nan', '-inf', '', '.5', '5.'],
  categorical_value: ['zorblax-9', 'a "word"', '', 'a, b', 'two\nlines'],
  value: ['True', '1', '0.5', 'zorblax-9', ''],
};

function randomRows(random: Random): string[][] {
  const names = [
    random.pick(['subject_id', 'patient_id', 'person_id']),
    random.pick(['prediction_time', 'time']),
    ...Object.keys(values).filter(() => random.chance(0.3)),
    ...(random.chance(0.2) ? ['zorblax-9'] : []),
  ];
  if (random.chance(0.03)) names.push(random.pick(names));
  const value = (name: string): string => {
    if (name.endsWith('_id')) return random.pick(['735198462', 'zorblax-9', '5', '005', '-3', '18446744073709551616']);
    if (name.endsWith('time')) return random.chance(0.03) ? 'zorblax-9' : random.pick([...times.keys()]);
    return random.chance(0.01) ? random.pick(['x', '1e400', '٣']) : random.pick(values[name] ?? ['zorblax-9']);
  };
  return [names, ...Array.from({ length: random.between(0, 6) }, () => names.map(value))];
}

function checkTable(table: LabelTable, [header, ...rows]: string[][]): void {
  demand(table.length === rows.length, `${table.length} labels from ${rows.length} rows`);
  const at = (...names: string[]): number => names.map((name) => header!.indexOf(name)).find((one) => one >= 0) ?? -1;
  const patient = at('subject_id', 'patient_id', 'person_id');
  const time = at('prediction_time', 'time');
  for (const [i, row] of rows.entries()) {
    const id = row[patient]!;
    const expected = /^(?:0|-?[1-9]\d*)$/.test(id) ? String(BigInt(id)) : id;
    demand(String(table.idAt(i)) === expected, `label ${i} is of another patient`);
    demand([...table.rowsOf(table.find(id))].includes(i), `label ${i} is not among those of its patient`);
    const known = times.get(row[time]!);
    demand(known === undefined || table.times[i] === known, `label ${i} has the time ${table.times[i]}`);
  }
  for (const { name, values: column } of table.columns) {
    const own = header!.indexOf(name) >= 0 ? header!.indexOf(name) : header!.indexOf('value');
    for (const [i, row] of rows.entries()) demand((column[i] === null) === (row[own] === ''), `${name} of label ${i}`);
  }
}

/** Label files in CSV. */
export const labels: Target = async (scratch) => {
  const path = join(scratch, 'labels.csv');
  return async (random, keep) => {
    const bytes = randomCsv(random, randomRows(random));
    keep('labels.csv', bytes);
    await writeFile(path, bytes);
    try {
      const table = await readLabels(path);
      demand(isUtf8(bytes), 'bytes that are no text were accepted');
      const records = plainRecords(bytes);
      if (records !== null) {
        const known = records[0]!.filter((name) => /_(?:id|value|time)$|^(?:time|value)$/.test(name));
        demand(new Set(known).size === known.length, `columns twice: ${known.join(' ')}`);
        checkTable(table, records);
      }
      return 'accepted';
    } catch (error) {
      return refusal(error, ['INVALID_INPUT'], secrets);
    } finally {
      await rm(path, { force: true });
    }
  };
};
