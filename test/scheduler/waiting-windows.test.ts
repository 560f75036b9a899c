import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WaitingWindows } from '../../lib/scheduler/index.ts';
import type { Window } from '../../lib/scheduler/index.ts';

const windowOf = (length: number): Window => ({ ids: new Int32Array(length), outputs: new Int32Array(0) });
const inView = (waiting: WaitingWindows<string>): number[] => {
  const lengths = [];
  for (let i = 0; waiting.length(i) !== undefined; i++) lengths.push(waiting.length(i)!);
  return lengths;
};
const groups = fc.array(fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 10 }), { maxLength: 6 });

describe('windows that wait', () => {
  it('show the longest of the first group first, then those of the second', () => {
    const waiting = new WaitingWindows<string>();
    waiting.add('a', [3, 9, 5].map(windowOf));
    waiting.add('b', [7, 20].map(windowOf));
    waiting.add('c', [100].map(windowOf));
    expect(inView(waiting)).toEqual([9, 5, 3, 20, 7]);
    expect(waiting.firstWithin(0, 8)).toBe(1);
    expect(waiting.firstWithin(2, 8)).toBe(2);
    expect(waiting.firstWithin(3, 8)).toBe(4);
    expect(waiting.firstWithin(0, 2)).toBeUndefined();
    expect(waiting.take([0, 4]).map(({ group, windows }) => [group, windows.map(({ ids }) => ids.length)])).toEqual([
      ['a', [9]],
      ['b', [7]],
    ]);
    expect(inView(waiting)).toEqual([5, 3, 20]);
    waiting.take([0, 1]);
    expect(inView(waiting)).toEqual([20, 100]);
  });

  it('come out once each, those of the oldest group at the head', () => {
    fc.assert(
      fc.property(groups, fc.array(fc.nat(20), { maxLength: 80 }), (lists, picks) => {
        const waiting = new WaitingWindows<number>();
        const given = lists.map((lengths, group) => {
          const windows = lengths.map(windowOf);
          waiting.add(group, windows);
          return windows;
        });
        const out: [number, Window][] = [];
        const left = lists.map(({ length }) => length);
        for (let step = 0; !waiting.isEmpty; step++) {
          let count = 0;
          while (waiting.length(count) !== undefined) count++;
          const oldest = left.findIndex((number) => number > 0);
          const numbers = [...new Set([(picks[step] ?? 0) % count, (picks[step + 1] ?? 1) % count])];
          const portions = waiting.take(numbers.toSorted((a, b) => a - b));
          if (numbers.includes(0)) expect(portions[0]!.group).toBe(oldest);
          for (const { group, windows } of portions) {
            left[group]! -= windows.length;
            out.push(...windows.map((window): [number, Window] => [group, window]));
          }
        }
        expect(new Set(out.map(([, window]) => window)).size).toBe(given.flat().length);
        expect(out).toHaveLength(given.flat().length);
        for (const [group, window] of out) expect(given[group]).toContain(window);
      }),
      { seed: 21 },
    );
  });

  it('of a large group are sorted in parts', () => {
    const waiting = new WaitingWindows<string>();
    const lengths = Array.from({ length: 20_000 }, (_, i) => 1 + ((i * 7919) % 100));
    waiting.add('a', lengths.map(windowOf));
    const seen: number[] = [];
    while (!waiting.isEmpty) {
      expect(waiting.length(20_000)).toBeUndefined();
      for (const { windows } of waiting.take([0, 1, 2, 3])) seen.push(...windows.map(({ ids }) => ids.length));
    }
    expect(seen.toSorted((a, b) => a - b)).toEqual(lengths.toSorted((a, b) => a - b));
    expect(seen.slice(0, 8192)).toEqual(seen.slice(0, 8192).toSorted((a, b) => b - a));
  });

  it('are gone after clear', () => {
    const waiting = new WaitingWindows<string>();
    for (const group of ['a', 'b', 'c']) waiting.add(group, [windowOf(3)]);
    waiting.clear();
    expect(inView(waiting)).toEqual([]);
    expect(waiting.isEmpty).toBe(true);
    waiting.add('d', [windowOf(4)]);
    expect(inView(waiting)).toEqual([4]);
  });
});
