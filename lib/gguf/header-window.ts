import { ClmbrError } from '../errors.ts';
import type { InputFile } from '../files/input-file.ts';

/** No header may be longer; that of a model with 40,000 codes is about 7 MB. */
export const maxHeaderBytes = 128 * 1024 * 1024;

const firstReadBytes = 256 * 1024;

/** Thrown and caught in this file alone: the item needs bytes that are in the file but not in memory yet. */
class NeedMoreBytes extends Error {
  readonly end: number;
  constructor(end: number) {
    super();
    this.end = end;
  }
}

/**
 * A window on the start of a file that grows as parsing goes on. Items are parsed synchronously from memory; one that runs
 * past the window is parsed anew when more has been read. Every length is checked against the file before memory is taken.
 */
export class HeaderWindow {
  readonly #file: InputFile;
  #bytes: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #view = new DataView(new ArrayBuffer(0));
  /** File offset of the first byte in memory. */
  #base = 0;
  #position = 0;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(file: InputFile) {
    this.#file = file;
  }

  /** File offset of the next byte. */
  get offset(): number {
    return this.#base + this.#position;
  }

  /** Bytes from here to the end of the file, or to the longest header allowed. */
  get remaining(): number {
    return Math.min(this.#file.size, maxHeaderBytes) - this.offset;
  }

  invalid(message: string, details: Record<string, unknown> = {}): ClmbrError {
    return new ClmbrError('INVALID_GGUF', `${this.#file.path}: ${message}`, {
      details: { path: this.#file.path, ...details },
    });
  }

  /** Runs `parse` at the current position, again from the same position each time that more bytes had to be read. */
  async item<T>(parse: () => T): Promise<T> {
    const start = this.offset;
    for (;;) {
      try {
        return parse();
      } catch (error) {
        if (!(error instanceof NeedMoreBytes)) throw error;
        await this.#grow(start, error.end);
      }
    }
  }

  /** Keeps the bytes from `start` and reads on to `end` or further. */
  async #grow(start: number, end: number): Promise<void> {
    const kept = this.#bytes.subarray(start - this.#base);
    const limit = Math.min(this.#file.size, maxHeaderBytes);
    const wanted = Math.min(limit, Math.max(end, start + 2 * kept.length, start + firstReadBytes));
    const bytes = Buffer.alloc(wanted - start);
    bytes.set(kept);
    await this.#file.read(bytes.subarray(kept.length), start + kept.length);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#base = start;
    this.#position = 0;
  }

  /** Moves past `length` bytes and returns where in the window they begin. */
  #take(length: number, what: string): number {
    if (length > this.remaining) {
      const end = this.offset + this.remaining;
      const why =
        end === this.#file.size ? `the file ends at ${end}` : `a header ends at ${maxHeaderBytes} at the latest`;
      throw this.invalid(`${what} at offset ${this.offset} needs ${length} bytes, but ${why}.`, {
        expected: length,
        found: this.remaining,
      });
    }
    const start = this.#position;
    if (start + length > this.#bytes.length) throw new NeedMoreBytes(this.offset + length);
    this.#position += length;
    return start;
  }

  /** A view of the next `length` bytes, valid until the next item. */
  bytes(length: number, what: string): Buffer<ArrayBuffer> {
    const start = this.#take(length, what);
    return this.#bytes.subarray(start, start + length);
  }

  /** A copy of the next `length` bytes in memory of its own, so that any typed array can lie on it. */
  copy(length: number, what: string): ArrayBuffer {
    const start = this.#take(length, what);
    const from = this.#bytes.byteOffset + start;
    return this.#bytes.buffer.slice(from, from + length);
  }

  uint8(what: string): number {
    return this.#view.getUint8(this.#take(1, what));
  }

  int8(what: string): number {
    return this.#view.getInt8(this.#take(1, what));
  }

  uint16(what: string): number {
    return this.#view.getUint16(this.#take(2, what), true);
  }

  int16(what: string): number {
    return this.#view.getInt16(this.#take(2, what), true);
  }

  uint32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true);
  }

  int32(what: string): number {
    return this.#view.getInt32(this.#take(4, what), true);
  }

  uint64(what: string): bigint {
    return this.#view.getBigUint64(this.#take(8, what), true);
  }

  int64(what: string): bigint {
    return this.#view.getBigInt64(this.#take(8, what), true);
  }

  float32(what: string): number {
    return this.#view.getFloat32(this.#take(4, what), true);
  }

  float64(what: string): number {
    return this.#view.getFloat64(this.#take(8, what), true);
  }

  /**
   * A count of things that take at least `bytesEach` bytes of the header: more than fit into the rest cannot be true.
   */
  count(what: string, bytesEach: number, limit: number): number {
    const count = this.uint64(what);
    const most = Math.min(limit, Math.floor(this.remaining / bytesEach));
    if (count > BigInt(most)) {
      throw this.invalid(`${what} is ${count}, expected at most ${most}.`, { expected: most, found: count });
    }
    return Number(count);
  }

  string(what: string, limit: number): string {
    const length = this.count(`the length of ${what}`, 1, limit);
    const bytes = this.bytes(length, what);
    try {
      return this.#utf8.decode(bytes);
    } catch (cause) {
      throw new ClmbrError('INVALID_GGUF', `${this.#file.path}: ${what} is not valid UTF-8.`, {
        cause,
        details: { path: this.#file.path },
      });
    }
  }
}
