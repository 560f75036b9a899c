import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { writeFailure } from './failure.ts';

/**
 * A file for working with, beside `target`. It loses its name as soon as it is open, so that nothing is left of it however the process ends;
 * only the owner may read it.
 */
export class ScratchFile {
  readonly #target: string;
  readonly #path: string;
  readonly #handle: FileHandle;
  #isNamed: boolean;

  private constructor(target: string, path: string, handle: FileHandle, isNamed: boolean) {
    this.#target = target;
    this.#path = path;
    this.#handle = handle;
    this.#isNamed = isNamed;
  }

  /** @throws ClmbrError `WRITE_FAILED` */
  static async create(target: string): Promise<ScratchFile> {
    const path = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.spool`);
    try {
      const handle = await open(path, 'wx+', 0o600);
      const isNamed = await unlink(path).then(
        () => false,
        // Some file systems keep the name of an open file; then it goes at the end.
        () => true,
      );
      return new ScratchFile(target, path, handle, isNamed);
    } catch (cause) {
      throw writeFailure(target, cause);
    }
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    } catch (cause) {
      throw writeFailure(this.#target, cause);
    }
  }

  /** For a few bytes at a time, where going through the pool of threads costs more than the writing. */
  writeNow(bytes: Uint8Array, position: number): void {
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#handle.fd, bytes, done, bytes.length - done, position + done);
    } catch (cause) {
      throw writeFailure(this.#target, cause);
    }
  }

  /** Resolves to the bytes that there are, which is fewer than asked for at the end only. */
  async read(target: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const { bytesRead } = await this.#handle.read(target, done, target.length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  /** Everything from the start. */
  stream(pieceBytes: number): Readable {
    return this.#handle.createReadStream({ start: 0, autoClose: false, highWaterMark: pieceBytes });
  }

  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    if (this.#isNamed) await unlink(this.#path).catch(() => undefined);
    this.#isNamed = false;
  }
}
