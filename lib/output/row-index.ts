import { ClmbrError } from '../errors.ts';
import { ScratchFile } from './scratch.ts';

/** Where a row lies: in which of several files, and its bytes there. */
export interface RowPlace {
  position: number;
  file: number;
  offset: number;
  length: number;
}

/** The file's number and the record's length (4 bytes each, a length of 0: no row), and its offset (8). */
const entryBytes = 16;
const blockEntries = 16_384;

/** Finds rows by their place in the output, on the disk: memory does not grow with the rows. Numbers may be left out. */
export class RowIndex {
  readonly #scratch: ScratchFile;

  private constructor(scratch: ScratchFile) {
    this.#scratch = scratch;
  }

  /** @throws ClmbrError `WRITE_FAILED` */
  static async create(target: string): Promise<RowIndex> {
    return new RowIndex(await ScratchFile.create(target));
  }

  /** @throws ClmbrError `INVALID_ARGUMENT` when two of these rows have one place */
  add(places: readonly RowPlace[]): void {
    const sorted = [...places].sort((a, b) => a.position - b.position);
    for (let from = 0; from < sorted.length; ) {
      let to = from + 1;
      while (to < sorted.length && sorted[to]!.position === sorted[to - 1]!.position + 1) to++;
      if (sorted[to]?.position === sorted[to - 1]!.position) throw samePlace();
      this.#write(sorted.slice(from, to));
      from = to;
    }
  }

  /** Rows in the order of the output, in groups. */
  async *places(): AsyncGenerator<RowPlace[], void, undefined> {
    const block = Buffer.alloc(blockEntries * entryBytes);
    for (let first = 0; ; first += blockEntries) {
      const bytes = await this.#scratch.read(block, first * entryBytes);
      const places: RowPlace[] = [];
      for (let at = 0; at < bytes; at += entryBytes) {
        const length = block.readUInt32LE(at + 4);
        if (length === 0) continue;
        const [file, offset] = [block.readUInt32LE(at), block.readDoubleLE(at + 8)];
        places.push({ position: first + at / entryBytes, file, offset, length });
      }
      yield places;
      if (bytes < block.length) return;
    }
  }

  close(): Promise<void> {
    return this.#scratch.close();
  }

  /** @param places one after the other */
  #write(places: readonly RowPlace[]): void {
    const bytes = Buffer.alloc(places.length * entryBytes);
    for (const [i, { file, length, offset }] of places.entries()) {
      bytes.writeUInt32LE(file, i * entryBytes);
      bytes.writeUInt32LE(length, i * entryBytes + 4);
      bytes.writeDoubleLE(offset, i * entryBytes + 8);
    }
    this.#scratch.writeNow(bytes, places[0]!.position * entryBytes);
  }
}

export function samePlace(): ClmbrError {
  return new ClmbrError(
    'INVALID_ARGUMENT',
    'positions: expected a place of its own for each row, found two rows at one.',
  );
}
