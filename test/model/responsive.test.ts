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

/** On a busy machine any task may take long; work of this length in one task would show all the same. */
async function expectSlices(work: () => Promise<unknown>): Promise<void> {
  await work();
  const { longest, whole } = await longestTask(work);
  expect(whole).toBeGreaterThan(60);
  expect(longest).toBeLessThan(Math.max(30, whole / 2));
}

describe('JavaScript works in slices', () => {
  it('on a timeline of very many events', async () => {
    const events = Array.from({ length: 1_000_000 }, (_, i) => (i % 2 === 0 ? bare(i % 18) : unknown()));
    await expectSlices(() => model.embed([events]));
  });

  it('on events with times', async () => {
    const base = 1704067200000000n;
    const events = Array.from({ length: 300_000 }, (_, i) => bare(i % 18, base + BigInt(i)));
    await expectSlices(() => model.embed([{ events, at: [base + 3n, base + 200_000n] }]));
  });

  it('on very many token ids', async () => {
    const ids = Array.from({ length: 12_000_000 }, (_, i) => i % 61);
    await expectSlices(() => model.embed([ids]));
  });

  it('on very many patients', async () => {
    const patients = Array.from({ length: 60_000 }, () => []);
    await expectSlices(() => model.embed(patients));
  });

  it('on very many next events', async () => {
    const patients = Array.from({ length: 1000 }, () => [7]);
    await expectSlices(() => model.evaluate(patients, { topK: 61 }));
  });
});
