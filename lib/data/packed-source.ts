import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { openSource } from './source.ts';

export interface PackedSource {
  /** The content, unpacked where the name ends in `.gz`. */
  stream: Readable;
  /** Bytes of the file itself that have been read. */
  readonly bytesRead: number;
}

/**
 * Opens a file or a named pipe, packed with gzip or not, for reading from its start to its end.
 *
 * @throws ClmbrError `FILE_UNREADABLE`
 */
export async function openPackedSource(path: string): Promise<PackedSource> {
  const source = (await openSource(path)) as Readable & { bytesRead: number };
  const stream = /\.gz$/i.test(path)
    ? // Errors reach the reader through the last stream; destroying that one closes the file.
      pipeline(source, createGunzip({ chunkSize: 256 * 1024 }), () => undefined)
    : source;
  return {
    stream,
    get bytesRead() {
      return source.bytesRead;
    },
  };
}
