import { open, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unreadable } from '../../files/input-file.ts';
import { checkString } from '../../options.ts';
import type { DataPatient, Dataset, ReadDatasetOptions } from '../dataset.ts';
import { checkReadOptions } from '../read-options.ts';
import type { Concepts } from './concepts.ts';
import { resolveConcepts } from './concepts.ts';
import { Engine } from './engine.ts';
import { findTables, noPerson } from './layout.ts';
import type { Parts } from './source.ts';
import { partsOfDatabase, partsOfFolder } from './source.ts';
import type { Staged } from './staging.ts';
import { stageTables } from './staging.ts';
import { Timelines, timelineQuery } from './timelines.ts';

/**
 * Opens tables of the OMOP CDM, 5.3 or 5.4: a folder with a file (CSV, CSV.gz or Parquet) or a folder of parts for each table, or a DuckDB
 * database. Names of files, tables and columns may be in any letter case. Patients come by `person_id`.
 *
 * Needs the optional package `@duckdb/node-api`, which sorts and joins; what does not fit its memory goes to a folder of this user's own under
 * the folder for temporary files until `close()`.
 *
 * @throws ClmbrError `ADDON_UNAVAILABLE` where DuckDB is not installed, `INVALID_INPUT` without PERSON or a needed column, `FILE_UNREADABLE`
 */
export async function openOmop(path: string, given: ReadDatasetOptions = {}): Promise<Dataset> {
  checkString(path, 'path');
  const options = checkReadOptions(given);
  options.signal?.throwIfAborted();
  const status = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (status.isDirectory()) {
    const tables = await findTables(path);
    const files = tables.flatMap((table) => table.files);
    return openWith(
      await Engine.open({ files, signal: options.signal }),
      (engine) => partsOfFolder(engine, tables),
      files,
      options,
    );
  }
  const file = await realpath(path);
  if (!(await isDuckdb(file))) throw noPerson(path);
  // Views of a database may read files beside it.
  const engine = await Engine.open({ database: file, folders: [dirname(file)], signal: options.signal });
  return openWith(engine, () => partsOfDatabase(engine, path), [file], options);
}

async function openWith(
  engine: Engine,
  findParts: (engine: Engine) => Promise<Parts>,
  files: readonly string[],
  options: ReadDatasetOptions,
): Promise<Dataset> {
  try {
    return new OmopDataset(engine, await findParts(engine), files, options);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function isDuckdb(file: string): Promise<boolean> {
  const handle = await open(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  try {
    const { buffer } = await handle.read(Buffer.alloc(12), 0, 12, 0);
    return buffer.toString('latin1', 8, 12) === 'DUCK';
  } finally {
    await handle.close();
  }
}

class OmopDataset implements Dataset {
  readonly kind = 'omop';
  readonly files: readonly string[];
  readonly skipped: Record<string, number> = {};
  readonly #engine: Engine;
  readonly #parts: Parts;
  readonly #options: ReadDatasetOptions;
  #prepared: Promise<{ staged: Staged; concepts: Concepts }> | undefined;
  #names: ReadonlyMap<string, string> = new Map();
  #persons = 0;
  #done = 0;

  constructor(engine: Engine, parts: Parts, files: readonly string[], options: ReadDatasetOptions) {
    this.#engine = engine;
    this.#parts = parts;
    this.files = files;
    this.#options = options;
  }

  async *patients(): AsyncGenerator<DataPatient, void, undefined> {
    const { signal } = this.#options;
    const interrupt = () => this.#engine.interrupt();
    signal?.throwIfAborted();
    signal?.addEventListener('abort', interrupt, { once: true });
    try {
      this.#prepared ??= this.#prepare();
      const { staged, concepts } = await this.#prepared;
      const timelines = new Timelines(concepts, this.#options.zeroAsMissing ?? false);
      this.#done = 0;
      for await (const chunk of this.#engine.stream(timelineQuery(staged.hasKeys))) {
        signal?.throwIfAborted();
        yield* this.#counted(timelines.add(chunk));
      }
      yield* this.#counted(timelines.end());
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', interrupt);
    }
  }

  *#counted(patients: Iterable<DataPatient>): Generator<DataPatient, void, undefined> {
    for (const patient of patients) {
      this.#done++;
      yield patient;
    }
  }

  async #prepare(): Promise<{ staged: Staged; concepts: Concepts }> {
    const skipBadRows = this.#options.skipBadRows ?? false;
    const staged = await stageTables(this.#engine, this.#parts, skipBadRows);
    const concepts = await resolveConcepts(this.#engine, this.#parts, skipBadRows);
    this.#persons = staged.persons;
    this.#names = concepts.names;
    this.#count('bad-row', staged.badRows + concepts.badRows);
    this.#count('unknown-person', staged.unknownPerson);
    this.#count('no-concept', concepts.withoutConcept);
    this.#count('no-birth-date', staged.withoutBirth);
    return { staged, concepts };
  }

  #count(reason: string, rows: number): void {
    if (rows > 0) this.skipped[reason] = rows;
  }

  describe(code: string): string | undefined {
    return this.#names.get(code);
  }

  progress(): number {
    return this.#persons === 0 ? 0 : Math.min(1, this.#done / this.#persons);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}
