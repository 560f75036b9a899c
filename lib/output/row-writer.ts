import { assertWritableOutput, writeOutput } from './format.ts';
import { checkOutputSettings } from './metadata.ts';
import type { OutputSettings } from './metadata.ts';
import { encodeRecords } from './record.ts';
import { RowIndex } from './row-index.ts';
import { orderedRows } from './row-source.ts';
import type { OutputRows, RowWriter, WrittenFile } from './rows.ts';
import { assertRowsFit, checkRows } from './rows.ts';
import { Spool } from './spool.ts';
import { addRows, emptySummary } from './summary.ts';

/**
 * A writer of a `.npz`, `.npy`, `.parquet` or `.jsonl` file. Rows are collected on the disk beside it (which needs the room twice) and put in
 * order at the end; memory does not grow with them.
 *
 * @throws ClmbrError `INVALID_ARGUMENT` for another name, `TARGET_EXISTS`, `WRITE_FAILED`
 */
export async function createRowWriter(path: string, given: OutputSettings = {}): Promise<RowWriter> {
  const settings = checkOutputSettings(given);
  await assertWritableOutput(path, settings.overwrite ?? false);
  const records = await Spool.create(path);
  try {
    return new SpooledRowWriter(path, settings, records, await RowIndex.create(path));
  } catch (error) {
    await records.close();
    throw error;
  }
}

class SpooledRowWriter implements RowWriter {
  readonly #path: string;
  readonly #settings: OutputSettings;
  readonly #records: Spool;
  readonly #index: RowIndex;
  readonly #summary = emptySummary();

  constructor(path: string, settings: OutputSettings, records: Spool, index: RowIndex) {
    this.#path = path;
    this.#settings = settings;
    this.#records = records;
    this.#index = index;
  }

  async append(rows: OutputRows, positions?: readonly number[]): Promise<void> {
    checkRows(rows);
    if (rows.rows.length === 0) return;
    assertRowsFit(rows, this.#summary.dimensions ?? undefined);
    const first = this.#records.bytes;
    const places = positions ?? rows.rows.map((_, i) => this.#summary.rows + i);
    for (const { bytes, places: written } of encodeRecords(rows, places)) {
      await this.#records.write(bytes);
      this.#index.add(written.map((place) => ({ ...place, file: 0, offset: first + place.offset })));
    }
    addRows(this.#summary, rows);
  }

  async commit(signal?: AbortSignal): Promise<WrittenFile> {
    try {
      await this.#records.flush();
      const files = { get: () => Promise.resolve(this.#records), trim: () => Promise.resolve() };
      const source = orderedRows(this.#index, files, this.#summary);
      return await writeOutput(source, { path: this.#path, settings: this.#settings, signal });
    } finally {
      await this.discard();
    }
  }

  async discard(): Promise<void> {
    await this.#records.close();
    await this.#index.close();
  }
}
