import { InputFile } from '../../files/input-file.ts';
import { missingName } from '../columns.ts';
import { notATime } from '../npy.ts';
import { npyColumnsPath } from '../npz.ts';
import type { LabelName, LabelValue, OutputRow, PlacedRows } from '../rows.ts';
import type { RowSummary } from '../summary.ts';
import { shardOfFile } from './check-shards.ts';
import { NpyArray } from './npy-array.ts';
import type { ArrayKind } from './npy-array.ts';
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
      arrays.set('representations', await NpyArray.open(file, { offset: 0, bytes: file.size }));
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
  for (const [name, entry] of entries) arrays.set(name.replace(/\.npy$/, ''), await NpyArray.open(file, entry));
  return arrays;
}

const kinds = {
  patient: ['i8', 'U'],
  time: ['M8[us]'],
  tokens: ['i4'],
  dropped: ['i4'],
  truncated: ['b1'],
  row: ['i8'],
} as const satisfies Record<string, readonly ArrayKind[]>;

const labelKinds: Record<LabelName, ArrayKind> = {
  boolean_value: 'b1',
  integer_value: 'i8',
  float_value: 'f8',
  categorical_value: 'U',
};

type Arrays = { [name in keyof typeof kinds | 'representations']: NpyArray } & {
  label: NpyArray | undefined;
  missing: NpyArray | undefined;
};

async function shardOfArrays(
  path: string,
  arrays: ReadonlyMap<string, NpyArray>,
  close: () => Promise<void>,
): Promise<ShardFile> {
  const text = arrays.get('metadata');
  const isText = text?.is(['U'], []) === true;
  const metadata = parseMetadata(path, isText ? String((await text.values(0, 1))[0]) : undefined);
  // Others have no numbers of rows.
  shardOfFile({ path, metadata });
  const [rows = 0, dimensions = 0] = arrays.get('representations')?.shape ?? [];
  const get = (name: string, wanted: readonly ArrayKind[], shape = [rows]): NpyArray => {
    const array = arrays.get(name);
    if (array === undefined) throw unreadableShard(path, `it has no array ${name}`);
    if (!array.is(wanted, shape)) throw unreadableShard(path, `its array ${name} has another type or size`);
    return array;
  };
  const label = labelNames.find((name) => arrays.has(name));
  const plain = Object.entries(kinds).map(([name, wanted]) => [name, get(name, wanted)]);
  const known = {
    ...(Object.fromEntries(plain) as Record<keyof typeof kinds, NpyArray>),
    representations: get('representations', ['f4'], [rows, dimensions]),
    label: label === undefined ? undefined : get(label, [labelKinds[label]]),
    missing: arrays.has(missingName) ? get(missingName, ['b1']) : undefined,
  };
  const summary: RowSummary = {
    ...{ rows, dimensions },
    ...{ integerIds: !known.patient.isText, idWidth: known.patient.isText ? known.patient.itemWidth : 1 },
    missingLabels: known.missing === undefined ? 0 : 1,
    labelWidth: known.label?.isText === true ? known.label.itemWidth : 1,
  };
  const batch = Math.max(1, Math.floor(shardBatchBytes / Math.max(4, 4 * dimensions)));
  return {
    ...{ path, metadata, label, summary, close },
    async *batches() {
      for (let first = 0; first < rows; first += batch)
        yield await readRows(known, first, Math.min(rows, first + batch), dimensions);
    },
  };
}

async function readRows(arrays: Arrays, first: number, end: number, dimensions: number): Promise<PlacedRows> {
  const read = (array: NpyArray) => array.read(first, end);
  const patients = (await arrays.patient.values(first, end)) as (bigint | string)[];
  const times = new BigInt64Array(await read(arrays.time));
  const tokens = new Int32Array(await read(arrays.tokens));
  const dropped = new Int32Array(await read(arrays.dropped));
  const truncated = new Uint8Array(await read(arrays.truncated));
  const positions = Array.from(new BigInt64Array(await read(arrays.row)), Number);
  const labels: LabelValue[] | undefined = await arrays.label?.values(first, end);
  const masks = arrays.missing === undefined ? undefined : new Uint8Array(await read(arrays.missing));
  const rows = patients.map((patient, i): OutputRow => {
    const time = times[i] === notATime ? null : times[i]!;
    const row: OutputRow = {
      ...{ patient, time, tokens: tokens[i]!, truncated: truncated[i] === 1, dropped: dropped[i]! },
    };
    if (labels !== undefined) row.label = masks?.[i] === 1 ? null : labels[i];
    return row;
  });
  return { data: new Float32Array(await read(arrays.representations)), dimensions, rows, positions };
}
