import { ClmbrError } from '../errors.ts';
import { fromNative, isAbort } from '../native/index.ts';
import type { NativeJob, NativeModel } from '../native/index.ts';
import { assemble } from './assemble.ts';
import type { PassSettings, WindowRequest } from './assemble.ts';
import { planPass } from './plan.ts';
import { WindowStream } from './window-stream.ts';
import type { Share, StreamOwner } from './window-stream.ts';

/** A pass in the addon, or waiting there for the one before it. */
interface RunningPass {
  job: NativeJob;
  shares: readonly Share[];
  done: Promise<void>;
}

/** Work that has the model for itself for a while: a history, or a step of generation. */
interface Task {
  work: (job: NativeJob) => Promise<void>;
  reject: (error: unknown) => void;
  signal: AbortSignal | undefined;
}

/**
 * Passes that take less, in milliseconds, are followed by the next without asking JavaScript, which may be busy with reading patients for
 * some milliseconds. Longer ones would keep newcomers waiting, and lose nothing.
 */
const shortPass = 60;

/**
 * All passes of one model, one after the other, filled from all calls that wait. Aborting a call takes its windows out; when nothing of a
 * running pass is wanted any more, the pass is cancelled.
 */
export class BatchQueue {
  readonly #model: NativeModel;
  readonly #createJob: () => NativeJob;
  readonly #maxBatchTokens: number;
  /** Streams of which something waits or runs. */
  readonly #streams = new Set<WindowStream>();
  /** In the order in which they were started. */
  readonly #running: RunningPass[] = [];
  readonly #owner: StreamOwner;
  #tasks: Task[] = [];
  #taskJob: NativeJob | undefined;
  #loop: Promise<void> | undefined;
  #closed = false;
  /** How long the last pass took, and when it ended. */
  #lastPass = { took: Infinity, ended: 0 };

  /** @param createJob of the addon that the model belongs to */
  constructor(model: NativeModel, createJob: () => NativeJob, maxBatchTokens: number) {
    this.#model = model;
    this.#createJob = createJob;
    this.#maxBatchTokens = maxBatchTokens;
    this.#owner = {
      onAdd: (stream) => {
        if (this.#closed) throw disposed();
        this.#streams.add(stream);
        this.#loop ??= this.#work();
      },
      onIdle: (stream) => {
        this.#streams.delete(stream);
        for (const { job, shares } of this.#running) if (shares.every((share) => share.stream.isDropped)) job.cancel();
      },
    };
  }

  /**
   * Takes the windows of a call as they become known.
   *
   * @throws `signal.reason` when aborted; ClmbrError DISPOSED
   */
  open(settings: PassSettings): WindowStream {
    if (this.#closed) throw disposed();
    return new WindowStream(settings, this.#owner);
  }

  /**
   * Runs every window of a request; resolves when all results are written.
   *
   * @throws `signal.reason` when aborted; ClmbrError DISPOSED, OUT_OF_MEMORY, DEVICE_UNAVAILABLE
   */
  async run(request: WindowRequest): Promise<void> {
    const stream = this.open(request);
    try {
      await stream.add(request);
    } finally {
      stream.close();
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
    for (const stream of [...this.#streams]) stream.drop(disposed());
    for (const task of this.#tasks.splice(0)) task.reject(disposed());
    this.#taskJob?.cancel();
    await this.#loop;
  }

  async #work(): Promise<void> {
    // One turn of the event loop, so that calls made together share the first pass.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#streams.size + this.#tasks.length + this.#running.length > 0) {
      const task = this.#tasks.shift();
      if (task !== undefined) {
        while (this.#running.length > 0) await this.#running[0]!.done;
        await this.#runTask(task);
      }
      const isAhead = task === undefined && this.#tasks.length === 0 && this.#lastPass.took < shortPass;
      while (this.#running.length < (isAhead ? 2 : 1) && this.#startPass());
      await this.#running[0]?.done;
    }
    this.#loop = undefined;
  }

  async #runTask({ work, reject, signal }: Task): Promise<void> {
    const cancel = (): void => this.#taskJob?.cancel();
    try {
      const job = (this.#taskJob = this.#createJob());
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

  /** Whether there was anything to start. */
  #startPass(): boolean {
    const waiting = [...this.#streams].filter((stream) => stream.hasWaiting);
    if (waiting.length === 0) return false;
    const plan = planPass(waiting, this.#maxBatchTokens);
    const shares = waiting.flatMap((stream, i) => stream.take(plan[i]!));
    try {
      const pass: RunningPass = { job: this.#createJob(), shares, done: Promise.resolve() };
      this.#running.push(pass);
      pass.done = this.#run(pass);
    } catch (error) {
      for (const { stream } of shares) stream.drop(fromNative(error));
    }
    return true;
  }

  async #run(pass: RunningPass): Promise<void> {
    const { job, shares } = pass;
    const started = performance.now();
    try {
      const packed = shares.map(({ group: { group }, windows }) => ({ destinations: group.destinations, windows }));
      await this.#model.run(assemble(shares[0]!.stream.settings, packed), job);
      const ended = performance.now();
      this.#lastPass = { took: ended - Math.max(started, this.#lastPass.ended), ended };
      for (const { stream, group, windows } of shares) stream.finish(group, windows);
    } catch (error) {
      const reason = isAbort(error) ? disposed() : fromNative(error);
      for (const { stream } of shares) stream.drop(reason);
    } finally {
      this.#running.splice(this.#running.indexOf(pass), 1);
    }
  }
}

export function disposed(): ClmbrError {
  return new ClmbrError('DISPOSED', 'The model was disposed: load it again to go on.');
}
