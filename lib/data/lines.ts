import type { Readable } from 'node:stream';

const newline = 0x0a;
const carriageReturn = 0x0d;

export interface Line {
  /** Counted from 1. */
  number: number;
  /** Without its line ending. Only valid until the next line is asked for. */
  bytes: Buffer;
}

export interface LineOptions {
  /** Longest line, in bytes. */
  maxLineBytes: number;
  /** Told of every chunk that came in. */
  onBytes?: ((bytes: number) => void) | undefined;
  /** Makes the error for a line that is longer. */
  tooLong: (line: number) => Error;
}

/**
 * Cuts a stream of bytes at its line feeds; a carriage return before one belongs to it. Holds one line and one chunk at a time. Cutting bytes
 * instead of text keeps characters whole that lie across two chunks: no other character of UTF-8 contains the byte of a line feed.
 */
export async function* readLines(stream: Readable, options: LineOptions): AsyncGenerator<Line> {
  const pending = new PendingLine(options);
  for await (const piece of stream as AsyncIterable<Buffer | string>) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
    options.onBytes?.(chunk.length);
    let from = 0;
    for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
      yield pending.end(chunk.subarray(from, to));
      from = to + 1;
    }
    pending.add(chunk.subarray(from));
  }
  if (!pending.isEmpty) yield pending.end(Buffer.alloc(0));
}

/** The line that is not complete yet. */
class PendingLine {
  readonly #options: LineOptions;
  #pieces: Buffer[] = [];
  #length = 0;
  #number = 1;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  add(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > this.#options.maxLineBytes) throw this.#options.tooLong(this.#number);
    if (piece.length > 0) this.#pieces.push(piece);
  }

  end(last: Buffer): Line {
    this.add(last);
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#length);
    this.#pieces = [];
    this.#length = 0;
    const isWindows = bytes.length > 0 && bytes[bytes.length - 1] === carriageReturn;
    return { number: this.#number++, bytes: isWindows ? bytes.subarray(0, -1) : bytes };
  }
}
