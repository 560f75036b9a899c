import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readlinkSync, rmSync, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { link, open, readFile, rename, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClmbrError } from '../errors.ts';
import { writeFailure } from '../output/failure.ts';

/** How often the holder of a lock shows that it is there, how often others look, and after which silence it counts as gone, in milliseconds. */
export const lockTimes = { beat: 5000, look: 500, silence: 30_000 };

/** Processes see each other by number on one machine, within one container. */
const machine = [hostname(), processNamespace()].join(' ');

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/**
 * Keeps two processes off one run: a file beside its folder, made by whoever comes first, which writes into it every few seconds. Whoever comes
 * later takes it over when that process is gone: when it ran on the same machine and is not there any more, or has written nothing for half a
 * minute (it ran on a machine that is gone, or in another container).
 */
export class RunLock {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #key: string;
  readonly #timer: NodeJS.Timeout;
  #beats = 0;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(path: string, handle: FileHandle, key: string) {
    this.#path = path;
    this.#handle = handle;
    this.#key = key;
    this.#timer = setInterval(() => {
      this.#writing = this.#beat();
    }, lockTimes.beat).unref();
  }

  /**
   * @param path of the file
   * @throws ClmbrError `RUN_EXISTS` while another process has it, `WRITE_FAILED`; rejects with the signal's reason
   */
  static async take(target: string, path: string, signal?: AbortSignal): Promise<RunLock> {
    const key = randomBytes(8).toString('hex');
    for (;;) {
      signal?.throwIfAborted();
      if (make(target, path, textWith(key, 0))) {
        const handle = await open(path, 'r+').catch((cause: unknown) => Promise.reject(writeFailure(target, cause)));
        return new RunLock(path, handle, key);
      }
      const left = await whatIsLeft(path, signal);
      if (left === 'busy') throw busy(target, path);
      if (left !== 'nothing') await removeLeft(path, left.text);
    }
  }

  /** False where another process took this one for gone. */
  async isHeld(): Promise<boolean> {
    return ((await textOf(this.#path)) ?? '').includes(this.#key);
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    if (await this.isHeld()) await unlink(this.#path).catch(() => undefined);
    await this.#handle.close().catch(() => undefined);
  }

  async #beat(): Promise<void> {
    await this.#handle.write(textWith(this.#key, ++this.#beats), 0).catch(() => undefined);
    await this.#handle.datasync().catch(() => undefined);
  }
}

/** Of the same length each time, so that a full disk has room for it. */
function textWith(key: string, beat: number): string {
  return `${JSON.stringify({ machine, pid: process.pid, key, beat: String(beat).padStart(12) })}\n`;
}

/** False where it is there. At one go: a process that is killed in between leaves a lock that says nothing. */
function make(target: string, path: string, text: string): boolean {
  let isMade = false;
  try {
    const file = openSync(path, 'wx', 0o600);
    isMade = true;
    try {
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
    return true;
  } catch (cause) {
    if (isMade) rmSync(path, { force: true });
    else if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw writeFailure(target, cause);
  }
}

/** Waits for a sign of life as long as needed. */
async function whatIsLeft(path: string, signal?: AbortSignal): Promise<'busy' | 'nothing' | { text: string }> {
  const text = await textOf(path);
  if (text === undefined) return 'nothing';
  if (isGone(text)) return { text };
  for (let waited = 0; waited < lockTimes.silence; waited += lockTimes.look) {
    await sleep(lockTimes.look, undefined, signal === undefined ? {} : { signal }).catch(() =>
      signal?.throwIfAborted(),
    );
    const now = await textOf(path);
    if (now === undefined) return 'nothing';
    if (now !== text) return 'busy';
  }
  return { text };
}

function isGone(text: string): boolean {
  try {
    const holder = JSON.parse(text) as { machine?: unknown; pid?: unknown } | null;
    if (holder?.machine !== machine || !Number.isSafeInteger(holder.pid)) return false;
    process.kill(holder.pid as number, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Where somebody else was faster it is their lock that was moved, and gets its name back. */
async function removeLeft(path: string, text: string): Promise<void> {
  const moved = `${path}.${randomBytes(6).toString('hex')}`;
  await rename(path, moved).catch(() => undefined);
  const found = await textOf(moved);
  if (found !== undefined && found !== text) await link(moved, path).catch(() => undefined);
  await unlink(moved).catch(() => undefined);
}

function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

function busy(target: string, lock: string): ClmbrError {
  return new ClmbrError(
    'RUN_EXISTS',
    `Another process is working on the run for ${target}; wait until it has ended, or choose another name.`,
    { details: { path: target, lock } },
  );
}
