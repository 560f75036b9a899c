import type { ClmbrModel } from '../../../../lib/model/index.ts';
import type { Patient } from '../../../../lib/types.ts';
import type { ConfigEntry } from '../../../tokenizer/reference.ts';
import type { Random } from '../random.ts';
import type { NaiveModel } from './naive-model.ts';
import type { NaiveRow } from './naive-rows.ts';
import { naiveRows } from './naive-rows.ts';
import type { DrawnPatient } from './random-patients.ts';
import { randomPatient, randomTimes } from './random-patients.ts';
import { hostile, spoilPatient } from './spoil.ts';

/** Models that compute the same: one is asked in every way, the other one window at a time. */
export interface Subject {
  model: ClmbrModel;
  alone: NaiveModel;
  /** Entries of its vocabulary; none: it takes token ids only. */
  tokens: readonly ConfigEntry[];
  contextLength: number;
}

export interface Call {
  run: (signal: AbortSignal | undefined) => Promise<() => Promise<void>>;
  /** Whether it was made wrong on purpose, so that a refusal is no surprise. */
  spoilt: boolean;
}

export const codesIn = ({ tokens }: Subject): number => Math.floor(tokens.length / 3);
export const someIds = (random: Random, size: number): number[] =>
  Array.from({ length: random.between(1, 4) }, () => random.below(size));

/** Puts something in the place of one option, now and then. */
export function spoilOptions<T extends object>(random: Random, options: T): boolean {
  if (!random.chance(0.08)) return false;
  const names = [...Object.keys(options), 'topK', 'samples', 'unknown'];
  Object.assign(options, { [random.pick(names)]: random.pick(hostile) });
  return true;
}

export function drawPatients(random: Random, subject: Subject): DrawnPatient[] {
  const size = subject.model.info.vocabularySize;
  return Array.from({ length: random.below(5) }, () => randomPatient(random, size, codesIn(subject)));
}

/** Label times of the call for each patient, where all patients have events. */
export function drawTimes(random: Random, patients: readonly DrawnPatient[]) {
  if (!random.chance(0.3) || patients.some(({ events }) => events === null)) return null;
  return patients.map(() => randomTimes(random));
}

export function rowsOf(
  patients: readonly DrawnPatient[],
  at: ReturnType<typeof drawTimes>,
  special: boolean,
  subject: Subject,
): NaiveRow[][] {
  return patients.map((patient, i) => naiveRows(patient, at?.[i]?.times ?? null, special, subject));
}

export function spoilPatients(
  random: Random,
  patients: readonly DrawnPatient[],
): { given: Patient[]; spoilt: boolean } {
  const given = patients.map(({ patient }) => patient);
  if (given.length === 0 || !random.chance(0.08)) return { given, spoilt: false };
  const at = random.below(given.length);
  given[at] = spoilPatient(random, given[at]!);
  return { given, spoilt: true };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
