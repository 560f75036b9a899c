import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ClmbrError } from '../errors.ts';
import { checkString } from '../options.ts';
import { InputFile } from '../files/input-file.ts';
import { writeFailure } from '../output/failure.ts';
import type { Json } from '../output/metadata.ts';
import { RowIndex } from '../output/row-index.ts';
import { orderedRows } from '../output/row-source.ts';
import type { RowSource } from '../output/row-source.ts';
import { emptySummary, joinSummaries } from '../output/summary.ts';
import { chunkName, damaged, scanChunk } from './chunk-file.ts';
import type { ChunkFacts } from './chunk-file.ts';
import { assertSameRun, digestOf, readManifest, writeManifest } from './manifest.ts';
import type { RunIdentity } from './manifest.ts';
import { OpenFiles } from './open-files.ts';
import { RunLock } from './run-lock.ts';

/** What to do about a run for the same target that was not finished. */
export type UnfinishedRun = 'refuse' | 'resume' | 'restart';

/** The index of rows is a file with a place for each. */
export const mostRows = 2 ** 32;
const chunkFile = /^[0-9]{8}\.chunk$/;

/** The folder of an unfinished run: `.features.parquet.run` beside `features.parquet`. */
export function runFolderOf(target: string): string {
  checkString(target, 'target');
  return join(dirname(target), `.${basename(target)}.run`);
}

/** The chunks of a run, in a folder beside its target that only the owner may read. */
export class RunFolder {
  readonly path: string;
  readonly digest: string;
  readonly #isResumed: boolean;
  #chunks: number;
  #patients = 0;
  #rows = 0;
  #isComplete = false;
  readonly #lock: RunLock;

  private constructor(path: string, digest: string, chunks: number, lock: RunLock) {
    this.path = path;
    this.#lock = lock;
    this.digest = digest;
    this.#chunks = chunks;
    this.#isResumed = chunks > 0;
  }

  /**
   * Either {@link remove} or {@link leave} must be called at the end.
   *
   * @param onState told what each chunk that is there counted, in order
   * @throws ClmbrError `RUN_EXISTS`, `RUN_MISMATCH`, `RUN_DAMAGED`, `WRITE_FAILED`; rejects with the signal's reason
   */
  static async open(
    target: string,
    identity: RunIdentity,
    unfinished: UnfinishedRun,
    onState: (state: Json) => void,
    signal?: AbortSignal,
  ): Promise<RunFolder> {
    const path = runFolderOf(target);
    const lock = await RunLock.take(target, `${path}.lock`, signal);
    try {
      return await RunFolder.#open(target, path, identity, unfinished, onState, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  static async #open(
    target: string,
    path: string,
    identity: RunIdentity,
    unfinished: UnfinishedRun,
    onState: (state: Json) => void,
    lock: RunLock,
  ): Promise<RunFolder> {
    const chunks = unfinished === 'restart' ? [] : await chunksIn(path);
    if (chunks.length === 0) {
      await begin(target, path, identity);
      return new RunFolder(path, digestOf(identity), 0, lock);
    }
    if (unfinished === 'refuse') throw runExists(target, path);
    const begun = await readManifest(path);
    if (begun === undefined) throw damaged(path);
    assertSameRun(target, begun, identity);
    for (const [i, name] of chunks.entries()) if (name !== chunkName(i)) throw damaged(join(path, chunkName(i)));
    const folder = new RunFolder(path, digestOf(identity), chunks.length, lock);
    await folder.#removeLeftovers();
    await folder.#eachChunk((facts) => {
      folder.#count(facts);
      onState(facts.state);
    });
    return folder;
  }

  /** Complete chunks, and the patients and rows in them. */
  get done(): { chunks: number; patients: number; rows: number } {
    return { chunks: this.#chunks, patients: this.#patients, rows: this.#rows };
  }

  /** Whether every patient's rows are there. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  added(facts: ChunkFacts): void {
    this.#chunks++;
    this.#count(facts);
  }

  /** All rows in the order of the output. Every byte of the chunks is checked before the first row comes. */
  async withRows<T>(use: (source: RowSource) => Promise<T>): Promise<T> {
    const index = await RowIndex.create(join(this.path, 'rows'));
    const files = new OpenFiles((chunk: number) => InputFile.open(join(this.path, chunkName(chunk))));
    try {
      let summary = emptySummary();
      await this.#eachChunk(
        (facts) => (summary = joinSummaries(summary, facts.summary)),
        (places, file) => index.add(places.map((place) => ({ ...place, file }))),
      );
      const rows = orderedRows(index, files, summary);
      return await use({ summary, batches: () => this.#sound(rows.batches()) });
    } finally {
      await files.close();
      await index.close();
    }
  }

  /** Removes everything: the run is finished, or there is nothing to go on with. */
  async remove(): Promise<void> {
    if (await this.#lock.isHeld()) await rm(this.path, { recursive: true, force: true }).catch(() => undefined);
    await this.leave();
  }

  /** Leaves everything for a later run. */
  leave(): Promise<void> {
    return this.#lock.release();
  }

  #count({ patients, summary, isLast }: ChunkFacts): void {
    this.#patients += patients;
    this.#rows += summary.rows;
    this.#isComplete = isLast;
  }

  async #eachChunk(
    onFacts: (facts: ChunkFacts) => void,
    onPlaces: (places: { position: number; offset: number; length: number }[], chunk: number) => void = () => undefined,
  ): Promise<void> {
    let patients = 0;
    for (let chunk = 0; chunk < this.#chunks; chunk++) {
      const path = join(this.path, chunkName(chunk));
      const facts = await scanChunk(path, (places) => {
        if (!places.every(({ position }) => position >= 0 && position < mostRows)) throw damaged(path);
        onPlaces(places, chunk);
      }).catch((error: unknown) => Promise.reject(this.#explain(error, path) as Error));
      const isNext = facts.chunk === chunk && facts.run === this.digest && facts.firstPatient === patients;
      if (!isNext) throw damaged(path);
      patients += facts.patients;
      onFacts(facts);
    }
  }

  /** Rows that are none, or in each other's places, are damage that the digests did not show. */
  async *#sound<T>(rows: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    try {
      yield* rows;
    } catch (error) {
      throw this.#explain(error, this.path);
    }
  }

  /** Of rows that this process has written itself, whatever fails is a defect. */
  #explain(error: unknown, path: string): unknown {
    const isKnown = error instanceof ClmbrError && error.code !== 'INTERNAL' && error.code !== 'INVALID_ARGUMENT';
    return isKnown || !this.#isResumed ? error : damaged(path);
  }

  /** What a killed process left half-written. */
  async #removeLeftovers(): Promise<void> {
    for (const name of await readdir(this.path))
      if (name.endsWith('.partial') || name.endsWith('.spool')) await rm(join(this.path, name), { force: true });
  }
}

async function chunksIn(path: string): Promise<string[]> {
  const names = await readdir(path).catch(() => []);
  return names.filter((name) => chunkFile.test(name)).sort();
}

async function begin(target: string, path: string, identity: RunIdentity): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { mode: 0o700 });
  } catch (cause) {
    throw writeFailure(target, cause);
  }
  await writeManifest(path, identity);
}

function runExists(target: string, folder: string): ClmbrError {
  return new ClmbrError(
    'RUN_EXISTS',
    `A run for ${target} was not finished; go on with it (--resume), or begin it again (--restart).`,
    { details: { path: target, folder } },
  );
}
