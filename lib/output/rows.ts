import { ClmbrError } from '../errors.ts';
import { invalidArgument, isArray, readable } from '../options.ts';

/** The columns of MEDS that a label's value may be in. */
export type LabelName = 'boolean_value' | 'integer_value' | 'float_value' | 'categorical_value';

/** A label's value: a boolean, an integer (BigInt or number), a number, or a text, as its column says; null where it is missing. */
export type LabelValue = boolean | bigint | number | string | null;

/** What a row of an output file says beside its vector. */
export interface OutputRow {
  patient: string | number | bigint;
  /** Label time in microseconds since 1970 UTC, or null. */
  time: bigint | null;
  tokens: number;
  truncated: boolean;
  dropped: number;
  /** In the column that the output was asked for; without it the value is missing. */
  label?: LabelValue;
}

/** Some rows: `data` holds `rows.length` vectors of `dimensions` numbers, one after the other. */
export interface OutputRows {
  data: Float32Array;
  dimensions: number;
  rows: readonly OutputRow[];
}

/** Rows with the places that they have in the output, counted from 0. */
export interface PlacedRows extends OutputRows {
  positions: readonly number[];
}

export interface WrittenFile {
  rows: number;
  /** Size of the file, without what lies beside it. */
  bytes: number;
}

/** Takes rows. Either {@link commit} or {@link discard} must be called at the end. */
export interface RowWriter {
  /** @param positions each row's place in the output, counted from 0; without them, rows come in order */
  append(rows: OutputRows, positions?: readonly number[]): Promise<void>;
  /** Completes the output; a file appears under its name only now. */
  commit(signal?: AbortSignal): Promise<WrittenFile>;
  /** Removes what was written. Does nothing after a successful {@link commit}. */
  discard(): Promise<void>;
}

export function assertRowsFit({ data, dimensions, rows }: OutputRows, expected: number | undefined): void {
  if (dimensions === (expected ?? dimensions) && data.length === rows.length * dimensions) return;
  throw new ClmbrError(
    'INVALID_ARGUMENT',
    `rows: expected vectors of ${expected ?? dimensions} numbers, found ${rows.length} rows of ${dimensions} in ${data.length} numbers.`,
  );
}

/** @throws ClmbrError `INVALID_ARGUMENT` where these are no rows at all */
export function checkRows(given: OutputRows): void {
  readable('rows', () => assertRows(given));
}

function assertRows(given: OutputRows): void {
  const { data, dimensions, rows } = (given ?? {}) as Partial<OutputRows>;
  if (!(data instanceof Float32Array)) throw invalidArgument('rows.data', 'a Float32Array', data);
  if (!Number.isSafeInteger(dimensions)) throw invalidArgument('rows.dimensions', 'a whole number', dimensions);
  if (!isArray(rows)) throw invalidArgument('rows.rows', 'an array of rows', rows);
  for (const [i, row] of rows.entries()) {
    if (typeof row !== 'object' || row === null) throw invalidArgument(`rows.rows[${i}]`, 'an object', row);
    const { patient, time, tokens, truncated, dropped } = row;
    const isRow =
      (typeof patient === 'string' || typeof patient === 'number' || typeof patient === 'bigint') &&
      (time === null || typeof time === 'bigint') &&
      Number.isSafeInteger(tokens) &&
      typeof truncated === 'boolean' &&
      Number.isSafeInteger(dropped);
    if (!isRow)
      throw new ClmbrError(
        'INVALID_ARGUMENT',
        `rows.rows[${i}]: expected patient, time (microseconds as bigint, or null), tokens, truncated and dropped.`,
      );
  }
}
