import { kindOf, tokensOf } from './assemble.ts';
import type { PassSettings, Window, WindowGroup } from './assemble.ts';
import type { WaitingRequest } from './plan.ts';
import { WaitingWindows } from './waiting-windows.ts';
import type { Portion } from './waiting-windows.ts';

const closed = new Error('The stream of windows was closed.');

/** A group of windows whose results somebody awaits. */
interface Awaited {
  group: WindowGroup;
  /** Windows that have not finished. */
  left: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Windows of a pass that belong together. */
export interface Share extends Portion<Awaited> {
  stream: WindowStream;
}

/** What a stream tells its queue. */
export interface StreamOwner {
  /** Windows wait. @throws when the queue takes none any more */
  onAdd(stream: WindowStream): void;
  /** Nothing of the stream waits or runs any more, or it was dropped. */
  onIdle(stream: WindowStream): void;
}

/** The windows of one call on their way through the queue, in groups that finish one by one. Further groups may be added at any time. */
export class WindowStream implements WaitingRequest {
  readonly settings: PassSettings;
  readonly kind: string;
  waited = 0;
  served = 0;
  readonly #owner: StreamOwner;
  readonly #waiting = new WaitingWindows<Awaited>();
  readonly #awaited = new Set<Awaited>();
  readonly #onAbort: () => void;
  #failure: { reason: unknown } | undefined;

  /** @throws `signal.reason` when aborted */
  constructor(settings: PassSettings, owner: StreamOwner) {
    settings.signal?.throwIfAborted();
    this.settings = settings;
    this.kind = kindOf(settings);
    this.#owner = owner;
    this.#onAbort = () => this.drop(settings.signal!.reason);
    settings.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * Runs the windows of a group; resolves when all its results are written.
   *
   * @throws `signal.reason` when aborted; ClmbrError DISPOSED, OUT_OF_MEMORY, DEVICE_UNAVAILABLE
   */
  async add(group: WindowGroup): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.reason;
    if (group.windows.length === 0) return;
    const done = new Promise<void>((resolve, reject) => {
      const awaited = { group, left: group.windows.length, resolve, reject };
      this.#awaited.add(awaited);
      this.#waiting.add(awaited, group.windows);
    });
    try {
      this.#owner.onAdd(this);
    } catch (error) {
      this.drop(error);
    }
    return done;
  }

  /** Ends the stream; what has not finished is dropped. */
  close(): void {
    this.drop(closed);
    this.settings.signal?.removeEventListener('abort', this.#onAbort);
  }

  /** Rejects everything that has not finished. */
  drop(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { reason };
    this.#waiting.clear();
    for (const { reject } of this.#awaited) reject(reason);
    this.#awaited.clear();
    this.#owner.onIdle(this);
  }

  get isDropped(): boolean {
    return this.#failure !== undefined;
  }

  get hasWaiting(): boolean {
    return !this.#waiting.isEmpty;
  }

  length(i: number): number | undefined {
    return this.#waiting.length(i);
  }

  firstWithin(i: number, tokens: number): number | undefined {
    return this.#waiting.firstWithin(i, tokens);
  }

  /** Gives windows to a pass, by number and ascending; without any, the stream waits once more. */
  take(numbers: readonly number[]): Share[] {
    if (numbers[0] === 0) this.waited = 0;
    else if (this.hasWaiting) this.waited++;
    const portions = this.#waiting.take(numbers);
    for (const { windows } of portions) this.served += tokensOf(windows);
    return portions.map((portion) => ({ ...portion, stream: this }));
  }

  /** Windows of a group have run. */
  finish(awaited: Awaited, windows: readonly Window[]): void {
    if (this.isDropped) return;
    awaited.left -= windows.length;
    try {
      awaited.group.onProgress?.(windows.length, tokensOf(windows));
    } catch (error) {
      // What the caller's own function throws ends the caller's own call.
      this.drop(error);
      return;
    }
    if (awaited.left > 0 || !this.#awaited.delete(awaited)) return;
    awaited.resolve();
    if (this.#awaited.size > 0) return;
    // Whoever has waited for nothing starts anew.
    this.waited = 0;
    this.served = 0;
    this.#owner.onIdle(this);
  }
}
