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
  throw new RangeError(
    `${rows.length} rows of ${dimensions} do not fit ${data.length} numbers after rows of ${expected ?? dimensions}`,
  );
}
