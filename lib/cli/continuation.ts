import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { ClmbrTokenizer, Time } from '../index.ts';
import { timeText } from '../index.ts';
import { openPatients } from './data.ts';
import type { Listed } from './data.ts';
import type { CoverageFlags, DataFlags, ModelFlags } from './options.ts';
import { addCoverageFlag, addDataFlags, addModelFlags } from './options.ts';

/** What `generate` and `risk` have in common. */
export interface ContinuationFlags extends ModelFlags, DataFlags, CoverageFlags {
  stop?: (string | number)[];
  seed?: string;
  specialTokens?: boolean;
  json: boolean;
}

export function addContinuationFlags(command: Command, jsonHelp: string): Command {
  command
    .option('--stop <code>', 'code or token id that ends a future, beside [EOS]; may be repeated', collectCodes)
    .option('--seed <n>', 'of the random numbers (default: 0)', wholeSeed)
    .option('--special-tokens', 'put [CLS] [BOS] before each history')
    .option('--json', jsonHelp, false);
  return addModelFlags(addCoverageFlag(addDataFlags(command)));
}

/** A history of one patient, up to one label time where there are any. */
export interface HistoryOf {
  id: string | number | bigint;
  patient: Listed;
  at: Time | undefined;
  /** `at` in ISO 8601; null without. */
  time: string | null;
  /** Patients read before this one, and about how many there are. */
  index: number;
  patients: number | null;
}

/** Each patient of a file, once for each of its label times. */
export async function* eachHistory(
  data: string,
  tokenizer: ClmbrTokenizer | null,
  flags: DataFlags,
  signal: AbortSignal,
  out?: string,
): AsyncGenerator<HistoryOf, void, undefined> {
  const source = await openPatients(data, tokenizer, flags, signal, out);
  let index = 0;
  for await (const patient of source.patients) {
    const times = 'at' in patient ? patient.at : undefined;
    for (const at of times ?? [undefined]) {
      const time = at === undefined ? null : typeof at === 'bigint' ? timeText(at) : String(at);
      yield { id: patient.id, patient, at, time, index, patients: source.estimatedPatients() };
    }
    index++;
  }
}

/** An option that may be repeated. Digits alone are a token id: every code names its vocabulary. */
export function collectCodes(text: string, before: (string | number)[] = []): (string | number)[] {
  return [...before, /^[0-9]+$/.test(text) ? Number(text) : text];
}

export function decimal(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]*\.?[0-9]+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`);
  };
}

function wholeSeed(text: string): string {
  if (/^-?[0-9]{1,20}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected a whole number.');
}

export function seedOf(text: string | undefined): bigint | undefined {
  return text === undefined ? undefined : BigInt(text);
}
