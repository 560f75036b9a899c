import { basename } from 'node:path';
import { readLines } from '../data/lines.ts';
import { AtomicFile, assertWritableTarget } from '../files/atomic-write.ts';
import { checkBoolean, checkOptions, checkString, invalidArgument } from '../options.ts';
import { toMicroseconds } from '../time.ts';
import type { Time } from '../types.ts';
import type { OutputMetadata } from './metadata.ts';
import { checkMetadata } from './metadata.ts';
import { boolean, float64, int32, int64, optional, required, text, timestamp } from './parquet-fields.ts';
import { ParquetSink } from './parquet-sink.ts';
import { Spool } from './spool.ts';
import { addRows, emptySummary } from './summary.ts';
import { writeFile } from './target.ts';
import { timeText } from './text.ts';

/** A simulated future as `model.generate` gives it. */
export interface WritableFuture {
  sample: number;
  events: readonly { id: number; logProb: number; token?: string | null; code?: string | null }[];
  stopReason: string;
  history: { tokens: number; truncated: boolean; dropped: number };
}

export interface FutureOwner {
  patient: string | number | bigint;
  /** The label time that the history ends with; null where it ends with the timeline. */
  time: Time | null;
}

/** Takes futures in any order and writes them in it. Either {@link commit} or {@link discard} must be called at the end. */
export interface FutureWriter {
  append(owner: FutureOwner, future: WritableFuture): Promise<void>;
  /** Completes the file, which appears under its name only now. */
  commit(signal?: AbortSignal): Promise<{ futures: number; bytes: number }>;
  discard(): Promise<void>;
}

export interface FutureSettings {
  /** Replace a file that is there already. Default false. */
  overwrite?: boolean | undefined;
  /** Of the Parquet file, under its key `clmbr`. */
  metadata?: OutputMetadata | undefined;
}

/**
 * A writer of simulated futures: as JSON Lines (`.jsonl`, a line for each future), or as Parquet (`.parquet`, a row for each event; one without an
 * event stands for a future that has none).
 *
 * @throws ClmbrError `INVALID_ARGUMENT` for another name, `TARGET_EXISTS`, `WRITE_FAILED`
 */
export async function createFutureWriter(path: string, given: FutureSettings = {}): Promise<FutureWriter> {
  checkString(path, 'target');
  const settings = checkOptions<FutureSettings>(given, 'settings', ['overwrite', 'metadata']);
  if (settings.overwrite !== undefined) checkBoolean(settings.overwrite, 'overwrite');
  if (settings.metadata !== undefined) checkMetadata(settings.metadata);
  const overwrite = settings.overwrite ?? false;
  await assertWritableTarget(path, overwrite);
  if (/.\.jsonl$/.test(basename(path))) {
    return new JsonlFutures(await AtomicFile.create(path, { overwrite, access: 'private' }));
  }
  if (/.\.parquet$/.test(basename(path))) return new ParquetFutures(path, settings, await Spool.create(path));
  throw invalidArgument('target', 'a name that ends in .parquet or .jsonl', path);
}

/** One line without its end. */
export function futureLine({ patient, time }: FutureOwner, future: WritableFuture): string {
  const id = typeof patient === 'string' ? JSON.stringify(patient) : String(patient);
  const when = time === null ? null : timeText(toMicroseconds(time, 'time'));
  return `{"patient":${id},${JSON.stringify({ time: when, ...future }).slice(1)}`;
}

class JsonlFutures implements FutureWriter {
  readonly #file: AtomicFile;
  #futures = 0;

  constructor(file: AtomicFile) {
    this.#file = file;
  }

  async append(owner: FutureOwner, future: WritableFuture): Promise<void> {
    await this.#file.write(Buffer.from(`${futureLine(owner, future)}\n`));
    this.#futures++;
  }

