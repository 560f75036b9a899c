import { readLines } from '../data/lines.ts';
import { byteOrder } from './npy.ts';
import { Spool } from './spool.ts';

const int64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
const rowsPerPiece = 4096;

/** The identifiers of an npz file, whose type is known only at the end: int64 when all are whole numbers that fit, else text as wide as the longest. */
export class IdColumn {
  readonly #spool: Spool;
  #rows = 0;
  #width = 1;
  #areIntegers = true;

  private constructor(spool: Spool) {
    this.#spool = spool;
  }

  static async create(target: string): Promise<IdColumn> {
    return new IdColumn(await Spool.create(target));
  }

  async append(ids: Iterable<string | number | bigint>): Promise<void> {
    let lines = '';
    for (const id of ids) {
      this.#rows++;
      const text = String(id);
      this.#width = Math.max(this.#width, codePoints(text));
      this.#areIntegers &&= isInt64(id);
      // As JSON, because a text may hold a line feed.
      lines += `${JSON.stringify(text)}\n`;
    }
    await this.#spool.write(Buffer.from(lines));
  }

  /** NumPy's name of the type. */
  get descr(): string {
    return this.#areIntegers ? `${byteOrder}i8` : `${byteOrder}U${this.#width}`;
  }

  /** Size of the numbers or texts in bytes. */
  get bytes(): number {
    return this.#rows * this.#itemBytes;
  }

  async *content(): AsyncGenerator<Uint8Array, void, undefined> {
    let piece = Buffer.alloc(rowsPerPiece * this.#itemBytes);
    let used = 0;
    const lines = readLines(await this.#spool.read(), { maxLineBytes: Infinity, tooLong: () => new Error() });
    for await (const { bytes } of lines) {
      const text = JSON.parse(bytes.toString()) as string;
      if (this.#areIntegers) new BigInt64Array(piece.buffer, piece.byteOffset + used, 1)[0] = BigInt(text);
      else writeText(new Uint32Array(piece.buffer, piece.byteOffset + used, this.#width), text);
      used += this.#itemBytes;
      if (used < piece.length) continue;
      yield piece;
      piece = Buffer.alloc(piece.length);
      used = 0;
    }
    yield piece.subarray(0, used);
  }

  async close(): Promise<void> {
    await this.#spool.close();
  }

  get #itemBytes(): number {
    return this.#areIntegers ? 8 : 4 * this.#width;
  }
}

function isInt64(id: string | number | bigint): boolean {
  if (typeof id === 'bigint') return id >= int64.least && id <= int64.most;
  return Number.isSafeInteger(id);
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** NumPy keeps texts as code points of 4 bytes. */
function writeText(target: Uint32Array, text: string): void {
  let i = 0;
  for (const character of text) target[i++] = character.codePointAt(0)!;
}
