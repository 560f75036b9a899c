import { expect } from 'vitest';
import { clmbr } from '../cli/command.ts';
import { demoModel } from './cohort.ts';

export interface Row {
  patient: string;
  /** ISO 8601, or null. */
  time: string | null;
  tokens: number;
  truncated: boolean;
  dropped: number;
  /** The bytes of the float32 numbers. */
  vector: string;
}

/** What the command line says for the same patients, in an order of its own. */
export async function plainRows(input: string): Promise<Row[]> {
  const { code, stdout, stderr } = await clmbr(['embed', demoModel, '-', '--out', '-', '--quiet'], { input });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim().split('\n').map(parseRow).sort(byPatientAndTime);
}

/** A row of JSON Lines; the identifier as it is written, which a double would not hold. */
export function parseRow(line: string): Row {
  const { time, tokens, truncated, dropped, representation } = JSON.parse(line) as Omit<Row, 'vector'> & {
    representation: number[];
  };
  const patient = /"patient":\s*([0-9]+)/.exec(line)![1]!;
  return { patient, time, tokens, truncated, dropped, vector: bytesOf(representation) };
}

export function bytesOf(vector: readonly number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString('base64');
}

export function byPatientAndTime(a: Row, b: Row): number {
  const [x, y] = [`${a.patient} ${a.time}`, `${b.patient} ${b.time}`];
  return x < y ? -1 : x > y ? 1 : 0;
}
