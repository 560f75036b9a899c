import { AtomicFile, assertWritableTarget } from '../files/atomic-write.ts';
import { IdColumn } from './id-column.ts';
import { byteOrder, notATime, npyHeader } from './npy.ts';
import type { OutputRow, OutputRows, RowWriter, WrittenFile } from './rows.ts';
import { Spool } from './spool.ts';
import type { ZipEntry } from './zip.ts';
import { zip } from './zip.ts';

export interface NpzOptions {
  /** Replace a file that is there already. Default false. */
  overwrite?: boolean | undefined;
  /** Width of the vectors, for a file without rows; otherwise the rows tell. */
  dimensions?: number | undefined;
}

/** A column of fixed-size numbers. */
interface Column {
  name: string;
  descr: string;
  pack: (rows: readonly OutputRow[]) => ArrayBufferView;
}

const columns: readonly Column[] = [
  {
    name: 'time',
    descr: `${byteOrder}M8[us]`,
    pack: (rows) => BigInt64Array.from(rows, ({ time }) => time ?? notATime),
  },
  { name: 'tokens', descr: `${byteOrder}i4`, pack: (rows) => Int32Array.from(rows, ({ tokens }) => tokens) },
  { name: 'truncated', descr: '|b1', pack: (rows) => Uint8Array.from(rows, ({ truncated }) => Number(truncated)) },
  { name: 'dropped', descr: `${byteOrder}i4`, pack: (rows) => Int32Array.from(rows, ({ dropped }) => dropped) },
];

/**
 * Writes rows as a NumPy archive, which `numpy.load` opens without pickle: `representations` [rows, dimensions] float32, `patient` (int64 when
 * all identifiers are whole numbers, else text), `time` datetime64[us] (NaT where there is none), `tokens` int32, `truncated` bool, `dropped` int32.
 *
 * An array's size stands before its numbers, so rows are collected on the disk beside the target (which needs the room twice) and become the
 * archive at the end. Memory does not grow with the rows. Nothing is compressed: the numbers can be mapped into memory where they lie.
 */
export class NpzWriter implements RowWriter {
  readonly #target: string;
  readonly #options: NpzOptions;
  readonly #vectors: Spool;
  readonly #ids: IdColumn;
  readonly #columns: readonly Spool[];
  #dimensions: number | undefined;
  #rows = 0;

  private constructor(target: string, options: NpzOptions, vectors: Spool, ids: IdColumn, spools: readonly Spool[]) {
    this.#target = target;
    this.#options = options;
    this.#vectors = vectors;
    this.#ids = ids;
    this.#columns = spools;
  }

  /** @throws ClmbrError `TARGET_EXISTS`, `WRITE_FAILED` */
  static async create(target: string, options: NpzOptions = {}): Promise<NpzWriter> {
    await assertWritableTarget(target, options.overwrite ?? false);
    const opened: { close: () => Promise<void> }[] = [];
    const keep = <T extends { close: () => Promise<void> }>(one: T): T => {
      opened.push(one);
      return one;
    };
    try {
      const vectors = keep(await Spool.create(target));
      const ids = keep(await IdColumn.create(target));
      const spools: Spool[] = [];
      for (const _ of columns) spools.push(keep(await Spool.create(target)));
      return new NpzWriter(target, options, vectors, ids, spools);
    } catch (error) {
      for (const one of opened) await one.close();
      throw error;
    }
  }

  async append({ data, dimensions, rows }: OutputRows): Promise<void> {
    if (rows.length === 0) return;
    this.#dimensions ??= dimensions;
    if (dimensions !== this.#dimensions || data.length !== rows.length * dimensions)
      throw new RangeError(
        `${rows.length} rows of ${dimensions} do not fit ${data.length} numbers after rows of ${this.#dimensions}`,
      );
    await this.#vectors.write(bytesOf(data));
    await this.#ids.append(rows.map(({ patient }) => patient));
    for (const [i, { pack }] of columns.entries()) await this.#columns[i]!.write(bytesOf(pack(rows)));
    this.#rows += rows.length;
  }

  /** @throws ClmbrError `TARGET_EXISTS`, `WRITE_FAILED`; rejects with `signal.reason` when aborted. */
  async commit(signal?: AbortSignal): Promise<WrittenFile> {
    try {
      const entries = this.#entries();
      const expectedBytes = entries.reduce((sum, { bytes }) => sum + bytes, 0);
      const { overwrite } = this.#options;
      const file = await AtomicFile.create(this.#target, { overwrite, access: 'private', expectedBytes });
      try {
        for await (const chunk of zip(entries)) {
          signal?.throwIfAborted();
          await file.write(chunk);
        }
        signal?.throwIfAborted();
      } catch (error) {
        await file.discard();
        throw error;
      }
      const { bytes } = await file.commit();
      return { rows: this.#rows, bytes };
    } finally {
      await this.discard();
    }
  }

  async discard(): Promise<void> {
    for (const one of [this.#vectors, this.#ids, ...this.#columns]) await one.close();
  }

  #entries(): ZipEntry[] {
    const dimensions = this.#dimensions ?? this.#options.dimensions ?? 0;
    const content = (spool: Spool) => async () => spool.read();
    return [
      entry('representations', `${byteOrder}f4`, [this.#rows, dimensions], this.#vectors.bytes, content(this.#vectors)),
      entry('patient', this.#ids.descr, [this.#rows], this.#ids.bytes, () => this.#ids.content()),
      ...columns.map(({ name, descr }, i) => {
        const spool = this.#columns[i]!;
        return entry(name, descr, [this.#rows], spool.bytes, content(spool));
      }),
    ];
  }
}

type Content = () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;

function entry(name: string, descr: string, shape: readonly number[], bytes: number, content: Content): ZipEntry {
  const header = npyHeader(descr, shape);
  return {
    name: `${name}.npy`,
    bytes: header.length + bytes,
    async *content() {
      yield header;
      yield* await content();
    },
  };
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
