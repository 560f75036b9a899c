import type { ConfigEntry } from '../../../tokenizer/reference.ts';
import { naiveEncode } from '../../../tokenizer/reference.ts';
import type { DrawnPatient } from './random-patients.ts';

/** What a row of a result rests on, by the plainest reading of the rules. */
export interface NaiveRow {
  time: bigint | null;
  /** All tokens up to the label time, special ones included. */
  ids: number[];
  dropped: number;
}

export interface NaiveContext {
  tokens: readonly ConfigEntry[];
  contextLength: number;
}

/** Rows of a patient; `at`: label times of the call, which count before the patient's own. */
export function naiveRows(
  { events, ids, at: own }: DrawnPatient,
  at: readonly bigint[] | null,
  specialTokens: boolean,
  { tokens }: NaiveContext,
): NaiveRow[] {
  const around = (list: number[]) => (specialTokens ? [5, 0, ...list, 1] : list);
  if (ids !== null) return [{ time: null, ids: around(ids), dropped: 0 }];
  return (at ?? own ?? [null]).map((time) => {
    const visible = events!.filter(({ start }) => time === null || start === null || start <= time);
    const outcomes = visible.map(({ event }) => naiveEncode(tokens, event.code, event.value));
    const kept = outcomes.filter((one) => typeof one === 'number');
    return { time, ids: around(kept), dropped: outcomes.length - kept.length };
  });
}

/** The tokens that the model sees. */
export function cut(ids: readonly number[], contextLength: number, overflow: 'last' | 'first'): number[] {
  if (ids.length <= contextLength) return [...ids];
  return overflow === 'last' ? ids.slice(-contextLength) : ids.slice(0, contextLength);
}

/** Windows cut from the end, all full but the first. */
export function windowsFromTheEnd(ids: readonly number[], contextLength: number): number[][] {
  const windows: number[][] = [];
  for (let end = ids.length; end > 0; end -= contextLength)
    windows.unshift(ids.slice(Math.max(0, end - contextLength), end));
  return windows;
}

/** The windows of a perplexity, and how many tokens at the end of each are scored. */
export function scoredWindows(
  length: number,
  contextLength: number,
  stride: number,
): { begin: number; end: number; scored: number }[] {
  const windows: { begin: number; end: number; scored: number }[] = [];
  let done = 1;
  for (let start = 0; done < length; start += stride) {
    const begin = start + contextLength > length && length > contextLength ? length - contextLength : start;
    const end = Math.min(begin + contextLength, length);
    if (end > done) windows.push({ begin, end, scored: end - done });
    done = Math.max(done, end);
  }
  return windows;
}
