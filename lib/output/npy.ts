import { endianness } from 'node:os';

/** How NumPy writes the byte order of this machine. */
export const byteOrder = endianness() === 'LE' ? '<' : '>';

/** NumPy's "not a time". */
export const notATime = -(2n ** 63n);

const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
const alignment = 64;

/**
 * What stands before the numbers in a file of NumPy's npy format, version 1.0.
 *
 * @param descr NumPy's name of the type, for example `<f4`
 */
export function npyHeader(descr: string, shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const unpadded = magic.length + 2 + text.length + 1;
  const padded = `${text}${' '.repeat((alignment - (unpadded % alignment)) % alignment)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  return Buffer.concat([magic, length, Buffer.from(padded, 'latin1')]);
}

/** Bytes of a header that {@link npyHeader} may write. */
export const npyHeaderLimit = 4096;

export interface NpyHeader {
  descr: string;
  shape: number[];
  /** Where the numbers begin. */
  bytes: number;
}

/** Reads what {@link npyHeader} wrote; undefined where it is something else. */
export function parseNpyHeader(bytes: Buffer): NpyHeader | undefined {
  if (bytes.length < 10 || !bytes.subarray(0, 8).equals(magic)) return undefined;
  const end = 10 + bytes.readUInt16LE(8);
  const text = bytes.toString('latin1', 10, end);
  const match = /^\{'descr': '([^']+)', 'fortran_order': False, 'shape': \(([\d, ]*)\), \} *\n$/.exec(text);
  if (match === null) return undefined;
  const shape = match[2]!.split(',').filter((part) => part.trim() !== '');
  return { descr: match[1]!, shape: shape.map(Number), bytes: end };
}

/** NumPy keeps texts as code points of 4 bytes. */
export function packTexts(texts: readonly string[], width: number): Uint32Array {
  const packed = new Uint32Array(texts.length * width);
  for (const [i, text] of texts.entries()) {
    let at = i * width;
    for (const character of text) packed[at++] = character.codePointAt(0)!;
  }
  return packed;
}

export function unpackText(points: Uint32Array): string {
  let end = points.length;
  while (end > 0 && points[end - 1] === 0) end--;
  let text = '';
  for (let i = 0; i < end; i++) text += String.fromCodePoint(points[i]!);
  return text;
}
