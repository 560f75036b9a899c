import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { ClmbrError } from '../errors.ts';
import { checkMethods, checkString, optional } from '../options.ts';
import { toMicroseconds } from '../time.ts';
import type { PatientRecord, TokenRecord } from '../types.ts';
import type { DataEvent, DataPatient, Dataset, DataTokens, ReadDatasetOptions } from './dataset.ts';
import { readPatientsJsonl } from './jsonl.ts';
import type { PackedSource } from './packed-source.ts';
import { openPackedSource } from './packed-source.ts';
import { checkReadOptions } from './read-options.ts';

export interface OpenJsonlOptions extends ReadDatasetOptions {
  /** Read instead of a file: `path` is then what messages call it. */
  stream?: Readable | undefined;
}

/**
 * Opens patients as JSON Lines, packed with gzip where the name ends in `.gz`; `-` is standard input. The form of a line is that of
 * `readPatientsJsonl`; a patient without identifier goes by its number, counted from 0.
 *
 * @throws ClmbrError `FILE_UNREADABLE`
 */
export async function openJsonl(path: string, given: OpenJsonlOptions = {}): Promise<Dataset> {
  checkString(path, 'path');
  const options = checkReadOptions<OpenJsonlOptions>(given, ['stream']);
  optional(options.stream, undefined, (value) => checkMethods(value, 'stream', 'a stream', Symbol.asyncIterator));
  const isStream = path === '-' || options.stream !== undefined;
  const status = isStream ? null : await stat(path).catch(() => null);
  // A pipe has no size; a file that is not there is the reader's to complain about.
  const bytes = status?.isFile() && status.size > 0 ? status.size : null;
  return new JsonlDataset(path, bytes, options);
}

class JsonlDataset implements Dataset {
  readonly kind = 'jsonl';
  readonly files: readonly string[];
  readonly skipped: Record<string, number> = {};
  readonly #path: string;
  readonly #bytes: number | null;
  readonly #options: OpenJsonlOptions;
  #source: PackedSource | undefined;

  constructor(path: string, bytes: number | null, options: OpenJsonlOptions) {
    const stream = options.stream ?? (path === '-' ? process.stdin : undefined);
    this.#path = path === '-' ? 'standard input' : path;
    this.files = stream === undefined ? [path] : [];
    this.#bytes = bytes;
    this.#options = { ...options, stream };
  }

  async *patients(): AsyncGenerator<DataPatient | DataTokens, void, undefined> {
    const { stream, signal, skipBadRows = false, zeroAsMissing = false } = this.#options;
    signal?.throwIfAborted();
    if (stream === undefined) this.#source = await openPackedSource(this.#path);
    const onBadLine = (_: ClmbrError) => (this.skipped['bad-row'] = (this.skipped['bad-row'] ?? 0) + 1);
    const records = readPatientsJsonl(stream ?? this.#source!.stream, {
      signal,
      name: this.#path,
      ...(skipBadRows ? { onBadLine } : {}),
    });
    let number = 0;
    for await (const record of records) yield toDataPatient(record, number++, zeroAsMissing);
  }

  progress(): number | null {
    if (this.#bytes === null) return null;
    return Math.min(1, (this.#source?.bytesRead ?? 0) / this.#bytes);
  }

  close(): Promise<void> {
    this.#source?.stream.destroy();
    return Promise.resolve();
  }
}

/** The reader has just made the record, so it may become the result. Times of events and `at` are microseconds already, but for `end`. */
function toDataPatient(
  record: PatientRecord | TokenRecord,
  number: number,
  zeroAsMissing: boolean,
): DataPatient | DataTokens {
  record.id ??= number;
  if (!('events' in record)) return record as DataTokens;
  for (const event of record.events) {
    if (event.end !== undefined && event.end !== null) event.end = toEnd(event.end);
    if (zeroAsMissing && event.value === 0) event.value = null;
  }
  return record as Omit<PatientRecord, 'events'> & { events: DataEvent[] } as DataPatient;
}

/** An end that is no time has no use, and does no harm. */
function toEnd(end: unknown): bigint | null {
  if (typeof end === 'number') return BigInt(end);
  try {
    return toMicroseconds(end as string, 'end');
  } catch {
    return null;
  }
}
