import { CoverageCounter } from '../coverage.ts';
import { checkAsyncIterable } from '../options.ts';
import { disposed } from '../scheduler/index.ts';
import type { WindowStream } from '../scheduler/index.ts';
import type { Patient } from '../types.ts';
import { embedThrough, openStream } from './embed.ts';
import type { EmbedResult } from './embed.ts';
import type { CheckedEmbedOptions } from './options.ts';
import type { Session } from './session.ts';
import { stoppable } from './stoppable.ts';

/** Bounds of what is held at a time. */
const chunkPatients = 256;
const chunkEvents = 65_536;

/** Milliseconds for which the end of a stream waits for a source that is reading: it may be silent for ever. */
const patience = 1000;

/**
 * Vectors of any number of patients in input order, in chunks. Two chunks are held at most: while one is consumed or computed, the next
 * is read, and no further one before the caller asks. Its end waits neither for what was begun ahead nor for a source that is silent.
 */
export function streamEmbeddings(
  session: Session,
  patients: AsyncIterable<Patient> | Iterable<Patient>,
  options: CheckedEmbedOptions,
): AsyncGenerator<EmbedResult, void, undefined> {
  return stoppable((stop) => run(session, patients, options, stop), options.signal);
}

async function* run(
  session: Session,
  patients: AsyncIterable<Patient> | Iterable<Patient>,
  options: CheckedEmbedOptions,
  stop: AbortController,
): AsyncGenerator<EmbedResult, void, undefined> {
  const coverage = new CoverageCounter();
  const { signal } = stop;
  // The model's end is heard too while the source is silent.
  const held = { dispose: (): void => stop.abort(disposed()) };
  const open = new WeakRef(held);
  session.open.add(open);
  const chunks = chunksOf(patients);
  let windows: WindowStream | undefined;
  let next: Promise<EmbedResult | undefined> | undefined;
  let index = 0;
  const advance = async (): Promise<EmbedResult | undefined> => {
    signal.throwIfAborted();
    const { value } = await unlessAborted(chunks.next(), signal);
    if (value === undefined) return undefined;
    const first = index;
    index += value.length;
    windows ??= openStream(session, { ...options, signal });
    return embedThrough(windows, session, value, { ...options, signal }, coverage, first);
  };
  try {
    next = advance();
    for (;;) {
      const result = await next;
      if (result === undefined) return;
      next = advance();
      // Whoever consumes `result` may never come back: a failure of the chunk ahead must not go unhandled.
      next.catch(() => undefined);
      yield result;
    }
  } finally {
    session.open.delete(open);
    // What is begun ahead ends. Not `stop.abort()`: what is not used here any more may be collected while the stream lives.
    held.dispose();
    await next?.catch(() => undefined);
    windows?.close();
    const released = chunks.return(undefined);
    released.catch(() => undefined);
    // Whoever aborts does not wait at all: the source is released when it answers.
    if (options.signal?.aborted !== true) await within(patience, released);
  }
}

/** Waits for a promise, but not for longer than so many milliseconds. */
async function within(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  try {
    await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects with the signal's reason as soon as it is aborted, whatever becomes of the promise. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function* chunksOf(
  patients: AsyncIterable<Patient> | Iterable<Patient>,
): AsyncGenerator<Patient[], undefined, undefined> {
  let chunk: Patient[] = [];
  let events = 0;
  for await (const patient of patients) {
    chunk.push(patient);
    events += sizeOf(patient);
    if (chunk.length < chunkPatients && events < chunkEvents) continue;
    yield chunk;
    chunk = [];
    events = 0;
  }
  if (chunk.length > 0) yield chunk;
  return undefined;
}

/** Events or token ids, roughly: what is no patient at all is refused later, with its index. */
function sizeOf(patient: Patient): number {
  try {
    const { events, ids } = patient as { events?: unknown; ids?: unknown };
    const list: unknown = 'length' in Object(patient) ? patient : (events ?? ids);
    const length = (list as { length?: unknown } | null | undefined)?.length;
    return typeof length === 'number' ? length : 0;
  } catch {
    return 0;
  }
}

export function checkIterable(patients: unknown): AsyncIterable<Patient> | Iterable<Patient> {
  return checkAsyncIterable<Patient>(patients, 'patients');
}
