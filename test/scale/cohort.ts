import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { toMicroseconds } from '../../lib/time.ts';
import type { Event } from '../../lib/types.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const demoModel = join(root, 'examples/demo/demo.gguf');

export interface Subject {
  id: bigint;
  events: { code: string; value?: number | string; start?: bigint }[];
  /** Label times. */
  at: bigint[];
}

/** Patients of the demo as MEDS has them: whole numbers beyond 2^53 as identifiers, values as float32, times in microseconds; two label times each. */
export async function demoCohort(patients: number): Promise<Subject[]> {
  const text = await readFile(join(root, 'examples/demo/patients.jsonl'), 'utf8');
  const lines = text.trim().split('\n').slice(0, patients);
  return lines.map((line, i) => {
    const { events } = JSON.parse(line) as { events: Event[] };
    const own = events.map(({ code, value, start }, j) => ({
      code,
      ...(typeof value === 'number' ? { value: Math.fround(value) } : typeof value === 'string' ? { value } : {}),
      // A static event stands first, whatever time it had.
      ...(j > 0 && start ? { start: toMicroseconds(start, 'start') } : {}),
    }));
    const last = own.at(-1)!.start!;
    const middle = own[own.length >> 1]!.start!;
    return { id: 2n ** 62n + BigInt(i), events: own, at: [middle, last + 1n] };
  });
}

/** The patients as JSON Lines, exact in every number. */
export function jsonLines(cohort: readonly Subject[], { withLabels }: { withLabels: boolean }): string {
  const line = ({ id, events, at }: Subject) => {
    const shown = events.map(({ start, ...event }) => eventText(event, start)).join();
    return `{"id":${id},"events":[${shown}]${withLabels ? `,"at":[${at.join()}]` : ''}}\n`;
  };
  return cohort.map(line).join('');
}

export function eventText(event: object, start: bigint | undefined): string {
  return start === undefined ? JSON.stringify(event) : JSON.stringify({ ...event, start: Number(start) });
}

const int64 = { type: 'INT64' } as const;
const time = { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' } } as const;
const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;

/** The patients as MEDS: `folder`/data/SPLIT/0.parquet, and labels whose rows are in another order. */
export async function writeMeds(cohort: readonly Subject[], folder: string): Promise<{ data: string; labels: string }> {
  const half = cohort.length >> 1;
  for (const [split, subjects] of [
    ['train', cohort.slice(0, half)],
    ['held_out', cohort.slice(half)],
  ] as const) {
    await mkdir(join(folder, 'data', split), { recursive: true });
    await writeFile(join(folder, 'data', split, '0.parquet'), eventTable(subjects));
  }
  const rows = cohort.flatMap(({ id, at }, i) => at.map((when) => ({ id, when, value: i % 3 === 0 }))).reverse();
  const labels = parquetWriteBuffer({
    columnData: [
      { name: 'subject_id', data: rows.map(({ id }) => id) },
      { name: 'prediction_time', data: rows.map(({ when }) => when) },
      { name: 'boolean_value', data: rows.map(({ value }) => value) },
    ],
    schema: [
      { name: 'root', num_children: 3 },
      { name: 'subject_id', ...int64, repetition_type: 'REQUIRED' },
      { name: 'prediction_time', ...time, repetition_type: 'REQUIRED' },
      { name: 'boolean_value', type: 'BOOLEAN', repetition_type: 'REQUIRED' },
    ],
  });
  await writeFile(join(folder, 'labels.parquet'), new Uint8Array(labels));
  return { data: join(folder, 'data'), labels: join(folder, 'labels.parquet') };
}

/** Codes with `//`, as MEDS often has them. */
function eventTable(subjects: readonly Subject[]): Uint8Array {
  const rows = subjects.flatMap(({ id, events }) => events.map((event) => ({ id, ...event })));
  const numbers = rows.map(({ value }) => (typeof value === 'number' ? value : null));
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'subject_id', data: rows.map(({ id }) => id) },
        { name: 'time', data: rows.map(({ start }) => start ?? null) },
        { name: 'code', data: rows.map(({ code }) => code.replace('/', '//')) },
        { name: 'numeric_value', data: numbers },
        { name: 'text_value', data: rows.map(({ value }) => (typeof value === 'string' ? value : null)) },
      ],
      schema: [
        { name: 'root', num_children: 5 },
        { name: 'subject_id', ...int64, repetition_type: 'REQUIRED' },
        { name: 'time', ...time, repetition_type: 'OPTIONAL' },
        { name: 'code', ...text, repetition_type: 'REQUIRED' },
        { name: 'numeric_value', type: 'FLOAT', repetition_type: 'OPTIONAL' },
        { name: 'text_value', ...text, repetition_type: 'OPTIONAL' },
      ],
    }),
  );
}
