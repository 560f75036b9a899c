import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import { ClmbrError } from '../errors.ts';

const reasons: Record<string, string> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of its path is not a folder',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links go round in a circle',
  ENAMETOOLONG: 'the path is too long',
  EMFILE: 'too many files are open',
};

/** A `FILE_UNREADABLE` error from what the operating system said. */
export function unreadable(path: string, cause: unknown): ClmbrError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const reason = reasons[code] ?? (cause as Error).message;
  return new ClmbrError('FILE_UNREADABLE', `Cannot read ${path}: ${reason}.`, {
    cause,
    details: { path, reason: code },
  });
}

/**
 * A regular file opened for reading at given positions. It remembers size and modification time as they were when it was
 * opened, so that a file that is changed meanwhile is noticed instead of misread.
 */
export class InputFile {
  readonly path: string;
  /** In bytes, when it was opened. */
  readonly size: number;
  readonly modifiedNs: bigint;
  /** When the system last noted a change of it; unlike `modifiedNs` nobody can set it. */
  readonly changedNs: bigint;
  readonly #handle: FileHandle;

  private constructor(path: string, status: BigIntStats, handle: FileHandle) {
    this.path = path;
    this.size = Number(status.size);
    this.modifiedNs = status.mtimeNs;
    this.changedNs = status.ctimeNs;
    this.#handle = handle;
  }

  /** @throws ClmbrError `FILE_UNREADABLE` when it is missing, may not be read, or is not a regular file. */
  static async open(path: string): Promise<InputFile> {
    let handle: FileHandle | undefined;
    try {
      // Asked before opening: opening a FIFO waits for a writer that may never come.
      const before = await stat(path);
      if (before.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
      if (!before.isFile()) throw new Error('it is not a regular file');
      handle = await open(path, 'r');
      const status = await handle.stat({ bigint: true });
      if (!status.isFile()) throw new Error('it is not a regular file');
      return new InputFile(path, status, handle);
    } catch (cause) {
      await handle?.close();
      throw unreadable(path, cause);
    }
  }

  /** Fills `target` from `position`; the caller has checked the range against `size`. */
  async read(target: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < target.length) {
      let bytesRead: number;
      try {
        ({ bytesRead } = await this.#handle.read(target, done, target.length - done, position + done));
      } catch (cause) {
        throw unreadable(this.path, cause);
      }
      if (bytesRead === 0) {
        throw new ClmbrError(
          'FILE_UNREADABLE',
          `${this.path} became shorter while it was read: expected ${this.size} bytes, it ends at ${position + done}.`,
          { details: { path: this.path, expected: this.size, found: position + done } },
        );
      }
      done += bytesRead;
    }
  }

  /** The first bytes, at most `length` of them. */
  async head(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.min(length, this.size));
    await this.read(bytes, 0);
    return bytes;
  }

  /** @throws ClmbrError `FILE_UNREADABLE` when the file is not the one that was opened any more. */
  async assertUnchanged(): Promise<void> {
    const status = await this.#handle.stat({ bigint: true });
    if (Number(status.size) !== this.size || status.mtimeNs !== this.modifiedNs) {
      throw new ClmbrError(
        'FILE_UNREADABLE',
        `${this.path} was changed while it was read; run again when it is complete.`,
        {
          details: { path: this.path },
        },
      );
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/**
 * Reads a whole file of bounded size.
 *
 * @throws ClmbrError `FILE_UNREADABLE`, also when it is longer than `limit` bytes.
 */
export async function readWholeFile(path: string, limit: number): Promise<Buffer<ArrayBuffer>> {
  const file = await InputFile.open(path);
  try {
    if (file.size > limit) {
      throw new ClmbrError('FILE_UNREADABLE', `${path} has ${file.size} bytes, expected at most ${limit}.`, {
        details: { path, expected: limit, found: file.size },
      });
    }
    const bytes = Buffer.alloc(file.size);
    await file.read(bytes, 0);
    return bytes;
  } finally {
    await file.close();
  }
}
