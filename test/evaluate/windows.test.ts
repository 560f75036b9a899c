import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScorePlanner, slidingWindows as windowsOf } from '../../lib/model/perplexity-windows.ts';

const slidingWindows = (...args: Parameters<typeof windowsOf>) => [...windowsOf(...args)];

const settings = fc
  .record({
    length: fc.nat(300),
    context: fc.integer({ min: 2, max: 80 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ length, context, share }) => ({ length, context, stride: 1 + Math.floor(share * (context - 2)) }));

describe('windows that score', () => {
  it('score every token but the first once, each after as much history as the stride leaves', () => {
    fc.assert(
      fc.property(settings, ({ length, context, stride }) => {
        const windows = slidingWindows(length, context, stride);
        const scored = windows.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, i) => first + i));
        expect(scored).toEqual(Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1));
        for (const [i, { begin, end, first }] of windows.entries()) {
          expect(end - begin).toBe(Math.min(length, context));
          if (i > 0) expect(first - begin).toBeGreaterThanOrEqual(context - stride);
          if (i < windows.length - 1) expect(begin).toBe(i * stride);
        }
      }),
    );
  });

  it('are as many as the documentation says', () => {
    expect(slidingWindows(10_000, 4096, 32)).toHaveLength(1 + 185);
    expect(slidingWindows(10_000, 4096, 2048)).toHaveLength(1 + 3);
    expect(slidingWindows(4096, 4096, 32)).toEqual([{ begin: 0, end: 4096, first: 1 }]);
    expect([0, 1].map((length) => slidingWindows(length, 4096, 32))).toEqual([[], []]);
  });

  it('give one row to every scored token, of the token before it', async () => {
    const planner = new ScorePlanner(4, 2);
    expect(await planner.add(Int32Array.of(10))).toEqual({ first: 0, count: 0 });
    expect(await planner.add(Int32Array.of(10, 11))).toEqual({ first: 0, count: 1 });
    expect(await planner.add(Int32Array.of(20, 21, 22, 23, 24, 25, 26))).toEqual({ first: 1, count: 6 });
    expect(planner.windows.take().map(({ ids, outputs }) => [[...ids], [...outputs]])).toEqual([
      [
        [10, 11],
        [0, 1, 0, 0],
      ],
      [
        [20, 21, 22, 23],
        [0, 1, 0, 1, 1, 2, 0, 2, 2, 3, 0, 3],
      ],
      [
        [22, 23, 24, 25],
        [1, 2, 0, 4, 2, 3, 0, 5],
      ],
      [
        [23, 24, 25, 26],
        [2, 3, 0, 6],
      ],
    ]);
    expect(planner.rows).toBe(7);
  });

  it('hear an abort while they are made, though there are as many as tokens', async () => {
    const planner = new ScorePlanner(4096, 1);
    const stop = new AbortController();
    const added = planner.add(new Int32Array(500_000), stop.signal);
    setImmediate(() => stop.abort(new Error('enough')));
    await expect(added).rejects.toThrow('enough');
    expect(planner.windows.totalTokens).toBeGreaterThan(0);
  });
});
