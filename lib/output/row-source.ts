import { decodeRecord } from './record.ts';
import { samePlace } from './row-index.ts';
import type { RowIndex, RowPlace } from './row-index.ts';
import type { OutputRow, PlacedRows } from './rows.ts';
import type { RowSummary } from './summary.ts';

/** All rows of an output in its order. */
export interface RowSource {
  readonly summary: RowSummary;
  /** Every row once, by ascending position, a few at a time. May be called once. */
  batches(): AsyncIterable<PlacedRows>;
}

/** Something that records lie in. */
export interface RecordFile {
  /** Fills `target` from `position`. */
  read(target: Uint8Array, position: number): Promise<void>;
}

/** The files that records lie in, by number. */
export interface RecordFiles {
  get(file: number): Promise<RecordFile>;
  /** Called when nobody reads: closes some of many open files. */
  trim(): Promise<void>;
}

const batchBytes = 4 * 1024 * 1024;
const batchRows = 4096;
/** As many are open at a time for one batch. */
const batchFiles = 64;

/** Rows that lie in any order, in theirs. */
export function orderedRows(index: RowIndex, files: RecordFiles, summary: RowSummary): RowSource {
  const dimensions = summary.dimensions ?? 0;
  return {
    summary,
    async *batches() {
      let rows = 0;
      for await (const places of index.places()) {
        rows += places.length;
        for (const batch of cut(places)) {
          yield await readBatch(batch, files, dimensions);
          await files.trim();
        }
      }
      // The later one stands over the earlier one.
      if (rows !== summary.rows) throw samePlace();
    },
  };
}

function* cut(places: readonly RowPlace[]): Generator<RowPlace[], void, undefined> {
  let [from, bytes] = [0, 0];
  const files = new Set<number>();
  for (const [i, { length, file }] of places.entries()) {
    bytes += length;
    files.add(file);
    if (bytes < batchBytes && i - from + 1 < batchRows && files.size < batchFiles) continue;
    yield places.slice(from, i + 1);
    [from, bytes] = [i + 1, 0];
    files.clear();
  }
  if (from < places.length) yield places.slice(from);
}

async function readBatch(places: readonly RowPlace[], files: RecordFiles, dimensions: number): Promise<PlacedRows> {
  const bytes = Buffer.alloc(places.reduce((sum, { length }) => sum + length, 0));
  const reads: Promise<void>[] = [];
  let at = 0;
  for (let from = 0; from < places.length; ) {
    const { file, offset } = places[from]!;
    let [to, length] = [from, 0];
    // Rows that lie one after the other are read at once.
    while (to < places.length && places[to]!.file === file && places[to]!.offset === offset + length)
      length += places[to++]!.length;
    const target = bytes.subarray(at, at + length);
    reads.push(files.get(file).then((records) => records.read(target, offset)));
    at += length;
    from = to;
  }
  await Promise.all(reads);
  return decodeBatch(bytes, places, dimensions);
}

function decodeBatch(bytes: Buffer, places: readonly RowPlace[], dimensions: number): PlacedRows {
  const data = new Float32Array(places.length * dimensions);
  const target = new Uint8Array(data.buffer);
  const rows: OutputRow[] = [];
  let at = 0;
  for (const [i, { length }] of places.entries()) {
    const { row, vector } = decodeRecord(bytes.subarray(at, at + length));
    target.set(vector, i * dimensions * 4);
    rows.push(row);
    at += length;
  }
  return { data, dimensions, rows, positions: places.map(({ position }) => position) };
}
