import zlib from 'node:zlib';
import type { InputFile } from '../../files/input-file.ts';
import { byteOrder, npyHeaderLimit, parseNpyHeader, unpackText } from '../npy.ts';
import type { NpyHeader } from '../npy.ts';
import { unreadableShard } from './shard-file.ts';

/** Where an array lies in a file, and its checksum where there is one. */
export interface ArrayPlace {
  offset: number;
  bytes: number;
  crc32?: number;
}

/** Types of arrays by NumPy's names for them, without the order of bytes; `U` is text of any width. */
export type ArrayKind = 'f4' | 'f8' | 'i4' | 'i8' | 'M8[us]' | 'b1' | 'U';

/** An array of NumPy's in a file, read from its first row to its last. */
export class NpyArray {
  readonly #file: InputFile;
  readonly #header: NpyHeader;
  readonly #place: ArrayPlace;
  /** Of what was read so far. */
  #crc32: number;

  private constructor(file: InputFile, header: NpyHeader, place: ArrayPlace, crc32: number) {
    this.#file = file;
    this.#header = header;
    this.#place = place;
    this.#crc32 = crc32;
  }

  /** @throws ClmbrError `FILE_UNREADABLE` where no array of a known type lies there */
  static async open(file: InputFile, place: ArrayPlace): Promise<NpyArray> {
    const head = Buffer.alloc(Math.min(place.bytes, npyHeaderLimit));
    await file.read(head, place.offset);
    const header = parseNpyHeader(head);
    if (header === undefined || !(header.bytes <= head.length) || kindOf(header) === undefined)
      throw unreadableShard(file.path, 'an array in it is not understood');
    const array = new NpyArray(file, header, place, zlib.crc32(head.subarray(0, header.bytes)));
    if (header.bytes + array.#itemBytes * header.shape.reduce((a, b) => a * b, 1) !== place.bytes)
      throw unreadableShard(file.path, 'an array in it has another size than it says');
    return array;
  }

  get shape(): readonly number[] {
    return this.#header.shape;
  }

  get isText(): boolean {
    return kindOf(this.#header) === 'U';
  }

  /** Characters of an item that is text. */
  get itemWidth(): number {
    return Number(this.#header.descr.slice(2));
  }

  is(kinds: readonly ArrayKind[], shape: readonly number[]): boolean {
    const isShape = shape.length === this.shape.length && shape.every((size, i) => size === this.shape[i]);
    return isShape && kinds.includes(kindOf(this.#header)!);
  }

  /**
   * Bytes of all items from row `first`, where the call before ended, to before `end`.
   *
   * @throws ClmbrError `FILE_UNREADABLE` with the last row where what was read is not what was written
   */
  async read(first: number, end: number): Promise<ArrayBuffer> {
    const rowBytes = this.#itemBytes * this.shape.slice(1).reduce((a, b) => a * b, 1);
    const bytes = new Uint8Array((end - first) * rowBytes);
    await this.#file.read(bytes, this.#place.offset + this.#header.bytes + first * rowBytes);
    const { crc32 } = this.#place;
    if (crc32 !== undefined) this.#crc32 = zlib.crc32(bytes, this.#crc32);
    if (crc32 !== undefined && end === (this.shape[0] ?? 1) && this.#crc32 !== crc32)
      throw unreadableShard(this.#file.path, 'an array in it is damaged');
    return bytes.buffer;
  }

  /** Items of rows, as {@link read}. */
  async values(first: number, end: number): Promise<(bigint | string | boolean | number)[]> {
    const bytes = await this.read(first, end);
    switch (kindOf(this.#header)!) {
      case 'U':
        return this.#texts(new Uint32Array(bytes), end - first);
      case 'i8':
      case 'M8[us]':
        return Array.from(new BigInt64Array(bytes));
      case 'f8':
        return Array.from(new Float64Array(bytes));
      case 'f4':
        return Array.from(new Float32Array(bytes));
      case 'i4':
        return Array.from(new Int32Array(bytes));
      case 'b1':
        return Array.from(new Uint8Array(bytes), (x) => x === 1);
    }
  }

  #texts(points: Uint32Array, count: number): string[] {
    if (points.some((point) => point > lastCodePoint))
      throw unreadableShard(this.#file.path, 'a text in it is damaged');
    const width = this.itemWidth;
    return Array.from({ length: count }, (_, i) => unpackText(points.subarray(i * width, (i + 1) * width)));
  }

  get #itemBytes(): number {
    const kind = kindOf(this.#header)!;
    return kind === 'U' ? 4 * this.itemWidth : Number(/\d/.exec(kind)![0]);
  }
}

const lastCodePoint = 0x10ffff;
const kinds: readonly ArrayKind[] = ['f4', 'f8', 'i4', 'i8', 'M8[us]'];

function kindOf({ descr }: NpyHeader): ArrayKind | undefined {
  if (descr === '|b1') return 'b1';
  if (descr[0] !== byteOrder) return undefined;
  const rest = descr.slice(1);
  return /^U\d{1,9}$/.test(rest) ? 'U' : kinds.find((kind) => kind === rest);
}
