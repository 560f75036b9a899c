import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataPatient } from '../../../../lib/data/dataset.ts';
import { openMeds } from '../../../../lib/data/meds/index.ts';
import type { MedsRow, WriteOptions } from '../../../support/meds.ts';
import { codesParquet, medsParquet, splitsParquet } from '../../../support/meds.ts';
import { demand, refusal } from '../judge.ts';
import type { ParquetParts } from '../mutate-parquet.ts';
import { mutateParquet, takeApart } from '../mutate-parquet.ts';
import type { Target } from '../target.ts';

/** Values of patients that no error may show. */
const secrets = ['zorblax-9', '735198462', '2031-07-19', '1941542220', '4711.25'];

const rows: MedsRow[] = Array.from({ length: 90 }, (_, i) => ({
  subject_id: 735_198_462n + BigInt(i >> 3),
  time: i % 8 === 0 ? null : 1_941_542_220_000_000n + BigInt(i),
  code: `CODE//${i % 11}`,
  numeric_value: i % 3 === 0 ? null : 4711.25 + i,
  text_value: i % 5 === 0 ? 'zorblax-9' : null,
  unit: i % 7 === 0 ? 'mg/dL' : null,
}));

const variants: WriteOptions[] = [
  { codec: 'UNCOMPRESSED', encoding: 'PLAIN' },
  { codec: 'UNCOMPRESSED', rowGroupSize: 40, pageSize: 120 },
  { codec: 'UNCOMPRESSED', encoding: 'DELTA_BYTE_ARRAY' },
  { codec: 'UNCOMPRESSED', encoding: 'DELTA_LENGTH_BYTE_ARRAY', timeUnit: 'NANOS' },
  { codec: 'SNAPPY', timeUnit: 'MILLIS' },
  { codec: 'ZSTD' },
  { codec: 'GZIP', encoding: 'PLAIN' },
  { codec: 'BROTLI' },
  { codec: 'LZ4_RAW' },
];

const parts = (bytes: Uint8Array): ParquetParts => takeApart(Buffer.from(bytes));

/** A patient that came through has what every later step relies on. */
function checkPatient({ id, events }: DataPatient, seen: Set<unknown>): void {
  demand(typeof id === 'bigint' && !seen.has(id), `the id is a ${typeof id}, or came before`);
  seen.add(id);
  let last: bigint | null = null;
  for (const { code, value, unit, start } of events) {
    demand(typeof code === 'string' && code !== '', 'a code is no text');
    demand(value === null || typeof value === 'number' || typeof value === 'string', `a value is a ${typeof value}`);
    demand(unit === null || typeof unit === 'string', `a unit is a ${typeof unit}`);
    if (start === null) demand(last === null, 'an event without a time follows one that has it');
    else demand(typeof start === 'bigint' && (last === null || start >= last), 'times go back');
    last = start ?? null;
  }
}

/** Events, codes and splits of MEDS in Parquet. */
export const meds: Target = async (scratch) => {
  const originals = variants.map((variant) => parts(medsParquet(rows, variant)));
  const whole = medsParquet(rows);
  const names = rows.slice(0, 11).map(({ code }) => code!);
  const codes = parts(
    codesParquet(names.map((code, i) => ({ code, parents: i % 2 === 0 ? [`P/${i}`] : [], description: 'd' }))),
  );
  const splits = parts(
    splitsParquet(rows.slice(0, 40).map(({ subject_id: id }, i) => [id!, i < 20 ? 'train' : 'held_out'])),
  );
  const [lone, folder] = [join(scratch, 'case.parquet'), join(scratch, 'folder')];
  const inFolder = (name: string) => join(folder, name);
  return async (random, keep) => {
    const form = random.pick(['events', 'events', 'events', 'events', 'codes', 'splits'] as const);
    const bytes = mutateParquet(random, { events: random.pick(originals), codes, splits }[form]);
    keep(`${form}.parquet`, bytes);
    let path = lone;
    if (form === 'events') await writeFile(lone, bytes);
    else {
      await rm(folder, { recursive: true, force: true });
      for (const name of ['data', 'metadata']) await mkdir(inFolder(name), { recursive: true });
      await writeFile(inFolder('data/0.parquet'), whole);
      await writeFile(inFolder(form === 'codes' ? 'metadata/codes.parquet' : 'metadata/subject_splits.parquet'), bytes);
      path = folder;
    }
    const seen = new Set<unknown>();
    try {
      const skipBadRows = random.chance(0.3);
      const data = await openMeds(path, { skipBadRows, ...(form === 'splits' ? { split: 'train' } : {}) });
      for await (const patient of data.patients()) {
        checkPatient(patient as DataPatient, seen);
        for (const { code } of (patient as DataPatient).events.slice(0, 3)) data.candidates!(code);
      }
      await data.close();
      for (const [name, count] of Object.entries(data.skipped))
        demand(/^[a-z-]+$/.test(name) && count > 0, `skipped counts ${count} of what is no fixed name`);
      return 'accepted';
    } catch (error) {
      return refusal(error, ['INVALID_INPUT', 'FILE_UNREADABLE', 'OUT_OF_MEMORY'], secrets);
    }
  };
};
