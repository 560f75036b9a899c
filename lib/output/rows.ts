/** What a row of an output file says beside its vector. */
export interface OutputRow {
  patient: string | number | bigint;
  /** Label time in microseconds since 1970 UTC, or null. */
  time: bigint | null;
  tokens: number;
  truncated: boolean;
  dropped: number;
}

/** Some rows: `data` holds `rows.length` vectors of `dimensions` numbers, one after the other. */
export interface OutputRows {
  data: Float32Array;
  dimensions: number;
  rows: readonly OutputRow[];
}

export interface WrittenFile {
  rows: number;
  /** Size of the file. */
  bytes: number;
}

/** Takes rows in order. Either {@link commit} or {@link discard} must be called at the end. */
export interface RowWriter {
  append(rows: OutputRows): Promise<void>;
  /** Completes the output; a file appears under its name only now. */
  commit(signal?: AbortSignal): Promise<WrittenFile>;
  /** Removes what was written. Does nothing after a successful {@link commit}. */
  discard(): Promise<void>;
}
