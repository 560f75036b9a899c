import { promisify } from 'node:util';
import type { Entry, ZipFile } from 'yauzl';
import { open } from 'yauzl';

export interface NpyArray {
  descr: string;
  shape: number[];
  data: Buffer;
}

interface NpzEntry extends NpyArray {
  /** 0: stored as it is. */
  compressionMethod: number;
}

/** Reads an npz archive as NumPy's documentation describes it, apart from the code under test. */
export async function readNpz(path: string): Promise<Map<string, NpzEntry>> {
  const zip = await promisify<string, object, ZipFile>(open as never)(path, { lazyEntries: true });
  const arrays = new Map<string, NpzEntry>();
  await new Promise<void>((resolve, reject) => {
    zip.on('error', reject).on('end', resolve);
    zip.on('entry', (entry: Entry) => {
      zip.openReadStream(entry, (error, stream) => {
        if (error) return reject(error);
        const pieces: Buffer[] = [];
        stream.on('error', reject).on('data', (piece: Buffer) => pieces.push(piece));
        stream.on('end', () => {
          const { compressionMethod } = entry;
          arrays.set(entry.fileName.replace(/\.npy$/, ''), { ...parseNpy(Buffer.concat(pieces)), compressionMethod });
          zip.readEntry();
        });
      });
    });
    zip.readEntry();
  });
  return arrays;
}

export function parseNpy(bytes: Buffer): NpyArray {
  if (bytes.subarray(0, 8).toString('latin1') !== '\x93NUMPY\x01\x00') throw new Error('no npy file of version 1.0');
  const end = 10 + bytes.readUInt16LE(8);
  if (end % 64 !== 0 || bytes[end - 1] !== 0x0a) throw new Error('the header is not padded');
  const header = bytes.subarray(10, end).toString('latin1');
  const match = /^\{'descr': '([^']+)', 'fortran_order': False, 'shape': \(([\d, ]*)\), \} *\n$/.exec(header);
  if (match === null) throw new Error(`not understood: ${header}`);
  const shape = match[2]!.split(',').filter((part) => part.trim() !== '');
  return { descr: match[1]!, shape: shape.map(Number), data: bytes.subarray(end) };
}

/** The numbers or texts of an array as JavaScript has them. */
export function valuesOf({ descr, data }: NpyArray): unknown[] {
  const size = descr.includes('U') ? 4 * Number(descr.slice(2)) : Number(/\d+/.exec(descr.replace('M8', '8'))![0]);
  const items = Array.from({ length: data.length / size }, (_, i) => data.subarray(i * size, (i + 1) * size));
  switch (descr) {
    case '<f4':
      return items.map((item) => item.readFloatLE());
    case '<i4':
      return items.map((item) => item.readInt32LE());
    case '<i8':
    case '<M8[us]':
      return items.map((item) => item.readBigInt64LE());
    case '|b1':
      return items.map((item) => item[0] === 1);
    default:
      return items.map((item) => textOf(item));
  }
}

function textOf(item: Buffer): string {
  const points = Array.from({ length: item.length / 4 }, (_, i) => item.readUInt32LE(4 * i));
  return String.fromCodePoint(...points).replace(/\0+$/, '');
}
