import { InputFile } from '../../files/input-file.ts';
import { missingName } from '../columns.ts';
import { notATime, npyHeaderLimit, parseNpyHeader, unpackText } from '../npy.ts';
import type { NpyHeader } from '../npy.ts';
import { npyColumnsPath } from '../npz.ts';
import type { OutputRow, PlacedRows } from '../rows.ts';
import type { RowSummary } from '../summary.ts';
import { labelNames, parseMetadata, shardBatchBytes, unreadableShard } from './shard-file.ts';
import type { ShardFile } from './shard-file.ts';
import { readZipDirectory } from './zip-directory.ts';

/** Opens an `.npz` file, or an `.npy` file and the archive beside it. */
export async function openNumpyShard(path: string): Promise<ShardFile> {
  const files: InputFile[] = [];
  const keep = (file: InputFile): InputFile => {
    files.push(file);
    return file;
  };
  const close = async (): Promise<void> => {
    for (const file of files) await file.close();
  };
  try {
    const isNpy = path.endsWith('.npy');
    const archive = keep(await InputFile.open(isNpy ? npyColumnsPath(path) : path));
    const arrays = await openArrays(archive);
    if (isNpy) {
      const file = keep(await InputFile.open(path));
      arrays.set('representations', await NpyArray.open(file, 0, file.size));
    }
    return await shardOfArrays(path, arrays, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function openArrays(file: InputFile): Promise<Map<string, NpyArray>> {
  const entries = await readZipDirectory(file);
  if (entries === undefined) throw unreadableShard(file.path, 'it is no archive of stored arrays');
  const arrays = new Map<string, NpyArray>();
  for (const [name, { offset, bytes }] of entries)
    arrays.set(name.replace(/\.npy$/, ''), await NpyArray.open(file, offset, bytes));
  return arrays;
}

/** An array of NumPy's in a file. */
class NpyArray {
  readonly #file: InputFile;
  readonly #offset: number;
  readonly descr: string;
  readonly shape: readonly number[];

  private constructor(file: InputFile, offset: number, { descr, shape, bytes }: NpyHeader) {
    this.#file = file;
    this.#offset = offset + bytes;
    this.descr = descr;
    this.shape = shape;
  }

  static async open(file: InputFile, offset: number, bytes: number): Promise<NpyArray> {
    const head = Buffer.alloc(Math.min(bytes, npyHeaderLimit));
    await file.read(head, offset);
    const header = parseNpyHeader(head);
    if (header === undefined) throw unreadableShard(file.path, 'an array in it is not understood');
    const array = new NpyArray(file, offset, header);
    if (header.bytes + array.#itemBytes * header.shape.reduce((a, b) => a * b, 1) !== bytes)
      throw unreadableShard(file.path, 'an array in it has another size than it says');
    return array;
  }

  get itemWidth(): number {
    return Number(this.descr.slice(2).replace(/\[.*/, ''));
  }

  /** Items of all rows from `first` to before `end`. */
  async read(first: number, end: number): Promise<ArrayBuffer> {
    const rowBytes = this.#itemBytes * this.shape.slice(1).reduce((a, b) => a * b, 1);
    const bytes = new Uint8Array((end - first) * rowBytes);
    await this.#file.read(bytes, this.#offset + first * rowBytes);
    return bytes.buffer;
  }

  get #itemBytes(): number {
    if (this.descr.includes('M8')) return 8;
    return this.descr.includes('U') ? 4 * this.itemWidth : this.itemWidth;
  }
}

async function shardOfArrays(
  path: string,
  arrays: ReadonlyMap<string, NpyArray>,
  close: () => Promise<void>,
): Promise<ShardFile> {
  const get = (name: string): NpyArray => {
    const array = arrays.get(name);
    if (array === undefined) throw unreadableShard(path, `it has no array ${name}`);
    return array;
  };
  const text = await arrays.get('metadata')?.read(0, 1);
  const metadata = parseMetadata(path, text === undefined ? undefined : unpackText(new Uint32Array(text)));
  const [rows = 0, dimensions = 0] = get('representations').shape;
  const label = labelNames.find((name) => arrays.has(name));
  const patient = get('patient');
  const labels = label === undefined ? undefined : get(label);
  const summary: RowSummary = {
    ...{ rows, dimensions },
    ...{ integerIds: !patient.descr.includes('U'), idWidth: patient.descr.includes('U') ? patient.itemWidth : 1 },
    missingLabels: arrays.has(missingName) ? 1 : 0,
    labelWidth: labels?.descr.includes('U') === true ? labels.itemWidth : 1,
  };
  const batch = Math.max(1, Math.floor(shardBatchBytes / Math.max(4, 4 * dimensions)));
  return {
    ...{ path, metadata, label, summary, close },
    async *batches() {
      for (let first = 0; first < rows; first += batch)
        yield await readRows(get, arrays.get(missingName), labels, first, Math.min(rows, first + batch), dimensions);
    },
  };
}

async function readRows(
  get: (name: string) => NpyArray,
  missing: NpyArray | undefined,
  label: NpyArray | undefined,
  first: number,
  end: number,
  dimensions: number,
): Promise<PlacedRows> {
  const read = (name: string) => get(name).read(first, end);
  const patients = valuesOf(get('patient'), await read('patient')) as (bigint | string)[];
  const times = new BigInt64Array(await read('time'));
  const tokens = new Int32Array(await read('tokens'));
  const dropped = new Int32Array(await read('dropped'));
  const truncated = new Uint8Array(await read('truncated'));
  const positions = Array.from(new BigInt64Array(await read('row')), Number);
  const labels = label === undefined ? undefined : valuesOf(label, await label.read(first, end));
  const masks = missing === undefined ? undefined : new Uint8Array(await missing.read(first, end));
  const rows = patients.map((patient, i): OutputRow => {
    const time = times[i] === notATime ? null : times[i]!;
    const row: OutputRow = {
      ...{ patient, time, tokens: tokens[i]!, truncated: truncated[i] === 1, dropped: dropped[i]! },
    };
    if (labels !== undefined) row.label = masks?.[i] === 1 ? null : labels[i];
    return row;
  });
  return { data: new Float32Array(await read('representations')), dimensions, rows, positions };
}

function valuesOf({ descr, itemWidth }: NpyArray, bytes: ArrayBuffer): (bigint | string | boolean | number)[] {
  if (descr.includes('U')) {
    const points = new Uint32Array(bytes);
    const count = points.length / itemWidth;
    return Array.from({ length: count }, (_, i) => unpackText(points.subarray(i * itemWidth, (i + 1) * itemWidth)));
  }
  if (descr.endsWith('i8')) return Array.from(new BigInt64Array(bytes));
  if (descr.endsWith('f8')) return Array.from(new Float64Array(bytes));
  return Array.from(new Uint8Array(bytes), (x) => x === 1);
}