  async commit(signal?: AbortSignal): Promise<{ futures: number; bytes: number }> {
    signal?.throwIfAborted();
    const { bytes } = await this.#file.commit();
    return { futures: this.#futures, bytes };
  }

  discard(): Promise<void> {
    return this.#file.discard();
  }
}

interface EventRow {
  patient: string;
  time: string | null;
  sample: number;
  event: number | null;
  id: number | null;
  token: string | null;
  code: string | null;
  logProb: number | null;
  stopReason: string;
  tokens: number;
  truncated: boolean;
  dropped: number;
}

const groupRows = 65_536;

/** Events wait on the disk beside the target: what type the identifiers have is known at the end. */
class ParquetFutures implements FutureWriter {
  readonly #path: string;
  readonly #settings: FutureSettings;
  readonly #spool: Spool;
  readonly #summary = emptySummary();

  constructor(path: string, settings: FutureSettings, spool: Spool) {
    this.#path = path;
    this.#settings = settings;
    this.#spool = spool;
  }

  async append({ patient, time: end }: FutureOwner, future: WritableFuture): Promise<void> {
    const { sample, events, stopReason, history } = future;
    const time = end === null ? null : toMicroseconds(end, 'time');
    addRows(this.#summary, {
      ...{ dimensions: 0, data: new Float32Array() },
      rows: [{ patient, time, ...history }],
    });
    const common = { patient: String(patient), time: time === null ? null : String(time), sample };
    const facts = { stopReason, ...history };
    const none = { event: null, id: null, token: null, code: null, logProb: null };
    const rows: EventRow[] = events.map(({ id, token = null, code = null, logProb }, event) => ({
      ...{ ...common, event, id, token, code, logProb, ...facts },
    }));
    if (rows.length === 0) rows.push({ ...common, ...none, ...facts });
    await this.#spool.write(Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join('')));
  }

  async commit(signal?: AbortSignal): Promise<{ futures: number; bytes: number }> {
    const { metadata, overwrite } = this.#settings;
    const target = { path: this.#path, settings: { overwrite }, signal };
    const columns = eventColumns(this.#summary.integerIds);
    try {
      const bytes = await writeFile(target, this.#path, undefined, async (file) => {
        const fields = columns.map(({ field }) => field);
        const sink = new ParquetSink(file, fields, metadata);
        for await (const rows of this.#groups()) {
          signal?.throwIfAborted();
          const data = columns.map(({ field: { name }, value }) => ({ name, data: rows.map(value) }));
          await sink.group(data, rows.length);
        }
        await sink.finish();
      });
      return { futures: this.#summary.rows, bytes };
    } finally {
      await this.discard();
    }
  }

  discard(): Promise<void> {
    return this.#spool.close();
  }

  async *#groups(): AsyncGenerator<EventRow[], void, undefined> {
    let rows: EventRow[] = [];
    const lines = readLines(await this.#spool.stream(), { maxLineBytes: Infinity, tooLong: () => new Error() });
    for await (const { bytes } of lines) {
      rows.push(JSON.parse(bytes.toString()) as EventRow);
      if (rows.length < groupRows) continue;
      yield rows;
      rows = [];
    }
    yield rows;
  }
}

function eventColumns(integerIds: boolean) {
  const column = (field: ReturnType<typeof required>, value: (row: EventRow) => unknown) => ({ field, value });
  return [
    integerIds
      ? column(required('subject_id', int64), ({ patient }) => BigInt(patient))
      : column(required('subject_id', text), ({ patient }) => patient),
    column(optional('prediction_time', timestamp), ({ time }) => (time === null ? null : BigInt(time))),
    column(required('sample', int32), ({ sample }) => sample),
    column(optional('event', int32), ({ event }) => event),
    column(optional('token_id', int32), ({ id }) => id),
    column(optional('token', text), ({ token }) => token),
    column(optional('code', text), ({ code }) => code),
    column(optional('log_prob', float64), ({ logProb }) => logProb),
    column(required('stop_reason', text), ({ stopReason }) => stopReason),
    column(required('tokens', int32), ({ tokens }) => tokens),
    column(required('truncated', boolean), ({ truncated }) => truncated),
    column(required('dropped', int32), ({ dropped }) => dropped),
  ];
}
