import { ClmbrError } from '../../errors.ts';
import type { DataEvent, DataPatient } from '../dataset.ts';
import { IdIndex } from '../id-index.ts';
import { halves } from '../parquet/index.ts';
import type { EventBatch } from './columns.ts';

export interface AssemblerOptions {
  zeroAsMissing: boolean;
  skipBadRows: boolean;
  /** Subjects to take; undefined for all. */
  subjects: IdIndex | undefined;
  /** Where rows that give no event are counted. */
  skipped: Record<string, number>;
}

/** More would fill the memory of the engine, which ends the process; a file of a few kilobytes can hold billions of equal rows. */
export const mostEventsOfSubject = 10_000_000;
/** Of the values of a subject, for the same reason. */
const mostCharacters = 2 ** 28;

/** The rows of one subject, so far. */
interface OpenSubject {
  low: number;
  high: number;
  id: bigint;
  /** Without a time. */
  statics: DataEvent[];
  events: DataEvent[];
  /** In the texts of its values. */
  characters: number;
  /** Why its rows are not read, if they are not. */
  refused: 'other-split' | 'bad-row' | undefined;
  /** The time of its last event; null before the first that has one. */
  start: bigint | null;
  startLow: number;
  startHigh: number;
}

/**
 * Makes patients of rows. A subject's rows come together, and in the order of their times; what breaks this is an error or, where bad rows are
 * skipped, left out and counted. Rows without a time become its first events wherever they stand: tools that sort missing times last are common.
 */
export class PatientAssembler {
  readonly #options: AssemblerOptions;
  readonly #mostEvents: number;
  readonly #seen = new IdIndex();
  #path = '';
  #open: OpenSubject | undefined;

  constructor(options: AssemblerOptions, mostEvents = mostEventsOfSubject) {
    this.#options = options;
    this.#mostEvents = mostEvents;
  }

  /** Names the file of the batches that follow. */
  begin(path: string): void {
    this.#path = path;
  }

  /** The last patient of a file. A subject is in one file only. */
  end(): DataPatient[] {
    const finished: DataPatient[] = [];
    this.#finish(finished);
    this.#open = undefined;
    return finished;
  }

  /** The patients that are complete with these rows. */
  add({ firstRow, rows, columns }: EventBatch): DataPatient[] {
    const { zeroAsMissing } = this.#options;
    const { subject, time, code, number, text, unit } = columns;
    const ids = halves(subject.values);
    const times = halves(time.values);
    const finished: DataPatient[] = [];
    let open = this.#open;
    for (let i = 0; i < rows; i++) {
      if (subject.valid !== undefined && subject.valid[i] === 0) {
        this.#refuse(firstRow + i, 'subject_id', 'a number', 'none');
        continue;
      }
      const low = ids[2 * i]!;
      const high = ids[2 * i + 1]!;
      if (open === undefined || low !== open.low || high !== open.high) {
        this.#finish(finished);
        this.#open = open = this.#begin(low, high, subject.values[i]!, firstRow + i);
      }
      if (open.refused !== undefined) {
        this.#count(open.refused);
        continue;
      }
      const name = code.values[i]!;
      if (name === null || name === '') {
        this.#refuse(firstRow + i, 'code', 'a text', 'none');
        continue;
      }
      const start = time.valid === undefined || time.valid[i] === 1 ? this.#timeOf(open, times, time.values, i) : null;
      if (start === undefined) {
        this.#refuse(firstRow + i, 'time', 'the events of a subject in the order of their times', 'an earlier one');
        continue;
      }
      let value: number | string | null = null;
      if (number !== undefined && (number.valid === undefined || number.valid[i] === 1)) value = number.values[i]!;
      if (value === null || (zeroAsMissing && value === 0)) value = text === undefined ? null : text.values[i]!;
      if (typeof value === 'string') open.characters += value.length;
      if (open.characters > mostCharacters) throw this.#tooLong(firstRow + i, `${mostCharacters} characters`);
      const event: DataEvent = { code: name, value, unit: unit === undefined ? null : unit.values[i]!, start };
      if (start === null) open.statics.push(event);
      else open.events.push(event);
      if (open.events.length + open.statics.length > this.#mostEvents)
        throw this.#tooLong(firstRow + i, `${this.#mostEvents} events`);
    }
    return finished;
  }

  /** The time of row `i`; undefined where it is before that of the event before. */
  #timeOf(open: OpenSubject, times: Int32Array, values: BigInt64Array, i: number): bigint | undefined {
    const low = times[2 * i]!;
    const high = times[2 * i + 1]!;
    // Most events share their time with the one before, and so the bigint of it.
    if (open.start !== null) {
      if (low === open.startLow && high === open.startHigh) return open.start;
      if (high < open.startHigh || (high === open.startHigh && low >>> 0 < open.startLow >>> 0)) return undefined;
    }
    open.startLow = low;
    open.startHigh = high;
    open.start = values[i]!;
    return open.start;
  }

  #begin(low: number, high: number, id: bigint, row: number): OpenSubject {
    const { subjects } = this.#options;
    const known = this.#seen.size;
    let refused: OpenSubject['refused'];
    if (subjects !== undefined && subjects.find(id) < 0) refused = 'other-split';
    else if (this.#seen.add(id) < known) {
      // Counted with each of its rows.
      this.#refuse(
        row,
        'subject_id',
        'the rows of a subject in one place',
        'one whose rows ended in an earlier place',
        0,
      );
      refused = 'bad-row';
    }
    return { low, high, id, statics: [], events: [], characters: 0, refused, start: null, startLow: 0, startHigh: 0 };
  }

  #finish(finished: DataPatient[]): void {
    if (this.#open === undefined || this.#open.refused !== undefined) return;
    const { id, statics, events } = this.#open;
    finished.push({ id, events: statics.length === 0 ? events : statics.concat(events) });
  }

  #tooLong(row: number, most: string): ClmbrError {
    return new ClmbrError(
      'INVALID_INPUT',
      `${this.#path}: row ${row} (counting from 0): expected at most ${most} of a subject, found more.`,
      { details: { path: this.#path, row } },
    );
  }

  #refuse(row: number, column: string, expected: string, found: string, count = 1): void {
    if (this.#options.skipBadRows) return this.#count('bad-row', count);
    throw new ClmbrError(
      'INVALID_INPUT',
      `${this.#path}: row ${row} (counting from 0), column ${column}: expected ${expected}, found ${found}.`,
      { details: { path: this.#path, row, column } },
    );
  }

  #count(reason: string, count = 1): void {
    const { skipped } = this.#options;
    skipped[reason] = (skipped[reason] ?? 0) + count;
  }
}
