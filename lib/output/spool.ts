import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { writeFailure } from './failure.ts';

const bufferBytes = 256 * 1024;

/**
 * Bytes that are collected on the disk beside `target`, to be read back once. The file loses its name as soon as it is open, so that nothing is
 * left of it however the process ends; only the owner may read it.
 */
export class Spool {
  readonly #target: string;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #buffer = Buffer.alloc(bufferBytes);
  #buffered = 0;
  #bytes = 0;
  #isNamed: boolean;

  private constructor(target: string, path: string, handle: FileHandle, isNamed: boolean) {
    this.#target = target;
    this.#path = path;
    this.#handle = handle;
    this.#isNamed = isNamed;
  }

  /** @throws ClmbrError `WRITE_FAILED` */
  static async create(target: string): Promise<Spool> {
    const path = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.spool`);
    try {
      const handle = await open(path, 'wx+', 0o600);
      const isNamed = await unlink(path).then(
        () => false,
        // Some file systems keep the name of an open file; then it goes at the end.
        () => true,
      );
      return new Spool(target, path, handle, isNamed);
    } catch (cause) {
      throw writeFailure(target, cause);
    }
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a copy: the caller may change `bytes` as soon as this is done. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#bytes += bytes.length;
    if (this.#buffered + bytes.length > bufferBytes) await this.#flush();
    if (bytes.length > bufferBytes) {
      await this.#writeAll(bytes);
    } else {
      this.#buffer.set(bytes, this.#buffered);
      this.#buffered += bytes.length;
    }
  }

  /** Everything from the start. Nothing may be written meanwhile. */
  async read(): Promise<Readable> {
    await this.#flush();
    return this.#handle.createReadStream({ start: 0, autoClose: false, highWaterMark: bufferBytes });
  }

  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    if (this.#isNamed) await unlink(this.#path).catch(() => undefined);
    this.#isNamed = false;
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    await this.#writeAll(bytes);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done);
        done += bytesWritten;
      }
    } catch (cause) {
      throw writeFailure(this.#target, cause);
    }
  }
}
