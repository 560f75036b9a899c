import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { readLabels } from '../../../../lib/labels/index.ts';
import type { LabelTable } from '../../../../lib/labels/index.ts';
import { demand, refusal } from '../judge.ts';
import { mutateParquet, takeApart } from '../mutate-parquet.ts';
import type { Target } from '../target.ts';

/** Values of patients that no error may show. */
const secrets = ['zorblax', '735198462', '1941542220', '2031-07-1'];

const types: Record<string, [Omit<SchemaElement, 'name'>, (i: number) => unknown]> = {
  subject_id: [{ type: 'INT64' }, (i) => 735_198_462_000n + BigInt(i >> 2)],
  patient_id: [{ type: 'BYTE_ARRAY', converted_type: 'UTF8' }, (i) => `zorblax-${i >> 1}`],
  prediction_time: [
    { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' } },
    (i) => 1_941_542_220_000_000n + BigInt(i),
  ],
  time: [{ type: 'BYTE_ARRAY', converted_type: 'UTF8' }, (i) => `2031-07-1${i % 9}T10:37:00Z`],
  boolean_value: [{ type: 'BOOLEAN' }, (i) => (i % 5 === 0 ? null : i % 2 === 0)],
  integer_value: [{ type: 'INT64' }, (i) => (i % 7 === 0 ? null : 2n ** 60n + BigInt(i))],
  float_value: [{ type: 'DOUBLE' }, (i) => (i % 3 === 0 ? null : i / 7)],
  categorical_value: [{ type: 'BYTE_ARRAY', converted_type: 'UTF8' }, (i) => (i % 2 === 0 ? null : `zorblax${i % 4}`)],
};

function labelFile(names: readonly string[], more: Partial<Parameters<typeof parquetWriteBuffer>[0]> = {}): Buffer {
  const schema: SchemaElement[] = [{ name: 'root', num_children: names.length }];
  for (const name of names) schema.push({ name, repetition_type: 'OPTIONAL', ...types[name]![0] });
  const columnData = names.map((name) => ({ name, data: Array.from({ length: 60 }, (_, i) => types[name]![1](i)) }));
  return Buffer.from(parquetWriteBuffer({ columnData, schema, ...more }));
}

const variants = [
  labelFile(['subject_id', 'prediction_time', 'boolean_value'], { codec: 'UNCOMPRESSED' }),
  labelFile(['subject_id', 'prediction_time', 'integer_value', 'float_value'], { rowGroupSize: 25 }),
  labelFile(['patient_id', 'time', 'categorical_value'], { codec: 'UNCOMPRESSED', pageSize: 100 }),
  labelFile(['subject_id', 'time', 'float_value', 'categorical_value']),
].map(takeApart);

const isOfType: Record<string, (value: unknown) => boolean> = {
  boolean_value: (value) => typeof value === 'boolean',
  integer_value: (value) => typeof value === 'bigint',
  float_value: (value) => typeof value === 'number',
  categorical_value: (value) => typeof value === 'string',
};

/** What the rest of the package relies on. */
function checkTable(table: LabelTable): void {
  demand(table.times.length === table.length, 'a label has no time');
  let rows = 0;
  for (let patient = 0; patient < table.patients; patient++) {
    const own = table.rowsOf(patient);
    rows += own.length;
    demand(own.length > 0 && own.every((row, i) => i === 0 || row > own[i - 1]!), 'rows of a patient are not in order');
    demand(table.find(table.patientAt(patient)) === patient, 'a patient is not found');
    demand(
      own.every((row) => table.idAt(row) === table.patientAt(patient)),
      'a label is of another patient',
    );
  }
  demand(rows === table.length, `${rows} of ${table.length} labels have a patient`);
  for (const { name, values } of table.columns) {
    demand(values.length === table.length && values.some((value) => value !== null), `${name} has other rows`);
    demand(
      [...values].every((value) => value === null || isOfType[name]!(value)),
      `${name} has another type`,
    );
  }
}

/** Label files in Parquet. */
export const labelParquet: Target = (scratch) => {
  const path = join(scratch, 'labels.parquet');
  return Promise.resolve(async (random, keep) => {
    const bytes = mutateParquet(random, random.pick(variants));
    keep('labels.parquet', bytes);
    await writeFile(path, bytes);
    try {
      checkTable(await readLabels(path));
      return 'accepted';
    } catch (error) {
      return refusal(error, ['INVALID_INPUT', 'FILE_UNREADABLE', 'OUT_OF_MEMORY'], secrets);
    }
  });
};
