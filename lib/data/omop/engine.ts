import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance, DuckDBResult, DuckDBValue } from '@duckdb/node-api';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClmbrError } from '../../errors.ts';
import { explainFailure, missingDuckdb, noTemporaryFolder } from './engine-errors.ts';
import { list, literal, pattern } from './sql.ts';

export type Row = DuckDBValue[];

export interface EngineOptions {
  /** A DuckDB database, attached read-only as `source`. */
  database?: string | undefined;
  /** What may be read beside it: files, and folders with all that they hold. */
  files?: readonly string[];
  folders?: readonly string[];
  /** Refuses further statements. */
  signal?: AbortSignal | undefined;
  /** Gives the module; for tests. */
  load?: () => Promise<{ DuckDBInstance: typeof DuckDBInstance }>;
}

const megabytesPerThread = 128;
/** More threads need more memory each and wait for the same disk. */
const maxThreads = 8;

/**
 * An in-memory DuckDB that reads given files and nothing else: no network, no extensions, no other files. What does not fit its memory goes to
 * a folder of its own under the folder for temporary files, which only this user may read and which goes with it.
 */
export class Engine {
  readonly temporaryFolder: string;
  readonly #instance: DuckDBInstance;
  readonly #connections = new Set<DuckDBConnection>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #removeAtExit: () => void;
  readonly #signal: AbortSignal | undefined;
  #main: DuckDBConnection | undefined;
  #closing: Promise<void> | undefined;

  private constructor(instance: DuckDBInstance, temporaryFolder: string, signal: AbortSignal | undefined) {
    this.#instance = instance;
    this.#signal = signal;
    this.temporaryFolder = temporaryFolder;
    this.#removeAtExit = () => rmSync(temporaryFolder, { recursive: true, force: true });
    process.once('exit', this.#removeAtExit);
  }

  /** @throws ClmbrError `ADDON_UNAVAILABLE` where DuckDB is not installed, `INVALID_INPUT`, `FILE_UNREADABLE` */
  static async open({ database, files = [], folders = [], signal, load }: EngineOptions): Promise<Engine> {
    const { DuckDBInstance } = await (load ?? (() => import('@duckdb/node-api')))().catch((cause: unknown) => {
      throw missingDuckdb(cause);
    });
    const threads = Math.min(availableParallelism(), maxThreads);
    const temporaryFolder = await mkdtemp(join(tmpdir(), 'clmbr-omop-')).catch((cause: unknown) => {
      throw noTemporaryFolder(cause);
    });
    try {
      const instance = await DuckDBInstance.create(':memory:', {
        threads: String(threads),
        memory_limit: `${Math.max(512, threads * megabytesPerThread)}MB`,
        temp_directory: temporaryFolder,
        preserve_insertion_order: 'false',
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
        allow_community_extensions: 'false',
      });
      const engine = new Engine(instance, temporaryFolder, signal);
      try {
        await engine.#lockDown(database, files, folders);
        return engine;
      } catch (error) {
        await engine.close();
        throw error;
      }
    } catch (error) {
      await rm(temporaryFolder, { recursive: true, force: true });
      throw error;
    }
  }

  async #lockDown(database: string | undefined, files: readonly string[], folders: readonly string[]): Promise<void> {
    await this.run(`SET TimeZone = 'UTC'`);
    if (database !== undefined) await this.run(`ATTACH ${literal(database)} AS source (READ_ONLY)`, database);
    // What a reader is given, and what it opens then.
    await this.run(`SET allowed_paths = ${list([...files, ...files.map(pattern)])}`);
    await this.run(`SET allowed_directories = ${list([...folders, this.temporaryFolder])}`);
    await this.run('SET enable_external_access = false');
    await this.run('SET lock_configuration = true');
  }

  /**
   * Runs a statement and gives its rows. All statements share one connection, so that they see its temporary tables.
   *
   * @param what the file or table that it reads, for messages
   */
  async run(sql: string, what = 'the OMOP tables'): Promise<Row[]> {
    this.#assertOpen();
    this.#main ??= await this.#connect();
    const connection = this.#main;
    return this.#track(
      connection.runAndReadAll(sql).then((reader) => reader.getRows()),
      what,
    );
  }

  /** Runs a query and gives its result piece by piece. What it holds is given back when the caller stops. */
  async *stream(sql: string, what = 'the OMOP tables'): AsyncGenerator<DuckDBDataChunk, void, undefined> {
    const connection = await this.#connect();
    try {
      const result: DuckDBResult = await this.#track(connection.stream(sql), what);
      for (;;) {
        const chunk = await this.#track(result.fetchChunk(), what);
        if (chunk === null || chunk.rowCount === 0) return;
        yield chunk;
      }
    } finally {
      if (this.#connections.delete(connection)) connection.closeSync();
    }
  }

  /** Makes what runs now fail. */
  interrupt(): void {
    for (const connection of this.#connections) connection.interrupt();
  }

  /** Interrupts what runs and removes the temporary folder. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    process.removeListener('exit', this.#removeAtExit);
    this.interrupt();
    // Memory that a thread still works on must not be freed under it.
    await Promise.allSettled(this.#running);
    for (const connection of this.#connections) connection.closeSync();
    this.#connections.clear();
    this.#instance.closeSync();
    await rm(this.temporaryFolder, { recursive: true, force: true });
  }

  async #connect(): Promise<DuckDBConnection> {
    this.#assertOpen();
    const connection = await this.#instance.connect();
    this.#connections.add(connection);
    // Unlike the main database, one that is attached may be compressed, which leaves a third to be put aside.
    await this.#track(connection.run(`ATTACH IF NOT EXISTS ':memory:' AS stage (COMPRESS)`), 'stage');
    await this.#track(connection.run('USE stage'), 'stage');
    return connection;
  }

  async #track<T>(action: Promise<T>, what: string): Promise<T> {
    this.#running.add(action);
    try {
      return await action;
    } catch (cause) {
      throw explainFailure(cause, what, this.temporaryFolder);
    } finally {
      this.#running.delete(action);
    }
  }

  #assertOpen(): void {
    this.#signal?.throwIfAborted();
    if (this.#closing !== undefined) throw new ClmbrError('DISPOSED', 'The OMOP reader was closed.');
  }
}
