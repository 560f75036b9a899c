import type { Writable } from 'node:stream';
import { AtomicFile } from '../files/atomic-write.ts';
import type { OutputRow, OutputRows, RowWriter, WrittenFile } from './rows.ts';
import { float32Text, timeText } from './text.ts';

const pieceLength = 256 * 1024;

interface Target {
  write(text: string): Promise<void>;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Writes rows as JSON Lines: `{"patient", "time", "tokens", "truncated", "dropped", "representation": [numbers]}`. Times are ISO 8601 in UTC with
 * microseconds, or null; every number has the fewest digits that give back the float32.
 */
export class JsonlWriter implements RowWriter {
  readonly #target: Target;
  #rows = 0;
  #bytes = 0;

  private constructor(target: Target) {
    this.#target = target;
  }

  /** @throws ClmbrError `TARGET_EXISTS`, `WRITE_FAILED` */
  static async create(path: string, options: { overwrite?: boolean | undefined } = {}): Promise<JsonlWriter> {
    const file = await AtomicFile.create(path, { overwrite: options.overwrite, access: 'private' });
    return new JsonlWriter({
      write: (text) => file.write(Buffer.from(text)),
      commit: async () => void (await file.commit()),
      discard: () => file.discard(),
    });
  }

  /** Writes to a stream, which is not ended. Rejects with the stream's error, such as `EPIPE` when nobody reads any more. */
  static to(stream: Writable): JsonlWriter {
    const done = () => Promise.resolve();
    return new JsonlWriter({ write: (text) => writeTo(stream, text), commit: done, discard: done });
  }

  async append({ data, dimensions, rows }: OutputRows): Promise<void> {
    let text = '';
    for (const [i, row] of rows.entries()) {
      text += `${rowText(row, data.subarray(i * dimensions, (i + 1) * dimensions))}\n`;
      this.#rows++;
      if (text.length < pieceLength && i < rows.length - 1) continue;
      this.#bytes += Buffer.byteLength(text);
      await this.#target.write(text);
      text = '';
    }
  }

  /** @throws ClmbrError `TARGET_EXISTS`, `WRITE_FAILED`; rejects with `signal.reason` when aborted. */
  async commit(signal?: AbortSignal): Promise<WrittenFile> {
    signal?.throwIfAborted();
    await this.#target.commit();
    return { rows: this.#rows, bytes: this.#bytes };
  }

  discard(): Promise<void> {
    return this.#target.discard();
  }
}

function rowText({ patient, time, tokens, truncated, dropped }: OutputRow, vector: Float32Array): string {
  const id = typeof patient === 'string' ? JSON.stringify(patient) : String(patient);
  const when = time === null ? 'null' : `"${timeText(time)}"`;
  const numbers = Array.from(vector, float32Text).join(',');
  return `{"patient":${id},"time":${when},"tokens":${tokens},"truncated":${truncated},"dropped":${dropped},"representation":[${numbers}]}`;
}

/** Resolves when the stream has taken the text: a slow reader slows the writer. */
function writeTo(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
