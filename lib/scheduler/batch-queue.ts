import { ClmbrError } from '../errors.ts';
import { addon, fromNative, isAbort } from '../native/index.ts';
import type {
  NativeBatch,
  NativeDestination,
  NativeJob,
  NativeModel,
  NativePooling,
  NativeRepresentation,
} from '../native/index.ts';
import { planPass } from './plan.ts';

/** Results that one pass over a window gives: rows of destinations for ranges of its tokens. */
export interface Window {
  ids: Int32Array;
  /** Four numbers an output: first token in the window, end, destination of the request, row in it. Ascending by first token, then end. */
  outputs: Int32Array;
}

/** Windows of one call that run under the same settings. */
export interface WindowRequest {
  windows: readonly Window[];
  destinations: readonly NativeDestination[];
  pooling: NativePooling;
  representation: NativeRepresentation;
  /** Entries of 'top'; 0 otherwise. */
  top: number;
  signal?: AbortSignal | undefined;
  /** Called after each pass with the windows and tokens that it finished. */
  onProgress?: ((windows: number, tokens: number) => void) | undefined;
}

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

/**
 * All passes of one model: one native job at a time, filled from all calls that wait. Aborting a call takes its windows out; when nothing
 * of a running pass is wanted any more, the pass is cancelled.
 */
export class BatchQueue {
  readonly #model: NativeModel;
  readonly #maxBatchTokens: number;
  #pending: Pending[] = [];
  #running: { job: NativeJob; shares: Share[] } | undefined;
  #loop: Promise<void> | undefined;
  #closed = false;

  constructor(model: NativeModel, maxBatchTokens: number) {
    this.#model = model;
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
        kind: `${request.pooling} ${request.representation} ${request.top}`,
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

  /** Refuses further work, ends what is under way with DISPOSED, and resolves when no thread uses the model any more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const pending of [...this.#pending]) this.#drop(pending, disposed());
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
    while (this.#pending.length > 0) await this.#pass();
    this.#loop = undefined;
  }

  async #pass(): Promise<void> {
    const shares = this.#take();
    const job = new (addon().Job)();
    this.#running = { job, shares };
    try {
      await this.#model.run(assemble(shares), job);
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

function tokensOf(windows: readonly Window[]): number {
  return windows.reduce((sum, window) => sum + window.ids.length, 0);
}

/** Packs the windows of a pass end to end. */
function assemble(shares: readonly Share[]): NativeBatch {
  const windows = shares.flatMap((share) => share.windows);
  const tokens = new Int32Array(tokensOf(windows));
  const lengths = Int32Array.from(windows, (window) => window.ids.length);
  const outputs = new Int32Array(windows.reduce((sum, window) => sum + window.outputs.length, 0));
  const destinations: NativeDestination[] = [];
  let token = 0;
  let at = 0;
  for (const share of shares) {
    for (const window of share.windows) {
      tokens.set(window.ids, token);
      for (let i = 0; i < window.outputs.length; i += 4, at += 4) {
        outputs[at] = token + window.outputs[i]!;
        outputs[at + 1] = token + window.outputs[i + 1]!;
        outputs[at + 2] = destinations.length + window.outputs[i + 2]!;
        outputs[at + 3] = window.outputs[i + 3]!;
      }
      token += window.ids.length;
    }
    destinations.push(...share.pending.request.destinations);
  }
  const { pooling, representation, top } = shares[0]!.pending.request;
  return { tokens, lengths, outputs, pooling, representation, top, destinations };
}

export function disposed(): ClmbrError {
  return new ClmbrError('DISPOSED', 'The model was disposed: load it again to go on.');
}
