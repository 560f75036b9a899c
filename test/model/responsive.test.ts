import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel } from '../../lib/model/index.ts';
import { bare, unknown } from '../support/events.ts';
import { convertedModel, modelLoader } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
let model: ClmbrModel;
beforeAll(async () => {
  const shape = { layers: 1, hiddenSize: 16, heads: 2, kvHeads: 1, feedForward: 16, contextLength: 64 };
  const converted = await convertedModel(folder, 'model', { ...shape, vocabularySize: 61, vocabulary: true });
  model = await load(converted.path, { threads: 1 });
});

/** The longest time in milliseconds for which the event loop did not run, and how long the work took. */
async function longestTask(work: () => Promise<unknown>): Promise<{ longest: number; whole: number }> {
  let longest = 0;
  let last = performance.now();
  let over = false;
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!over) setImmediate(look);
  };
  setImmediate(look);
  const start = last;
  await work();
  over = true;
  look();
  return { longest, whole: last - start };
}

/**
 * On a busy machine any task may take long; work of more than 60 ms in one task would show all the same. `make` gives work of so many times
 * its usual size, for machines that are faster than that.
 */
async function expectSlices(make: (times: number) => () => Promise<unknown>): Promise<void> {
  await make(1)();
  for (let times = 1; times <= 64; times *= 2) {
    const work = make(times);
    const { longest, whole } = await longestTask(work);
    if (whole <= 60) continue;
    // A collection of garbage, or another process, can take the thread for long once; work in one task does so every time.
    let shortest = longest;
    for (let again = 0; again < 3 && shortest >= Math.max(30, whole / 2); again++)
      shortest = Math.min(shortest, (await longestTask(work)).longest);
    expect(shortest).toBeLessThan(Math.max(30, whole / 2));
    return;
  }
  expect.unreachable('the work is too short to tell');
}

describe('JavaScript works in slices', () => {
  it('on a timeline of very many events', async () => {
    await expectSlices((times) => {
      const events = Array.from({ length: 1_000_000 * times }, (_, i) => (i % 2 === 0 ? bare(i % 18) : unknown()));
      return () => model.embed([events]);
    });
  });

  it('on events with times', async () => {
    const base = 1704067200000000n;
    await expectSlices((times) => {
      const events = Array.from({ length: 300_000 * times }, (_, i) => bare(i % 18, base + BigInt(i)));
      return () => model.embed([{ events, at: [base + 3n, base + 200_000n] }]);
    });
  });

  it('on very many token ids', async () => {
    await expectSlices((times) => {
      const ids = Array.from({ length: 5_000_000 * times }, (_, i) => i % 61);
      return () => model.embed([ids]);
    });
  });

  it('on very many patients', async () => {
    await expectSlices((times) => {
      const patients = Array.from({ length: 60_000 * times }, () => []);
      return () => model.embed(patients);
    });
  });

  it('on very many next events', async () => {
    await expectSlices((times) => {
      const patients = Array.from({ length: 1000 * times }, () => [7]);
      return () => model.evaluate(patients, { topK: 61 });
    });
  });
});

describe('an abort is heard while one long timeline is read', () => {
  const base = 1704067200000000n;
  const reason = new Error('enough');
  const events = Array.from({ length: 20_000 }, (_, i) => bare(i % 18, base + BigInt(i)));
  // Out of order: what each of very many label times sees has to be looked for.
  [events[5], events[9]] = [events[9]!, events[5]!];
  const at = Array.from({ length: 20_000 }, (_, i) => base + BigInt(i));

  it.each(['embed', 'evaluate'] as const)(
    'by %s',
    async (name) => {
      const controller = new AbortController();
      const call = model[name]([{ events, at }], { signal: controller.signal });
      await Promise.all([expect(call).rejects.toBe(reason), sleep(100).then(() => controller.abort(reason))]);
    },
    5000,
  );

  it('by generate that is left, and by risk', async () => {
    const many = Array.from({ length: 300 }, () => events).flat();
    let read = 0;
    const counted = new Proxy(many, {
      get: (list, name) => (read++, Reflect.get(list, name) as unknown),
    });
    const iterator = model.generate({ events: counted }, { maxEvents: 1 });
    const next = iterator.next();
    await sleep(1);
    await iterator.return();
    expect(await next).toEqual({ done: true, value: undefined });
    const controller = new AbortController();
    const { signal } = controller;
    const risk = model.risk({ events: counted }, { outcome: 9, horizon: 2, signal });
    await Promise.all([expect(risk).rejects.toBe(reason), sleep(1).then(() => controller.abort(reason))]);
    expect(read).toBeLessThan(many.length);
  });
});
