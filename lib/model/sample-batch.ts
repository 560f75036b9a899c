import { ClmbrError } from '../errors.ts';
import type { NativeDraws, NativeGeneration, NativeSampler } from '../native/index.ts';
import { disposed } from '../scheduler/index.ts';
import { rollingWindow, slotsFor } from './sample-limits.ts';
import type { Session } from './session.ts';

/**
 * Why a future ended: `[EOS]` was drawn, an event of `stop` was drawn, it has `maxEvents` events, or the context is full.
 */
export type StopReason = 'eos' | 'stop' | 'maxEvents' | 'context';

/** What happens when the context is full before a future has ended. */
export type WhenFull = 'stop' | 'roll';

/** A sample with what was drawn for it so far: one entry an event. */
export interface SampleDraws {
  sample: number;
  ids: number[];
  logProbs: number[];
  /** Joint probability of the sampler's target before each event. */
  targets: number[];
}

export interface DrawnSample extends SampleDraws {
  stopReason: StopReason;
}

export interface SampleSettings {
  sampler: NativeSampler;
  maxEvents: number;
  whenFull: WhenFull;
  /** Asked after every event: why the sample ends with it, if it does. */
  ends(draws: SampleDraws): StopReason | undefined;
}

/** A sample under way. */
interface Running extends SampleDraws {
  /** Its place among the history's samples. */
  slot: number;
  /** What it continues since its window moved on, with itself as the only sample. */
  rolled: NativeGeneration | undefined;
  /** Tokens in the context: of the history (or the window) and of the events since. */
  length: number;
  /** Whether nothing was drawn yet since the history (or the window) was computed. */
  isFresh: boolean;
}

/**
 * Samples of one history. The history is computed once; samples advance together, one event a step, and whoever has ended makes room for
 * the next. What a sample draws depends on its number and the seed alone.
 */
export class SampleBatch {
  readonly #session: Session;
  readonly #history: Int32Array;
  readonly #settings: SampleSettings;
  readonly #signal: AbortSignal | undefined;
  readonly #slots: number[];
  #shared: NativeGeneration | undefined;
  #running: Running[] = [];
  #isDisposed = false;
  readonly #unlisten: () => void;

