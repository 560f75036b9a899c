import { checkChoice, checkInstance, checkInteger, checkOptions, checkString, optional } from './options.ts';
import { dropReasons } from './tokenizer/drop-reasons.ts';
import type { DropReason } from './types.ts';

/** How much of the input the vocabulary knew. */
export interface CoverageReport {
  /** Events seen. */
  events: number;
  /** Events that gave a token. */
  mapped: number;
  /** `mapped / events`, from 0 to 1; 1 where there were no events. */
  share: number;
  /** Events without a token, by reason. */
  dropped: Record<DropReason, number>;
  /** The most frequent codes that the vocabulary does not have, most frequent first, equals by code. */
  topUnmapped: { code: string; count: number }[];
  patients: number;
  /** Result rows without any token. */
  emptyRows: number;
}

export interface CoverageOptions {
  /** How many codes `topUnmapped` lists. Default 20. */
  top?: number;
  /** How many distinct unknown codes are counted at least. Default 100,000. */
  maxCodes?: number;
}

/** Longer codes are cut, so that garbage in a code column cannot fill the memory. */
const maxCodeLength = 256;

/**
 * Counts what was mapped and what was dropped over any number of patients, in bounded memory.
 *
 * Unknown codes are counted exactly as long as there are at most `2 * maxCodes` distinct ones. Whenever there are more, the rarer ones are
 * forgotten down to `maxCodes`; from then on a count in `topUnmapped` is a lower bound. The totals are always exact.
 */
export class CoverageCounter {
  readonly #top: number;
  readonly #maxCodes: number;
  readonly #dropped = new Map<DropReason, number>(dropReasons.map((reason) => [reason, 0]));
  #unmapped = new Map<string, number>();
  #events = 0;
  #patients = 0;
  #emptyRows = 0;

  /** @throws ClmbrError `INVALID_ARGUMENT` */
  constructor(options: CoverageOptions = {}) {
    const { top, maxCodes } = checkOptions<CoverageOptions>(options, 'options', ['top', 'maxCodes']);
    this.#top = optional(top, 20, (value) => checkInteger(value, 'top', 0, 1e9));
    this.#maxCodes = optional(maxCodes, 100_000, (value) => checkInteger(value, 'maxCodes', 1, 1e6));
  }

  /** Counts a patient and how many events it has, mapped or not. */
  addPatient(events: number): void {
    checkInteger(events, 'events', 0, Number.MAX_SAFE_INTEGER);
    this.#patients++;
    this.#events += events;
  }

  /** Counts a dropped event of a patient. */
  addDropped(code: string, reason: DropReason): void {
    const known = this.#dropped.get(reason);
    // Told of every dropped event, so what is right is not looked at twice.
    if (known === undefined || typeof code !== 'string') {
      checkString(code, 'code');
      checkChoice(reason, 'reason', dropReasons);
    }
    this.#dropped.set(reason, known! + 1);
    if (reason === 'unknown-code') this.#addUnmapped(code, 1);
  }

  /** Counts result rows that rest on no token. */
  addEmptyRows(count = 1): void {
    checkInteger(count, 'count', 0, Number.MAX_SAFE_INTEGER);
    this.#emptyRows += count;
  }

  /** Distinct unknown codes in memory. */
  get trackedCodes(): number {
    return this.#unmapped.size;
  }

  /** Adds what another counter saw. */
  merge(other: CoverageCounter): void {
    checkInstance(other, 'other', CoverageCounter);
    this.#events += other.#events;
    this.#patients += other.#patients;
    this.#emptyRows += other.#emptyRows;
    for (const [reason, count] of other.#dropped) this.#dropped.set(reason, this.#dropped.get(reason)! + count);
    for (const [code, count] of [...other.#unmapped]) this.#addUnmapped(code, count);
  }

  report(): CoverageReport {
    const dropped = Object.fromEntries(this.#dropped) as Record<DropReason, number>;
    const mapped = this.#events - [...this.#dropped.values()].reduce((sum, count) => sum + count, 0);
    return {
      events: this.#events,
      mapped,
      share: this.#events === 0 ? 1 : mapped / this.#events,
      dropped,
      topUnmapped: this.#mostFrequent(this.#top).map(([code, count]) => ({ code, count })),
      patients: this.#patients,
      emptyRows: this.#emptyRows,
    };
  }

  #addUnmapped(code: string, count: number): void {
    const key = code.length > maxCodeLength ? shorten(code) : code;
    this.#unmapped.set(key, (this.#unmapped.get(key) ?? 0) + count);
    if (this.#unmapped.size > 2 * this.#maxCodes) this.#unmapped = new Map(this.#mostFrequent(this.#maxCodes));
  }

  #mostFrequent(count: number): [string, number][] {
    const byCount = [...this.#unmapped].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    return byCount.slice(0, count);
  }
}

/** A copy: a mere slice would keep the whole text in memory. */
function shorten(code: string): string {
  return Buffer.from(`${code.slice(0, maxCodeLength - 1)}…`).toString();
}
