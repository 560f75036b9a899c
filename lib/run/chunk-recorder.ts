import { ClmbrError } from '../errors.ts';
import type { Json } from '../output/metadata.ts';
import type { LabelValue, OutputRows } from '../output/rows.ts';
import { ChunkWriter } from './chunk-file.ts';
import type { RunFolder } from './run-folder.ts';

/** A patient whose rows are being computed. */
export interface ExpectedPatient {
  positions: readonly number[];
  labels: readonly LabelValue[] | undefined;
  /** With the last patient of a chunk: what was counted since the chunk before. */
  endOfChunk?: { state: Json };
}

/** Puts rows, which come in the order of their patients, into chunks. */
export class ChunkRecorder {
  readonly #folder: RunFolder;
  readonly #onState: (state: Json) => void;
  /** The first one may have got some of its rows. */
  readonly #expected: ExpectedPatient[] = [];
  #rowsOfFirst = 0;
  #patients = 0;
  #last: { state: Json } | undefined;
  #writer: ChunkWriter | undefined;

  constructor(folder: RunFolder, onState: (state: Json) => void) {
    this.#folder = folder;
    this.#onState = onState;
  }

  expect(patient: ExpectedPatient): void {
    this.#expected.push(patient);
  }

  async add({ data, dimensions, rows }: OutputRows): Promise<void> {
    for (let from = 0; from < rows.length; ) {
      const { positions, labels, endsChunk } = this.#claim(rows.length - from);
      const to = from + positions.length;
      const part = rows.slice(from, to);
      const labelled = labels === undefined ? part : part.map((row, i) => ({ ...row, label: labels[i] ?? null }));
      const writer = await this.#open();
      const vectors = data.subarray(from * dimensions, to * dimensions);
      await writer.append({ data: vectors, dimensions, rows: labelled }, positions);
      if (endsChunk !== undefined) await this.#endChunk(endsChunk.state, false);
      from = to;
    }
  }

  /** No patient comes after those that were expected; what was counted since the last chunk's end. */
  expectNoMore(state: Json): void {
    this.#last = { state };
  }

  /** Ends the last chunk, which may be without rows. */
  async finish(): Promise<void> {
    while (this.#expected.length > 0) {
      const { endsChunk } = this.#claim(0);
      if (endsChunk !== undefined) await this.#endChunk(endsChunk.state, false);
      else if (this.#expected.length > 0) throw notMatching();
    }
    if (this.#last === undefined) throw notMatching();
    await this.#endChunk(this.#last.state, true);
  }

  /** Gives up the chunk that is not complete. */
  async discard(): Promise<void> {
    await this.#writer?.discard();
    this.#writer = undefined;
  }

  /** Places of the next rows, at most `most` and up to the end of a chunk. */
  #claim(most: number) {
    const positions: number[] = [];
    const labels: LabelValue[] = [];
    let hasLabels = false;
    for (let first = this.#expected[0]; first !== undefined; first = this.#expected[0]) {
      const end = Math.min(first.positions.length, this.#rowsOfFirst + most - positions.length);
      for (; this.#rowsOfFirst < end; this.#rowsOfFirst++) {
        positions.push(first.positions[this.#rowsOfFirst]!);
        labels.push(first.labels?.[this.#rowsOfFirst] ?? null);
        hasLabels ||= first.labels !== undefined;
      }
      if (this.#rowsOfFirst < first.positions.length) break;
      this.#expected.shift();
      this.#rowsOfFirst = 0;
      this.#patients++;
      if (first.endOfChunk !== undefined)
        return { positions, labels: hasLabels ? labels : undefined, endsChunk: first.endOfChunk };
    }
    if (positions.length < most) throw notMatching();
    return { positions, labels: hasLabels ? labels : undefined, endsChunk: undefined };
  }

  async #open(): Promise<ChunkWriter> {
    return (this.#writer ??= await ChunkWriter.create(this.#folder.path, this.#folder.done.chunks));
  }

  async #endChunk(state: Json, isLast: boolean): Promise<void> {
    const { chunks, patients } = this.#folder.done;
    const writer = await this.#open();
    const written = await writer.commit({
      ...{ chunk: chunks, run: this.#folder.digest, firstPatient: patients, patients: this.#patients },
      ...{ state, isLast },
    });
    this.#writer = undefined;
    this.#patients = 0;
    this.#folder.added(written);
    this.#onState(state);
  }
}

function notMatching(): ClmbrError {
  return new ClmbrError('INTERNAL', 'The rows that were computed are not those that the patients should give.');
}