  private constructor(
    session: Session,
    history: Int32Array,
    settings: SampleSettings,
    slots: number,
    signal: AbortSignal | undefined,
  ) {
    this.#session = session;
    this.#history = history;
    this.#settings = settings;
    this.#signal = signal;
    this.#slots = Array.from({ length: slots }, (_, i) => slots - 1 - i);
    // Weakly: an iterator that is neither finished nor ended must not stay in memory for as long as the model or the signal.
    const self = new WeakRef(this);
    const onAbort = (): void => self.deref()?.dispose();
    signal?.addEventListener('abort', onAbort, { once: true });
    session.open.add(self);
    this.#unlisten = () => {
      signal?.removeEventListener('abort', onAbort);
      session.open.delete(self);
    };
  }

  /**
   * Computes the history.
   *
   * @param samples how many there will be at most
   * @throws `signal.reason`; ClmbrError OUT_OF_MEMORY, DISPOSED
   */
  static async open(
    session: Session,
    history: Int32Array,
    settings: SampleSettings,
    samples: number,
    signal: AbortSignal | undefined,
  ): Promise<SampleBatch> {
    const slots = Math.min(samples, slotsFor(session.model.hyperparameters, history.length, settings.maxEvents));
    const batch = new SampleBatch(session, history, settings, slots, signal);
    try {
      batch.#shared = await batch.#prefill(history, slots, settings.maxEvents);
      batch.#assertOpen();
      return batch;
    } catch (error) {
      batch.dispose();
      throw error;
    }
  }

  /** Memory of keys and values, in bytes. */
  get bytes(): number {
    return this.#generations().reduce((sum, generation) => sum + generation.bytes, 0);
  }

  /** Draws samples number `first` to `end - 1`; each comes as it ends, those that end together by number. Only one such run at a time. */
  async *run(first: number, end: number): AsyncGenerator<DrawnSample, void, undefined> {
    let next = first;
    for (;;) {
      while (next < end && this.#slots.length > 0) this.#begin(next++);
      if (this.#running.length === 0) return;
      for (const sample of this.#running) await this.#rollIfFull(sample);
      const draws = await this.#step();
      // Whatever ended while the step's result was on its way has emptied the batch: that is no end of the samples.
      this.#assertOpen();
      for (const sample of this.#take(draws)) {
        yield sample;
        this.#assertOpen();
      }
    }
  }

  /** Frees all memory of keys and values. May be called again, and at any time: the step that runs then keeps what it uses. */
  dispose(): void {
    this.#isDisposed = true;
    this.#unlisten();
    for (const generation of this.#generations()) generation.dispose();
    this.#shared = undefined;
    this.#running = [];
  }

  /** Whenever others had a turn everything may have ended: the signal was aborted or the model disposed. */
  #assertOpen(): void {
    this.#signal?.throwIfAborted();
    if (this.#isDisposed) throw disposed();
  }

  #begin(sample: number): void {
    const slot = this.#slots.pop()!;
    this.#shared?.rewind(slot);
    const length = this.#history.length;
    this.#running.push({ sample, ids: [], logProbs: [], targets: [], slot, rolled: undefined, length, isFresh: true });
  }

  /** The window moves on: what stays is computed as a history of its own. */
  async #rollIfFull(sample: Running): Promise<void> {
    if (sample.isFresh || sample.length < this.#contextLength) return;
    const window = Int32Array.from([...this.#history, ...sample.ids]).slice(-rollingWindow(this.#contextLength));
    sample.rolled?.dispose();
    const rolled = await this.#prefill(window, 1, this.#settings.maxEvents - sample.ids.length);
    sample.rolled = rolled;
    if (this.#isDisposed) rolled.dispose();
    this.#assertOpen();
    sample.length = window.length;
    sample.isFresh = true;
  }

  #prefill(tokens: Int32Array, samples: number, events: number): Promise<NativeGeneration> {
    const room = this.#contextLength - tokens.length;
    // The last event is drawn and not appended.
    const capacity = Math.max(0, Math.min(events - 1, room));
    return this.#session.queue.exclusive(
      (model, job) => model.prefill({ tokens, samples, capacity }, job),
      this.#signal,
    );
  }

  /** The next event of every running sample, in their order. */
  async #step(): Promise<NativeDraws> {
    // Rows of one generation stand together.
    this.#running.sort(
      (a, b) => Number(a.rolled !== undefined) - Number(b.rolled !== undefined) || a.sample - b.sample,
    );
    const generations = this.#generations();
    const rows = new Int32Array(4 * this.#running.length);
    let own = 0;
    for (const [i, { slot, rolled, ids, isFresh }] of this.#running.entries()) {
      const place = rolled === undefined ? [0, slot] : [++own, 0];
      rows.set([...place, isFresh ? -1 : ids.at(-1)!, ids.length], 4 * i);
    }
    const samples = Int32Array.from(this.#running, ({ sample }) => sample);
    const { sampler } = this.#settings;
    return this.#session.queue.exclusive(
      (model, job) => model.step({ generations, rows, samples, sampler }, job),
      this.#signal,
    );
  }

  get #contextLength(): number {
    return this.#session.model.hyperparameters.contextLength;
  }

  /** That of the history first, then those of samples whose window moved on, in the order of the samples. */
  #generations(): NativeGeneration[] {
    return [this.#shared, ...this.#running.map(({ rolled }) => rolled)].filter((held) => held !== undefined);
  }

  /** Notes what was drawn; gives the samples that end with it. */
  #take(draws: NativeDraws): DrawnSample[] {
    const ended: DrawnSample[] = [];
    const rest: Running[] = [];
    for (const [i, sample] of this.#running.entries()) {
      if (draws.ids[i]! < 0) throw unusable();
      sample.ids.push(draws.ids[i]!);
      sample.logProbs.push(draws.logProbs[i]!);
      sample.targets.push(draws.targets[i]!);
      sample.length++;
      sample.isFresh = false;
      const stopReason = this.#reasonToEnd(sample);
      if (stopReason === undefined) {
        rest.push(sample);
        continue;
      }
      sample.rolled?.dispose();
      this.#slots.push(sample.slot);
      const { sample: number, ids, logProbs, targets } = sample;
      ended.push({ sample: number, ids, logProbs, targets, stopReason });
    }
    this.#running = rest;
    return ended.sort((a, b) => a.sample - b.sample);
  }

  #reasonToEnd(sample: Running): StopReason | undefined {
    const { maxEvents, whenFull } = this.#settings;
    const reason = this.#settings.ends(sample);
    if (reason !== undefined) return reason;
    if (sample.ids.length >= maxEvents) return 'maxEvents';
    return whenFull === 'stop' && sample.length >= this.#contextLength ? 'context' : undefined;
  }
}

function unusable(): ClmbrError {
  return new ClmbrError(
    'UNSUPPORTED_MODEL',
    'The model gives no event a probability: its weights hold numbers that are not finite.',
  );
}
