import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';

export interface ZipEntry {
  name: string;
  /** Size of the content. */
  bytes: number;
  content: () => AsyncIterable<Uint8Array>;
}

/** NumPy's own date for entries. It makes equal content equal files. */
const date = new Date(1980, 0, 1);

/** The bytes of a ZIP archive, entries stored as they are (ZIP64 where sizes ask for it). One piece in memory at a time. */
export async function* zip(entries: readonly ZipEntry[]): AsyncGenerator<Buffer, void, undefined> {
  const archive = new ZipFile();
  const output = archive.outputStream as Readable;
  const fail = (error: unknown) => output.destroy(error as Error);
  archive.on('error', fail);
  const open: Readable[] = [];
  for (const { name, bytes, content } of entries) {
    archive.addReadStreamLazy(
      name,
      { size: bytes, compress: false, mtime: date, forceDosTimestamp: true, mode: 0o100644 },
      (give) => {
        const stream = Readable.from(content(), { objectMode: false });
        // The archive does not listen for errors of what it reads.
        stream.on('error', fail);
        open.push(stream);
        give(null, stream);
      },
    );
  }
  archive.end();
  try {
    yield* output as AsyncIterable<Buffer>;
  } finally {
    for (const stream of open) stream.destroy();
  }
}
