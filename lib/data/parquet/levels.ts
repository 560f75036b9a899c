import { ParquetFault } from './errors.ts';

/** A place in bytes that moves on while they are read. */
export interface ByteCursor {
  readonly bytes: Uint8Array;
  offset: number;
  /** Nothing is read from here on. */
  end: number;
}

export function cursorOf(bytes: Uint8Array): ByteCursor {
  return { bytes, offset: 0, end: bytes.length };
}

export function assertLeft({ offset, end }: ByteCursor, bytes: number): void {
  if (!(bytes >= 0 && bytes <= end - offset)) throw new ParquetFault('a page that ends too early');
}

function varInt(cursor: ByteCursor): number {
  let value = 0;
  for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
    assertLeft(cursor, 1);
    const byte = cursor.bytes[cursor.offset++]!;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
  throw new ParquetFault('a number does not end');
}

/**
 * Reads small numbers in Parquet's hybrid of runs and packed bits until `output` is full.
 *
 * @param width bits of a number, 0 to 32
 */
export function readHybrid(cursor: ByteCursor, width: number, output: Uint8Array | Uint32Array): void {
  if (width > 32) throw new ParquetFault('numbers of more than 32 bits');
  let filled = width === 0 ? output.length : 0;
  while (filled < output.length) {
    const header = varInt(cursor);
    const room = output.length - filled;
    if (header % 2 === 1) {
      const groups = (header - 1) / 2;
      const count = Math.min(groups * 8, room);
      unpack(cursor, width, output, filled, count);
      // Some writers leave out the end of the last group.
      cursor.offset = Math.min(cursor.offset + groups * width, cursor.end);
      filled += count;
    } else {
      const bytes = Math.ceil(width / 8);
      assertLeft(cursor, bytes);
      let value = 0;
      for (let i = 0; i < bytes; i++) value += cursor.bytes[cursor.offset++]! * 2 ** (8 * i);
      const count = Math.min(header / 2, room);
      output.fill(value, filled, filled + count);
      filled += count;
    }
  }
}

/** Does not move the cursor. */
function unpack(
  { bytes, offset, end }: ByteCursor,
  width: number,
  output: Uint8Array | Uint32Array,
  from: number,
  count: number,
): void {
  if (offset + Math.ceil((count * width) / 8) > end) throw new ParquetFault('a page that ends too early');
  if (width > 24) return unpackWide(bytes, offset, width, output, from, count);
  const mask = (1 << width) - 1;
  let held = 0;
  let bits = 0;
  let at = offset;
  for (let i = from, last = from + count; i < last; i++) {
    while (bits < width) {
      held |= bytes[at++]! << bits;
      bits += 8;
    }
    output[i] = held & mask;
    held >>>= width;
    bits -= width;
  }
}

/** As `unpack` for numbers that do not fit the 32 bits of bitwise operators together with the bits before them. */
function unpackWide(
  bytes: Uint8Array,
  offset: number,
  width: number,
  output: Uint8Array | Uint32Array,
  from: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    let value = 0;
    const firstBit = i * width;
    let at = offset + Math.floor(firstBit / 8);
    let shift = -(firstBit % 8);
    for (; shift < width; shift += 8) value += bytes[at++]! * 2 ** shift;
    output[from + i] = Math.floor(value) % 2 ** width;
  }
}
