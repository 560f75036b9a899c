import { createHash } from 'node:crypto';
import { InputFile } from './input-file.ts';

const chunkBytes = 4 * 1024 * 1024;

export interface DigestOptions {
  signal?: AbortSignal;
  /** Called after every chunk with the bytes read so far and the size of the file. */
  onProgress?: (done: number, total: number) => void;
}

/** SHA-256 of a file in lower-case hexadecimal, as `sha256sum` prints it. Rejects with `signal.reason` when aborted. */
export async function sha256OfFile(path: string, options: DigestOptions = {}): Promise<string> {
  const file = await InputFile.open(path);
  try {
    return await sha256OfOpenFile(file, options);
  } finally {
    await file.close();
  }
}

/** The same of a file that the caller has opened, and closes. */
export async function sha256OfOpenFile(file: InputFile, options: DigestOptions = {}): Promise<string> {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(Math.max(1, Math.min(chunkBytes, file.size)));
  for (let done = 0; done < file.size; ) {
    options.signal?.throwIfAborted();
    const chunk = buffer.subarray(0, Math.min(buffer.length, file.size - done));
    await file.read(chunk, done);
    hash.update(chunk);
    done += chunk.length;
    options.onProgress?.(done, file.size);
  }
  await file.assertUnchanged();
  return hash.digest('hex');
}
