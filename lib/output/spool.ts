import type { Readable } from 'node:stream';
import { ScratchFile } from './scratch.ts';

const bufferBytes = 256 * 1024;

/** Bytes that are collected on the disk beside `target`, one after the other. */
export class Spool {
  readonly #file: ScratchFile;
  readonly #buffer = Buffer.alloc(bufferBytes);
  #buffered = 0;
  #bytes = 0;

  private constructor(file: ScratchFile) {
    this.#file = file;
  }

  /** @throws ClmbrError `WRITE_FAILED` */
  static async create(target: string): Promise<Spool> {
    return new Spool(await ScratchFile.create(target));
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a copy: the caller may change `bytes` as soon as this is done. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#buffered + bytes.length > bufferBytes) await this.flush();
    if (bytes.length > bufferBytes) {
      await this.#file.write(bytes, this.#bytes);
    } else {
      this.#buffer.set(bytes, this.#buffered);
      this.#buffered += bytes.length;
    }
    this.#bytes += bytes.length;
  }

  /** Everything from the start. Nothing may be written meanwhile. */
  async stream(): Promise<Readable> {
    await this.flush();
    return this.#file.stream(bufferBytes);
  }

  /** Fills `target` from `position`, all of which must have been written and flushed. */
  async read(target: Uint8Array, position: number): Promise<void> {
    await this.#file.read(target, position);
  }

  async flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#buffered);
    const position = this.#bytes - this.#buffered;
    this.#buffered = 0;
    await this.#file.write(bytes, position);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
