import type { Writable } from 'node:stream';
import { checkMethods, checkOptions } from '../options.ts';
import { jsonLines } from './json-rows.ts';
import { checkOutputSettings } from './metadata.ts';
import type { OutputMetadata } from './metadata.ts';
import type { RowSource } from './row-source.ts';
import { checkRows } from './rows.ts';
import type { LabelName, OutputRows, RowWriter, WrittenFile } from './rows.ts';
import { writeFile } from './target.ts';
import type { Target } from './target.ts';

/** Name of the file beside `x.jsonl` that holds its metadata. */
export function jsonlMetadataPath(path: string): string {
  return `${path}.meta.json`;
}

/** Writes rows as JSON Lines in the order of the output, each with its number, and the metadata, with the number of rows,
 * as `x.jsonl.meta.json` beside them. */
export async function writeJsonl(source: RowSource, target: Target): Promise<WrittenFile> {
  const { metadata, label, rowNumbers = true } = target.settings;
  let bytes = 0;
  await writeFile(target, target.path, undefined, async (file) => {
    for await (const batch of source.batches()) {
      target.signal?.throwIfAborted();
      for (const text of jsonLines(batch, rowNumbers ? batch.positions : undefined, label))
        await file.write(Buffer.from(text));
    }
    ({ bytes } = file);
    if (metadata !== undefined) await writeJsonlMetadata(target, { ...metadata, rows: source.summary.rows });
  });
  return { rows: source.summary.rows, bytes };
}

export async function writeJsonlMetadata(target: Target, metadata: OutputMetadata): Promise<void> {
  const text = Buffer.from(`${JSON.stringify(metadata, null, 2)}\n`);
  await writeFile(target, jsonlMetadataPath(target.path), text.length, (file) => file.write(text));
}

/**
 * Writes rows as JSON Lines to a stream in the order in which they come, each with its number where it is told. Times are ISO 8601 in UTC with
 * microseconds, or null; every number has the fewest digits that give back the float32.
 */
export class JsonlStream implements RowWriter {
  readonly #stream: Writable;
  readonly #label: LabelName | undefined;
  #rows = 0;
  #bytes = 0;

  /** @param stream is not ended; writing rejects with its error, such as `EPIPE` when nobody reads any more */
  constructor(stream: Writable, options: { label?: LabelName | undefined } = {}) {
    this.#stream = checkMethods<Writable>(stream, 'stream', 'a stream to write to', 'write');
    this.#label = checkOutputSettings(checkOptions(options, 'options', ['label'])).label;
  }

  async append(rows: OutputRows, positions?: readonly number[]): Promise<void> {
    checkRows(rows);
    for (const text of jsonLines(rows, positions, this.#label)) {
      this.#bytes += Buffer.byteLength(text);
      await writeTo(this.#stream, text);
    }
    this.#rows += rows.rows.length;
  }

  commit(signal?: AbortSignal): Promise<WrittenFile> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    return Promise.resolve({ rows: this.#rows, bytes: this.#bytes });
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }
}

/** Resolves when the stream has taken the text: a slow reader slows the writer. */
function writeTo(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
