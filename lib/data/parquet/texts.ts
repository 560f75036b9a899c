import { maxPageBytes } from './codec.ts';
import { ParquetFault } from './errors.ts';
import { assertLeft } from './levels.ts';
import type { ByteCursor } from './levels.ts';

/** Distinct texts that are shared; then the table begins anew. */
const mostTexts = 65_536;
const longestShared = 256;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Texts of a column. Equal texts that come again within some ten thousand others are one string: a code is looked up by each of its events, and
 * a string that was looked up before has its hash at hand.
 */
export class TextTable {
  #texts: string[] = [];
  /** How many texts there is room for. */
  #capacity = 1024;
  /** Number + 1 of the text in each place, or 0; four places for each text. */
  #places = new Int32Array(4 * this.#capacity);
  /** Where the bytes of each text begin in `#bytes`, and where the last ones end. */
  #starts = new Uint32Array(this.#capacity + 1);
  #bytes: Buffer = Buffer.alloc(1 << 14);

  /** @throws ParquetFault where the bytes are not UTF-8 */
  get(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > longestShared) return decode(bytes, start, end);
    const place = this.#placeOf(bytes, start, length);
    const known = this.#places[place]!;
    if (known > 0) return this.#texts[known - 1]!;
    const text = decode(bytes, start, end);
    this.#add(text, bytes.subarray(start, end), place);
    return text;
  }

  /** Where a text stands or would stand. */
  #placeOf(bytes: Buffer, start: number, length: number): number {
    const mask = this.#places.length - 1;
    let hash = length;
    for (let i = start, end = start + length; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    let place = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const known = this.#places[place]!;
      if (known === 0 || this.#holds(known - 1, bytes, start, length)) return place;
      place = (place + 1) & mask;
    }
  }

  #holds(number: number, bytes: Buffer, start: number, length: number): boolean {
    const from = this.#starts[number]!;
    if (this.#starts[number + 1]! - from !== length) return false;
    for (let i = 0; i < length; i++) if (this.#bytes[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #add(text: string, bytes: Uint8Array, place: number): void {
    const from = this.#starts[this.#texts.length]!;
    const end = from + bytes.length;
    if (end > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * end);
    this.#bytes.set(bytes, from);
    this.#places[place] = this.#texts.push(text);
    this.#starts[this.#texts.length] = end;
    if (this.#texts.length === this.#capacity) this.#makeRoom();
  }

  #makeRoom(): void {
    if (this.#capacity === mostTexts) {
      this.#texts = [];
      this.#places.fill(0);
      return;
    }
    this.#capacity *= 4;
    this.#places = new Int32Array(4 * this.#capacity);
    const starts = new Uint32Array(this.#capacity + 1);
    starts.set(this.#starts);
    this.#starts = starts;
    for (let i = 0; i < this.#texts.length; i++) {
      const place = this.#placeOf(this.#bytes, starts[i]!, starts[i + 1]! - starts[i]!);
      this.#places[place] = i + 1;
    }
  }
}

function decode(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  // What is not UTF-8 becomes this character; so does the character itself.
  if (text.includes('\ufffd')) {
    try {
      return strictUtf8.decode(bytes.subarray(start, end));
    } catch {
      throw new ParquetFault('a text that is not UTF-8');
    }
  }
  return text;
}

/** Texts one after the other, each after its length. */
export function readPlainTexts(cursor: ByteCursor, count: number, table: TextTable): string[] {
  const bytes = bufferOf(cursor.bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Each takes 4 bytes at least.
  assertLeft(cursor, 4 * count);
  const texts = new Array<string>(count);
  for (let i = 0; i < count; i++) {
    assertLeft(cursor, 4);
    const start = cursor.offset + 4;
    const end = start + view.getUint32(cursor.offset, true);
    if (end > cursor.end) throw new ParquetFault('a text that is longer than its page');
    texts[i] = table.get(bytes, start, end);
    cursor.offset = end;
  }
  return texts;
}

/** Texts of the given lengths one after the other; each takes as many bytes from the one before as `prefixes` says. */
export function readDeltaTexts(
  cursor: ByteCursor,
  prefixes: Int32Array | undefined,
  lengths: Int32Array,
  table: TextTable,
): string[] {
  const bytes = bufferOf(cursor.bytes);
  const texts = new Array<string>(lengths.length);
  let current = Buffer.alloc(256);
  let [known, total] = [0, 0];
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i]!;
    assertLeft(cursor, length);
    const start = cursor.offset;
    cursor.offset += length;
    if (prefixes === undefined) {
      texts[i] = table.get(bytes, start, start + length);
      continue;
    }
    const prefix = prefixes[i]!;
    if (!(prefix >= 0 && prefix <= known)) throw new ParquetFault('a text with more of the one before than there is');
    if (prefix + length > current.length) current = Buffer.concat([current], 2 * (prefix + length));
    current.set(bytes.subarray(start, start + length), prefix);
    known = prefix + length;
    // Each may repeat all of the one before: without a bound, a page of a megabyte holds a million of them.
    if ((total += known) > maxPageBytes) throw new ParquetFault('texts that are longer than a page');
    texts[i] = table.get(current, 0, known);
  }
  return texts;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
