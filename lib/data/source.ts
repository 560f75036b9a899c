import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { unreadable } from '../files/input-file.ts';

const chunkBytes = 256 * 1024;

/**
 * Opens a file or a named pipe for reading from its start to its end.
 *
 * @throws ClmbrError `FILE_UNREADABLE`
 */
export async function openSource(path: string): Promise<Readable> {
  try {
    const status = await stat(path);
    if (status.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
    const handle = await open(path, 'r');
    // Reading a pipe as a file would hold a thread until data comes, and nothing could be stopped meanwhile.
    if (status.isFIFO()) return new Socket({ fd: handle.fd, readable: true, writable: false });
    return createReadStream(path, { fd: handle, highWaterMark: chunkBytes });
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
