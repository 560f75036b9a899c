import { afterEach, describe, expect, it, vi } from 'vitest';
import type { NativeBatch, NativeJob, NativeModel } from '../../lib/native/index.ts';
import { BatchQueue } from '../../lib/scheduler/index.ts';
import type { PassSettings, Window, WindowGroup } from '../../lib/scheduler/index.ts';

afterEach(() => vi.restoreAllMocks());

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const hidden: PassSettings = { pooling: 'last', representation: 'hidden', top: 0 };
const mean: PassSettings = { ...hidden, pooling: 'mean' };
const windowsOf = (lengths: number[]): Window[] =>
  lengths.map((length) => ({ ids: new Int32Array(length), outputs: new Int32Array(4) }));
const groupOf = (lengths: number[]): WindowGroup => ({
  windows: windowsOf(lengths),
  destinations: [{ values: new Float32Array(1) }],
});

/** A model whose passes end when they are told to. */
class FakeModel {
  readonly batches: NativeBatch[] = [];
  readonly #ends: (() => void)[] = [];
  #time = 0;

  get inside(): number {
    return this.#ends.length;
  }

  readonly run = (batch: NativeBatch): Promise<void> => {
    this.batches.push(batch);
    return new Promise((resolve) => this.#ends.push(resolve));
  };

  /** Ends the oldest pass, which took so many milliseconds. */
  async end(milliseconds = 1): Promise<void> {
    this.#time += milliseconds;
    this.#ends.shift()!();
    await turn();
  }

  queue(budget: number): BatchQueue {
    const start = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => start + this.#time);
    const job = { cancel: () => undefined, bytes: 0 } satisfies NativeJob;
    return new BatchQueue(this as unknown as NativeModel, () => job, budget);
  }
}

describe('short passes', () => {
  it('are in the addon two at a time, so that none waits for JavaScript; long ones alone', async () => {
    const model = new FakeModel();
    const done = model.queue(100).run({ ...hidden, ...groupOf(Array<number>(100).fill(10)) });
    await turn();
    expect(model.inside).toBe(1);
    await model.end();
    expect(model.inside).toBe(2);
    await model.end(500);
    expect(model.inside).toBe(1);
    await model.end(500);
    expect(model.inside).toBe(1);
    await model.end(5);
    expect(model.inside).toBe(2);
    while (model.inside > 0) await model.end();
    await done;
    expect(model.batches).toHaveLength(10);
  });

  it('let work that wants the model for itself in when they have ended', async () => {
    const model = new FakeModel();
    const queue = model.queue(100);
    const done = queue.run({ ...hidden, ...groupOf(Array<number>(60).fill(10)) });
    await turn();
    await model.end();
    const inside: number[] = [];
    const tasks = [1, 2].map((n) => queue.exclusive(() => Promise.resolve(inside.push(n, model.inside))));
    while (model.inside > 0) await model.end();
    await Promise.all([...tasks, done]);
    expect(inside).toEqual([1, 0, 2, 0]);
  });
});

describe('a small call behind a cohort', () => {
  it.each([
    ['of short passes', 1, hidden],
    ['of long passes', 500, hidden],
    ['of another kind', 1, mean],
    ['of another kind and long passes', 500, mean],
  ])('%s is in the next pass that starts', async (_, milliseconds, settings) => {
    const model = new FakeModel();
    const queue = model.queue(100);
    // Windows above the budget run alone, and come first.
    const cohort = queue.run({ ...hidden, ...groupOf([300, 200, 150, ...Array<number>(400).fill(30)]) });
    await turn();
    const waits: number[] = [];
    for (let i = 0; i < 20; i++) {
      const started = model.batches.length;
      const ended = started - model.inside;
      let over = false;
      const small = queue.run({ ...settings, ...groupOf([7]) }).then(() => (over = true));
      while (!over) await model.end(milliseconds);
      await small;
      expect(model.batches.findIndex(({ lengths }, n) => n >= started && lengths.includes(7))).toBe(started);
      waits.push(started - ended);
      // Now and then the cohort is alone.
      if (i % 3 === 0) await model.end(milliseconds);
    }
    // What ran, and what waited in the addon behind it: less than two passes.
    expect(Math.max(...waits)).toBeLessThanOrEqual(milliseconds < 60 ? 2 : 1);
    while (model.inside > 0) await model.end();
    await cohort;
  });
});

describe('a cohort', () => {
  it('gets every second pass, however many small calls of another kind arrive', async () => {
    const model = new FakeModel();
    const queue = model.queue(100);
    let over = false;
    const cohort = queue.run({ ...hidden, ...groupOf(Array<number>(10).fill(300)) }).then(() => (over = true));
    await turn();
    const small: Promise<void>[] = [];
    while (!over) {
      small.push(queue.run({ ...mean, ...groupOf([7]) }));
      await model.end();
      expect(model.batches.length).toBeLessThan(25);
    }
    while (model.inside > 0) await model.end();
    await Promise.all([...small, cohort]);
  });

  it('runs its longest windows first, and groups in the order in which they were added', async () => {
    const model = new FakeModel();
    const stream = model.queue(100).open(hidden);
    const ended: string[] = [];
    const groups = ['a', 'b', 'c'].map((name, i) =>
      stream.add(groupOf([20, 60, 40 + i, 30])).then(() => ended.push(name)),
    );
    await turn();
    while (model.inside > 0) await model.end();
    await Promise.all(groups);
    stream.close();
    expect(model.batches.map(({ lengths }) => [...lengths])).toEqual([
      [60, 40],
      [30, 20, 41],
      [60, 30],
      [20, 60, 20],
      [42, 30],
    ]);
    expect(ended).toEqual(['a', 'b', 'c']);
  });
});

describe('a stream of windows', () => {
  it('that is closed drops what has not run, and the next one is not affected', async () => {
    const model = new FakeModel();
    const queue = model.queue(100);
    const stream = queue.open(hidden);
    const dropped = stream.add(groupOf(Array<number>(50).fill(10)));
    dropped.catch(() => undefined);
    await turn();
    stream.close();
    await expect(dropped).rejects.toThrow('closed');
    const next = queue.run({ ...hidden, ...groupOf([5]) });
    while (model.inside > 0) await model.end();
    await next;
    expect(model.batches.map(({ lengths }) => lengths.length)).toEqual([10, 1]);
  });
});
