import { ParquetFault } from './errors.ts';
import type { ColumnKind, ColumnValues, Convert } from './convert.ts';
import { readHybrid } from './levels.ts';
import type { PageReader, RawPage } from './pages.ts';
import type { ParquetColumn } from './schema.ts';
import type { TextTable } from './texts.ts';
import { readValues } from './values.ts';

/** Values of a run of rows of one column. */
export interface ColumnSlice<K extends ColumnKind> {
  /** As many as rows; where nothing is, any value (null for texts). */
  values: ColumnValues[K];
  /** 1 where there is a value; undefined where there is one in every row. */
  valid: Uint8Array | undefined;
}

const bytesPerLong = 2;

/** Values of a column without repetition, page by page. */
export class ColumnReader<K extends ColumnKind> {
  readonly #pages: PageReader;
  readonly #column: ParquetColumn;
  readonly #convert: Convert<K>;
  readonly #table: TextTable;
  #dictionary: ColumnValues[K] | undefined;
  #slice: ColumnSlice<K> | undefined;
  #used = 0;

  constructor(pages: PageReader, column: ParquetColumn, convert: Convert<K>, table: TextTable) {
    this.#pages = pages;
    this.#column = column;
    this.#convert = convert;
    this.#table = table;
  }

  /** Rows at hand, read on until there are some; 0 at the end. */
  async available(): Promise<number> {
    while (this.#slice === undefined || this.#used === this.#slice.values.length) {
      const page = await this.#pages.next();
      if (page === undefined) return 0;
      if (page.isDictionary) this.#dictionary = this.#convert(this.#dense(page, page.count));
      else [this.#slice, this.#used] = [this.#decode(page), 0];
    }
    return this.#slice.values.length - this.#used;
  }

  /** The next `rows` of those at hand. */
  take(rows: number): ColumnSlice<K> {
    const { values, valid } = this.#slice!;
    const from = this.#used;
    this.#used += rows;
    const part = Array.isArray(values) ? values.slice(from, from + rows) : values.subarray(from, from + rows);
    return { values: part as ColumnValues[K], valid: valid?.subarray(from, from + rows) };
  }

  #dense(page: RawPage, count: number) {
    return readValues(page.values, this.#column.element, page.encoding, count, this.#table);
  }

  #decode(page: RawPage): ColumnSlice<K> {
    const valid = presence(page.definition, this.#column.maxDefinition);
    const count = valid?.count ?? page.count;
    if (page.encoding !== 'RLE_DICTIONARY' && page.encoding !== 'PLAIN_DICTIONARY') {
      const dense = this.#convert(this.#dense(page, count));
      return { values: valid === undefined ? dense : spread(dense, valid.flags), valid: valid?.flags };
    }
    const indices = readIndices(page, count);
    // A page of gaps alone needs no dictionary.
    if (count > 0 && this.#dictionary === undefined) throw new ParquetFault('a page whose dictionary is missing');
    const dictionary = this.#dictionary ?? this.#convert(this.#dense({ ...page, encoding: 'PLAIN' }, 0));
    return { values: pick(dictionary, indices, valid?.flags), valid: valid?.flags };
  }
}

/** Which entries hold a value; undefined where all do. */
export function presence(
  definition: Uint8Array | undefined,
  max: number,
): { flags: Uint8Array; count: number } | undefined {
  if (definition === undefined) return undefined;
  const flags = max === 1 ? definition : definition.map((level) => (level === max ? 1 : 0));
  let count = 0;
  for (let i = 0; i < flags.length; i++) count += flags[i]!;
  return count === flags.length ? undefined : { flags, count };
}

export function readIndices({ values }: RawPage, count: number): Uint32Array {
  const indices = new Uint32Array(count);
  if (count > 0) {
    if (values.offset >= values.end) throw new ParquetFault('a page that ends too early');
    readHybrid(values, values.bytes[values.offset++]!, indices);
  }
  return indices;
}

/** Entries of a dictionary, with gaps. */
function pick<V extends ColumnValues[ColumnKind]>(
  dictionary: V,
  indices: Uint32Array,
  flags: Uint8Array | undefined,
): V {
  const size = dictionary.length;
  for (let i = 0; i < indices.length; i++) {
    if (indices[i]! >= size) throw new ParquetFault('a page that goes beyond its dictionary');
  }
  if (Array.isArray(dictionary)) return pickTexts(dictionary, indices, flags) as V;
  if (dictionary instanceof BigInt64Array) return pickLongs(dictionary, indices, flags) as V;
  const result = sameKind(dictionary, flags?.length ?? indices.length);
  if (flags === undefined) for (let i = 0; i < indices.length; i++) result[i] = dictionary[indices[i]!]!;
  else for (let i = 0, k = 0; i < flags.length; i++) if (flags[i] === 1) result[i] = dictionary[indices[k++]!]!;
  return result as V;
}

type Numbers = Float32Array | Float64Array | Uint8Array;

function sameKind(values: Numbers, length: number): Numbers {
  return new (values.constructor as new (length: number) => Numbers)(length);
}

function pickTexts(
  dictionary: readonly (string | null)[],
  indices: Uint32Array,
  flags: Uint8Array | undefined,
): (string | null)[] {
  const result = new Array<string | null>(flags?.length ?? indices.length);
  if (flags === undefined) for (let i = 0; i < indices.length; i++) result[i] = dictionary[indices[i]!]!;
  else for (let i = 0, k = 0; i < flags.length; i++) result[i] = flags[i] === 1 ? dictionary[indices[k++]!]! : null;
  return result;
}

/** In halves: a bigint for each value would cost more than all the rest. */
function pickLongs(dictionary: BigInt64Array, indices: Uint32Array, flags: Uint8Array | undefined): BigInt64Array {
  const result = new BigInt64Array(flags?.length ?? indices.length);
  const from = halves(dictionary);
  const to = halves(result);
  for (let i = 0, k = 0; i < result.length; i++) {
    if (flags !== undefined && flags[i] !== 1) continue;
    const index = bytesPerLong * indices[k++]!;
    to[bytesPerLong * i] = from[index]!;
    to[bytesPerLong * i + 1] = from[index + 1]!;
  }
  return result;
}

/** The same memory as 32-bit numbers: low half, high half. */
export function halves({ buffer, byteOffset, length }: BigInt64Array): Int32Array {
  return new Int32Array(buffer, byteOffset, 2 * length);
}

/** Puts gaps between values. */
function spread<V extends ColumnValues[ColumnKind]>(dense: V, flags: Uint8Array): V {
  if (Array.isArray(dense)) {
    let k = 0;
    return Array.from(flags, (flag) => (flag === 1 ? dense[k++]! : null)) as V;
  }
  if (dense instanceof BigInt64Array) return pickLongs(dense, ascending(dense.length), flags) as V;
  const result = sameKind(dense, flags.length);
  for (let i = 0, k = 0; i < flags.length; i++) if (flags[i] === 1) result[i] = dense[k++]!;
  return result as V;
}

function ascending(length: number): Uint32Array {
  const numbers = new Uint32Array(length);
  for (let i = 0; i < length; i++) numbers[i] = i;
  return numbers;
}
