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
