import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClmbrError } from '../../errors.ts';

/** Longest text that waits for a partition before it is written. */
const chunkLength = 64 * 1024;

/**
 * Lines that are put apart by a hash of their key, on the disk, to be read back one part at a time. One file in the folder for temporary files
 * holds all parts; it loses its name at once, so that nothing is left of it however the process ends, and only its owner may read it.
 */
export class PartitionSpool {
  readonly #handle: FileHandle;
  readonly #folder: string;
  readonly #pending: string[];
  /** Per partition: where its pieces lie in the file. */
  readonly #pieces: { offset: number; length: number }[][];
  #bytes = 0;

  private constructor(handle: FileHandle, folder: string, partitions: number) {
    this.#handle = handle;
    this.#folder = folder;
    this.#pending = new Array<string>(partitions).fill('');
    this.#pieces = Array.from({ length: partitions }, () => []);
  }

  static async create(partitions: number): Promise<PartitionSpool> {
    const folder = await mkdtemp(join(tmpdir(), 'clmbr-')).catch(fail);
    const path = join(folder, randomBytes(6).toString('hex'));
    const handle = await open(path, 'wx+', 0o600).catch(fail);
    // Where the name of an open file stays, it goes when the spool is closed.
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    return new PartitionSpool(handle, folder, partitions);
  }

  get partitions(): number {
    return this.#pieces.length;
  }

  /** `line` has no line feed in it. Await what comes back, if anything does. */
  add(key: string, line: string): Promise<void> | undefined {
    const partition = this.#pieces.length === 1 ? 0 : hashOf(key) % this.#pieces.length;
    const pending = `${this.#pending[partition]}${line}\n`;
    this.#pending[partition] = pending;
    return pending.length >= chunkLength ? this.#flush(partition) : undefined;
  }

  /** The lines of a partition in the order in which they came. */
  async *lines(partition: number): AsyncGenerator<string, void, undefined> {
    for (const { offset, length } of this.#pieces[partition]!) {
      const bytes = Buffer.alloc(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await this.#handle.read(bytes, done, length - done, offset + done).catch(fail);
        if (bytesRead === 0) throw new ClmbrError('INTERNAL', 'The temporary file became shorter while it was read.');
        done += bytesRead;
      }
      yield* split(bytes.toString('utf8'));
    }
    yield* split(this.#pending[partition]!);
  }

  /** May be called twice. */
  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#folder, { recursive: true, force: true }).catch(() => undefined);
  }

  async #flush(partition: number): Promise<void> {
    const bytes = Buffer.from(this.#pending[partition]!);
    this.#pending[partition] = '';
    this.#pieces[partition]!.push({ offset: this.#bytes, length: bytes.length });
    const start = this.#bytes;
    this.#bytes += bytes.length;
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, start + done).catch(fail);
      done += bytesWritten;
    }
  }
}

function* split(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const to = text.indexOf('\n', from);
    yield text.slice(from, to);
    from = to + 1;
  }
}

/** FNV-1a, then mixed: the same on every machine, so that the order of patients is. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function fail(cause: unknown): never {
  const reason = (cause as NodeJS.ErrnoException).code === 'ENOSPC' ? 'the disk is full' : (cause as Error).message;
  throw new ClmbrError('WRITE_FAILED', `Cannot use a temporary file in ${tmpdir()}: ${reason}.`, { cause });
}
