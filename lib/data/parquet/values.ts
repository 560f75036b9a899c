import type { Encoding, SchemaElement } from 'hyparquet';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { ParquetFault } from './errors.ts';
import { assertLeft, readHybrid } from './levels.ts';
import type { ByteCursor } from './levels.ts';
import { readDeltaTexts, readPlainTexts } from './texts.ts';
import type { TextTable } from './texts.ts';

/** Values without gaps: INT32, INT64, FLOAT, DOUBLE, BOOLEAN (0 and 1) and BYTE_ARRAY in this order; INT96 is its two halves. */
export type DenseValues = Int32Array | BigInt64Array | Float32Array | Float64Array | Uint8Array | string[];

const widths = { INT32: 4, INT64: 8, FLOAT: 4, DOUBLE: 8, INT96: 12 } as const;

/**
 * Decodes values that are not dictionary indices.
 *
 * @throws any error where the bytes are broken
 */
export function readValues(
  cursor: ByteCursor,
  element: SchemaElement,
  encoding: Encoding,
  count: number,
  table: TextTable,
): DenseValues {
  const { type } = element;
  if (count === 0) return emptyOf(element);
  if (encoding === 'PLAIN') {
    if (type === 'BYTE_ARRAY') return readPlainTexts(cursor, count, table);
    return type === 'BOOLEAN' ? readBits(cursor, count) : readFixed(cursor, element, count);
  }
  if (encoding === 'RLE' && type === 'BOOLEAN') {
    // Its length in bytes stands before it.
    assertLeft(cursor, 4);
    cursor.offset += 4;
    const values = new Uint8Array(count);
    readHybrid(cursor, 1, values);
    return values;
  }
  if (encoding === 'DELTA_BINARY_PACKED') {
    if (type === 'INT32') return readDelta(cursor, new Int32Array(count));
    if (type === 'INT64') return readDelta(cursor, new BigInt64Array(count));
  }
  if (encoding === 'DELTA_LENGTH_BYTE_ARRAY' && type === 'BYTE_ARRAY') {
    return readDeltaTexts(cursor, undefined, readDelta(cursor, new Int32Array(count)), table);
  }
  if (encoding === 'DELTA_BYTE_ARRAY' && type === 'BYTE_ARRAY') {
    const prefixes = readDelta(cursor, new Int32Array(count));
    return readDeltaTexts(cursor, prefixes, readDelta(cursor, new Int32Array(count)), table);
  }
  if (encoding === 'BYTE_STREAM_SPLIT' && type !== undefined && type in widths)
    return readSplit(cursor, element, count);
  throw new ParquetFault(`values of ${type} encoded as ${encoding ?? 'something unknown'}, which is not read`);
}

function emptyOf({ type }: SchemaElement): DenseValues {
  if (type === 'BYTE_ARRAY') return [];
  return type === 'BOOLEAN' ? new Uint8Array(0) : viewOf(new ArrayBuffer(0), type);
}

/** Takes over the memory. */
function viewOf(buffer: ArrayBuffer, type: SchemaElement['type']): DenseValues {
  switch (type) {
    case 'INT32':
      return new Int32Array(buffer);
    case 'INT64':
      return new BigInt64Array(buffer);
    case 'FLOAT':
      return new Float32Array(buffer);
    case 'DOUBLE':
      return new Float64Array(buffer);
    case 'INT96':
      return new Uint8Array(buffer);
    default:
      throw new ParquetFault(`values of ${type ?? 'an unknown type'}, which are not read`);
  }
}

function widthOf({ type }: SchemaElement): number {
  return widths[type as keyof typeof widths] ?? 0;
}

function readFixed(cursor: ByteCursor, element: SchemaElement, count: number): DenseValues {
  const bytes = count * widthOf(element);
  assertLeft(cursor, bytes);
  // Not `slice`, which does not copy where the bytes are a Buffer.
  const copy = new Uint8Array(bytes);
  copy.set(cursor.bytes.subarray(cursor.offset, cursor.offset + bytes));
  cursor.offset += bytes;
  return viewOf(copy.buffer, element.type);
}

/** The first bytes of all values, then the second ones, and so on. */
function readSplit(cursor: ByteCursor, element: SchemaElement, count: number): DenseValues {
  const width = widthOf(element);
  assertLeft(cursor, count * width);
  const bytes = new Uint8Array(count * width);
  for (let byte = 0; byte < width; byte++) {
    for (let i = 0; i < count; i++) bytes[i * width + byte] = cursor.bytes[cursor.offset++]!;
  }
  return viewOf(bytes.buffer, element.type);
}

function readBits(cursor: ByteCursor, count: number): Uint8Array {
  assertLeft(cursor, Math.ceil(count / 8));
  const values = new Uint8Array(count);
  for (let i = 0; i < count; i++) values[i] = (cursor.bytes[cursor.offset + (i >> 3)]! >> (i & 7)) & 1;
  cursor.offset += Math.ceil(count / 8);
  return values;
}

function readDelta<T extends Int32Array | BigInt64Array>(cursor: ByteCursor, values: T): T {
  const { bytes, offset, end } = cursor;
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, end), offset };
  deltaBinaryUnpack(reader, values.length, values);
  cursor.offset = reader.offset;
  return values;
}
