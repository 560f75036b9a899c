import { ClmbrError } from '../errors.ts';
import { fromNative, isAbort } from '../native/index.ts';
import type { NativeJob, NativeModel } from '../native/index.ts';
import { assemble, kindOf, tokensOf } from './assemble.ts';
import type { Window, WindowRequest } from './assemble.ts';
import { planPass } from './plan.ts';

interface Pending {
  request: WindowRequest;
  kind: string;
  /** Windows given to passes so far, and finished. */
  started: number;
  finished: number;
  served: number;
  settled: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

interface Share {
  pending: Pending;
  windows: readonly Window[];
}

/** Work that has the model for itself for a while: a history, or a step of generation. */
interface Task {
  work: (job: NativeJob) => Promise<void>;
  reject: (error: unknown) => void;
  signal: AbortSignal | undefined;
}

/**
 * All passes of one model: one native job at a time, filled from all calls that wait. Aborting a call takes its windows out; when nothing
 * of a running pass is wanted any more, the pass is cancelled.
 */
export class BatchQueue {
  readonly #model: NativeModel;
  readonly #createJob: () => NativeJob;
  readonly #maxBatchTokens: number;
  #pending: Pending[] = [];
  #tasks: Task[] = [];
  #running: { job: NativeJob; shares: Share[] } | undefined;
  #taskJob: NativeJob | undefined;
  #loop: Promise<void> | undefined;
  #closed = false;

  /** @param createJob of the addon that the model belongs to */
  constructor(model: NativeModel, createJob: () => NativeJob, maxBatchTokens: number) {
    this.#model = model;
    this.#createJob = createJob;
    this.#maxBatchTokens = maxBatchTokens;
  }

  /**
   * Runs every window of a request; resolves when all results are written.
   *
   * @throws `signal.reason` when aborted; ClmbrError DISPOSED, OUT_OF_MEMORY, DEVICE_UNAVAILABLE
   */
  async run(request: WindowRequest): Promise<void> {
    if (this.#closed) throw disposed();
    request.signal?.throwIfAborted();
    if (request.windows.length === 0) return;
    let onAbort: (() => void) | undefined;
    const done = new Promise<void>((resolve, reject) => {
      const pending: Pending = {
        request,
        kind: kindOf(request),
        started: 0,
        finished: 0,
        // A newcomer starts level with the least served, so it can neither starve others nor be starved.
        served: Math.min(...this.#pending.map((p) => p.served), Number.MAX_SAFE_INTEGER),
        settled: false,
        resolve,
        reject,
      };
      if (this.#pending.length === 0) pending.served = 0;
      onAbort = () => this.#drop(pending, request.signal!.reason);
      this.#pending.push(pending);
    });
    request.signal?.addEventListener('abort', onAbort!, { once: true });
    this.#loop ??= this.#work();
    try {
      await done;
    } finally {
      request.signal?.removeEventListener('abort', onAbort!);
    }
  }

  /**
   * Runs a piece of work that is no pass over windows. Such pieces and passes take turns.
   *
   * @throws `signal.reason` when aborted; ClmbrError DISPOSED, OUT_OF_MEMORY, DEVICE_UNAVAILABLE
   */
  async exclusive<T>(work: (model: NativeModel, job: NativeJob) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed) throw disposed();
    signal?.throwIfAborted();
    return new Promise<T>((resolve, reject) => {
      const task: Task = {
        work: async (job) => {
          signal?.removeEventListener('abort', leave);
          resolve(await work(this.#model, job));
        },
        reject,
        signal,
      };
      // Who waits need not wait for the pass that runs.
      const leave = (): void => {
        this.#tasks = this.#tasks.filter((other) => other !== task);
        reject(signal!.reason as Error);
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#tasks.push(task);
      this.#loop ??= this.#work();
    });
  }

  /** Refuses further work, ends what is under way with DISPOSED, and resolves when no thread uses the model any more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const pending of [...this.#pending]) this.#drop(pending, disposed());
    for (const task of this.#tasks.splice(0)) task.reject(disposed());
    this.#taskJob?.cancel();
    await this.#loop;
  }

  #drop(pending: Pending, reason: unknown): void {
    if (pending.settled) return;
    this.#settle(pending, () => pending.reject(reason));
    if (this.#running?.shares.every((share) => share.pending.settled)) this.#running.job.cancel();
  }

  #settle(pending: Pending, settle: () => void): void {
    pending.settled = true;
    this.#pending = this.#pending.filter((other) => other !== pending);
    settle();
  }

  async #work(): Promise<void> {
    // One turn of the event loop, so that calls made together share the first pass.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0 || this.#tasks.length > 0) {
      const task = this.#tasks.shift();
      if (task !== undefined) await this.#runTask(task);
      if (this.#pending.length > 0) await this.#pass();
    }
    this.#loop = undefined;
  }

  async #runTask({ work, reject, signal }: Task): Promise<void> {
    const job = this.#createJob();
    const cancel = (): void => job.cancel();
    this.#taskJob = job;
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', cancel, { once: true });
      await work(job);
    } catch (error) {
      if (signal?.aborted) reject(signal.reason);
      else reject(isAbort(error) ? disposed() : fromNative(error));
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#taskJob = undefined;
    }
  }

  async #pass(): Promise<void> {
    const shares = this.#take();
    const job = this.#createJob();
    this.#running = { job, shares };
    try {
      await this.#model.run(
        assemble(shares.map(({ pending, windows }) => ({ request: pending.request, windows }))),
        job,
      );
      for (const share of shares) this.#finish(share);
    } catch (error) {
      if (isAbort(error) && shares.every((share) => share.pending.settled)) return;
      for (const { pending } of shares)
        if (!pending.settled) this.#settle(pending, () => pending.reject(fromNative(error)));
    } finally {
      this.#running = undefined;
    }
  }

  #take(): Share[] {
    const waiting = this.#pending.map((pending) => ({
      kind: pending.kind,
      served: pending.served,
      length: (i: number) => pending.request.windows[pending.started + i]?.ids.length,
    }));
    const counts = planPass(waiting, this.#maxBatchTokens);
    const shares: Share[] = [];
    for (const [i, pending] of this.#pending.entries()) {
      if (counts[i] === 0) continue;
      const windows = pending.request.windows.slice(pending.started, pending.started + counts[i]!);
      pending.started += windows.length;
      pending.served += tokensOf(windows);
      shares.push({ pending, windows });
    }
    return shares;
  }

  #finish({ pending, windows }: Share): void {
    if (pending.settled) return;
    pending.finished += windows.length;
    try {
      pending.request.onProgress?.(windows.length, tokensOf(windows));
    } catch (error) {
      // What the caller's own function throws ends the caller's own call.
      this.#settle(pending, () => pending.reject(error));
      return;
    }
    if (pending.finished === pending.request.windows.length) this.#settle(pending, () => pending.resolve());
  }
}

export function disposed(): ClmbrError {
  return new ClmbrError('DISPOSED', 'The model was disposed: load it again to go on.');
}
