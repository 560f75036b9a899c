import { createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { link, lstat, open, rename, statfs, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ClmbrError } from '../errors.ts';

export interface AtomicWriteOptions {
  /** Replace a file that is there already; otherwise it is a `TARGET_EXISTS` error. Default false. */
  overwrite?: boolean;
  /** `private`: only the owner may read the file (0600, for patients' data). `shared`: as the umask says. Default private. */
  access?: 'private' | 'shared';
  /** Size of the finished file where it is known: a disk without the room is then noticed before anything is written. */
  expectedBytes?: number;
  /** Where the file lies until it is complete: a folder of the target's own file system. Default: the target's. */
  folder?: string | undefined;
}

function failure(target: string, cause: unknown): ClmbrError {
  if (cause instanceof ClmbrError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const reason =
    code === 'ENOSPC' ? 'the disk is full' : code === 'ENOENT' ? 'the folder does not exist' : (cause as Error).message;
  return new ClmbrError('WRITE_FAILED', `Cannot write ${target}: ${reason}.`, {
    cause,
    details: { path: target, reason: code },
  });
}

function targetExists(target: string): ClmbrError {
  return new ClmbrError('TARGET_EXISTS', `${target} exists already; ask for overwriting or choose another name.`, {
    details: { path: target },
  });
}

/** Refuses a target that is there already (unless it may be replaced) or that is not a file. */
export async function assertWritableTarget(target: string, overwrite: boolean): Promise<void> {
  const found = await lstat(target).catch(() => null);
  if (found === null) return;
  if (found.isDirectory())
    throw new ClmbrError('WRITE_FAILED', `Cannot write ${target}: it is a folder.`, { details: { path: target } });
  // A link is replaced itself. Nobody who names a pipe or a device wants a file there instead, and nobody gets what is written.
  if (!found.isFile() && !found.isSymbolicLink())
    throw new ClmbrError('WRITE_FAILED', `Cannot write ${target}: it is not a regular file.`, {
      details: { path: target },
    });
  if (!overwrite) throw targetExists(target);
}

/** Errors of file systems without hard links. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK']);

/**
 * Writes a file so that its name appears only with its whole content: into `.NAME.RANDOM.partial` beside it (or in `folder`), flushed to the
 * disk, and then given its name in one step. A process that is killed leaves at most that partial file.
 */
export class AtomicFile {
  readonly target: string;
  readonly temporary: string;
  readonly #handle: FileHandle;
  readonly #overwrite: boolean;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #open = true;

  private constructor(target: string, temporary: string, handle: FileHandle, options: AtomicWriteOptions) {
    this.target = target;
    this.temporary = temporary;
    this.#handle = handle;
    this.#overwrite = options.overwrite ?? false;
  }

  /** @throws ClmbrError `TARGET_EXISTS`, `WRITE_FAILED`. */
  static async create(target: string, options: AtomicWriteOptions = {}): Promise<AtomicFile> {
    await assertWritableTarget(target, options.overwrite ?? false);
    const folder = options.folder ?? dirname(target);
    try {
      if (options.expectedBytes !== undefined) await assertRoom(target, folder, options.expectedBytes);
      const mode = options.access === 'shared' ? 0o666 : 0o600;
      const temporary = join(folder, `.${basename(target)}.${randomBytes(6).toString('hex')}.partial`);
      return new AtomicFile(target, temporary, await open(temporary, 'wx', mode), options);
    } catch (cause) {
      throw failure(target, cause);
    }
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done);
        done += bytesWritten;
      }
    } catch (cause) {
      throw failure(this.target, cause);
    }
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Gives the file its name. Resolves to the SHA-256 (hexadecimal) and size of what was written. */
  async commit(): Promise<{ bytes: number; sha256: string }> {
    try {
      await this.#handle.sync();
      this.#open = false;
      await this.#handle.close();
      await this.#publish();
      await syncFolder(dirname(this.target));
    } catch (cause) {
      await this.discard();
      throw failure(this.target, cause);
    }
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async #publish(): Promise<void> {
    if (this.#overwrite) {
      await rename(this.temporary, this.target);
      return;
    }
    try {
      // A hard link fails where the name is taken, which rename() does not.
      await link(this.temporary, this.target);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? '';
      if (code === 'EEXIST') throw targetExists(this.target);
      if (!noLinks.has(code)) throw cause;
      await assertWritableTarget(this.target, false);
      await rename(this.temporary, this.target);
      return;
    }
    await unlink(this.temporary).catch(() => undefined);
  }

  /** Removes what was written. Does nothing after a successful {@link commit}. */
  async discard(): Promise<void> {
    if (this.#open) {
      this.#open = false;
      await this.#handle.close().catch(() => undefined);
    }
    await unlink(this.temporary).catch(() => undefined);
  }
}

async function assertRoom(target: string, folder: string, needed: number): Promise<void> {
  const status = await statfs(folder);
  const free = status.bavail * status.bsize;
  // Some network file systems report no blocks at all; they get the benefit of the doubt.
  if (status.blocks === 0 || free >= needed) return;
  throw new ClmbrError(
    'WRITE_FAILED',
    `Cannot write ${target}: it needs ${needed} bytes and the disk has ${free} free.`,
    {
      details: { path: target, expected: needed, found: free },
    },
  );
}

async function syncFolder(folder: string): Promise<void> {
  // Not possible on Windows, where the rename is durable by itself.
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
