import { basename, join } from 'node:path';
import { columnsOf } from './columns.ts';
import type { Column } from './columns.ts';
import { hasRowNumbers } from './metadata.ts';
import type { OutputMetadata } from './metadata.ts';
import { byteOrder, npyHeader, packTexts } from './npy.ts';
import type { RowSource } from './row-source.ts';
import type { WrittenFile } from './rows.ts';
import { Spool } from './spool.ts';
import { writeFile } from './target.ts';
import type { Target } from './target.ts';
import { zip } from './zip.ts';
import type { ZipEntry } from './zip.ts';

/**
 * Writes rows as a NumPy archive, which `numpy.load` opens without pickle: `representations` [rows, dimensions] float32, `patient` (int64 when
 * all identifiers are whole numbers, else text), `time` datetime64[us] (NaT where there is none), `tokens` int32, `truncated` bool, `dropped`
 * int32, the labels under the name of their column, `row` int64 for shards, and `metadata`, a JSON text. Nothing is compressed: the numbers can
 * be mapped into memory where they lie.
 */
export async function writeNpz(source: RowSource, target: Target): Promise<WrittenFile> {
  const rows = new ColumnarRows(source, target);
  try {
    const entries = [rows.vectors('representations.npy'), ...(await rows.others())];
    const bytes = await writeArchive(target, target.path, entries);
    return { rows: source.summary.rows, bytes };
  } finally {
    await rows.close();
  }
}

/** Name of the archive beside `x.npy` that holds the other columns. */
export function npyColumnsPath(path: string): string {
  return `${path}.rows.npz`;
}

/** Writes the vectors alone as an npy file, and the other arrays of {@link writeNpz} as `x.npy.rows.npz` beside it. */
export async function writeNpy(source: RowSource, target: Target): Promise<WrittenFile> {
  const rows = new ColumnarRows(source, target);
  try {
    const { bytes: expected, content } = rows.vectors('');
    const others = await rows.others();
    let bytes = 0;
    await writeFile(target, target.path, expected, async (file) => {
      await copy(content(), file, target.signal);
      ({ bytes } = file);
      // Under its name first, so that no vectors are ever beside other rows than theirs without notice.
      await writeArchive(target, npyColumnsPath(target.path), others);
    });
    return { rows: source.summary.rows, bytes };
  } finally {
    await rows.close();
  }
}

/** Rows turned into columns in one pass: the vectors are handed out, the rest waits on the disk meanwhile. */
class ColumnarRows {
  readonly #source: RowSource;
  readonly #target: Target;
  readonly #columns: readonly Column[];
  readonly #spools: Spool[] = [];

  constructor(source: RowSource, target: Target) {
    this.#source = source;
    this.#target = target;
    this.#columns = columnsOf(source.summary, target.settings.label, hasRowNumbers(target.settings));
  }

  vectors(name: string): ZipEntry {
    const { rows, dimensions } = this.#source.summary;
    const width = dimensions ?? this.#target.settings.dimensions ?? 0;
    return entry(name, `${byteOrder}f4`, [rows, width], rows * width * 4, () => this.#read());
  }

  /** The other arrays, which can be read when the vectors have been. */
  async others(): Promise<ZipEntry[]> {
    const { path, workFolder, settings } = this.#target;
    const beside = workFolder === undefined ? path : join(workFolder, basename(path));
    for (const _ of this.#columns) this.#spools.push(await Spool.create(beside));
    const { rows } = this.#source.summary;
    const entries = this.#columns.map(({ name, descr, itemBytes }, i) =>
      entry(`${name}.npy`, descr, [rows], rows * itemBytes, () => this.#spools[i]!.stream()),
    );
    return settings.metadata === undefined ? entries : [...entries, metadataEntry(settings.metadata)];
  }

  async close(): Promise<void> {
    for (const spool of this.#spools) await spool.close();
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const batch of this.#source.batches()) {
      for (const [i, { pack }] of this.#columns.entries()) await this.#spools[i]!.write(bytesOf(pack(batch)));
      yield bytesOf(batch.data);
    }
  }
}

type Content = () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;

function entry(name: string, descr: string, shape: readonly number[], bytes: number, content: Content): ZipEntry {
  const header = npyHeader(descr, shape);
  return {
    name,
    bytes: header.length + bytes,
    async *content() {
      yield header;
      yield* await content();
    },
  };
}

function metadataEntry(metadata: OutputMetadata): ZipEntry {
  const text = JSON.stringify(metadata);
  const points = packTexts([text], [...text].length);
  const content = () => Promise.resolve(oneOf(bytesOf(points)));
  return entry('metadata.npy', `${byteOrder}U${points.length}`, [], points.byteLength, content);
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* oneOf<T>(value: T): AsyncGenerator<T, void, undefined> {
  yield value;
}

async function writeArchive(target: Target, path: string, entries: readonly ZipEntry[]): Promise<number> {
  const expected = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  return writeFile(target, path, expected, (file) => copy(zip(entries), file, target.signal));
}

async function copy(
  pieces: AsyncIterable<Uint8Array>,
  file: { write: (bytes: Uint8Array) => Promise<void> },
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    await file.write(piece);
  }
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
