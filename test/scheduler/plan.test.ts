import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planPass, windowCost } from '../../lib/scheduler/index.ts';
import type { WaitingRequest } from '../../lib/scheduler/index.ts';

interface Simulated {
  kind: string;
  lengths: number[];
  served: number;
  waited: number;
}

const waiting = ({ kind, lengths, served, waited }: Simulated): WaitingRequest => ({
  kind,
  served,
  waited,
  length: (i) => lengths[i],
  firstWithin: (i, tokens) => {
    const found = lengths.findIndex((length, k) => k >= i && length <= tokens);
    return found < 0 ? undefined : found;
  },
});
const plan = (requests: Simulated[], budget: number) => planPass(requests.map(waiting), budget);
const request = (lengths: number[], waited = 0, kind = 'a', served = 0): Simulated => ({
  kind,
  lengths,
  served,
  waited,
});
const costOf = (lengths: number[]): number => lengths.reduce((sum, length) => sum + windowCost(length), 0);
const taken = (list: Simulated[], numbers: number[][]) =>
  list.map(({ lengths }, i) => numbers[i]!.map((n) => lengths[n]!));

/** Runs a pass as the queue does; gives the numbers of the windows that each request got. */
function run(list: Simulated[], budget: number): number[][] {
  const numbers = plan(list, budget);
  for (const [i, one] of list.entries()) {
    const gone = new Set(numbers[i]);
    one.waited = numbers[i]![0] === 0 ? 0 : one.waited + 1;
    one.served += [...gone].reduce((sum, n) => sum + one.lengths[n]!, 0);
    one.lengths = one.lengths.filter((_, n) => !gone.has(n));
  }
  return numbers;
}

const requests = fc.array(
  fc.record({
    kind: fc.constantFrom('a', 'b', 'c'),
    lengths: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 12 }),
    served: fc.nat(2000),
    waited: fc.nat(3),
  }),
  { maxLength: 8 },
);
const budgets = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 50, max: 2000 }));

describe('a pass', () => {
  it('keeps to the budget unless one window alone is larger, and always gets on', () => {
    fc.assert(
      fc.property(requests, budgets, (list, budget) => {
        const lengths = taken(list, plan(list, budget)).flat();
        if (lengths.length !== 1) expect(costOf(lengths)).toBeLessThanOrEqual(budget);
        expect(lengths.length > 0).toBe(list.some((one) => one.lengths.length > 0));
      }),
      { seed: 11, numRuns: 500 },
    );
  });

  it('takes no window twice, and names windows in ascending order', () => {
    fc.assert(
      fc.property(requests, budgets, (list, budget) => {
        const numbers = plan(list, budget);
        expect(numbers).toHaveLength(list.length);
        for (const [i, own] of numbers.entries()) {
          expect(own).toEqual([...new Set(own)].toSorted((a, b) => a - b));
          for (const n of own) expect(list[i]!.lengths[n]).toBeDefined();
        }
      }),
      { seed: 15, numRuns: 500 },
    );
  });

  it('has one kind: that of whoever waited longest, which gets its first window', () => {
    fc.assert(
      fc.property(requests, budgets, (list, budget) => {
        const numbers = plan(list, budget);
        const kinds = new Set(list.filter((_, i) => numbers[i]!.length > 0).map(({ kind }) => kind));
        expect(kinds.size).toBeLessThanOrEqual(1);
        const open = [...list.keys()].filter((i) => list[i]!.lengths.length > 0);
        if (open.length === 0) return;
        const [first] = open.toSorted((a, b) => list[b]!.waited - list[a]!.waited || list[a]!.served - list[b]!.served);
        expect(numbers[first!]![0]).toBe(0);
      }),
      { seed: 12, numRuns: 500 },
    );
  });

  it('is full: no further window of its kind would fit', () => {
    fc.assert(
      fc.property(requests, budgets, (list, budget) => {
        const numbers = plan(list, budget);
        const kind = list.find((_, i) => numbers[i]!.length > 0)?.kind;
        const cost = costOf(taken(list, numbers).flat());
        for (const [i, one] of list.entries()) {
          if (one.kind !== kind) continue;
          const left = one.lengths.filter((_, n) => !numbers[i]!.includes(n));
          for (const length of left) expect(cost + windowCost(length)).toBeGreaterThan(budget);
        }
      }),
      { seed: 13, numRuns: 500 },
    );
  });
});

describe('a very short window', () => {
  it('costs as much as one of eight tokens', () => {
    expect([1, 7, 8, 9].map(windowCost)).toEqual([8, 8, 8, 9]);
    expect(plan([request(Array(100).fill(1))], 80)[0]).toHaveLength(10);
  });
});

describe('fairness', () => {
  it('a small request beside a large cohort is in the first pass', () => {
    for (const length of [100, 2048, 5000]) {
      const cohort = request(
        Array.from({ length: 1000 }, () => length),
        0,
        'a',
        10_000,
      );
      for (const list of [
        [cohort, request([50])],
        [request([50]), cohort],
      ]) {
        const numbers = plan(list, 2048);
        expect(numbers[list.findIndex(({ lengths }) => lengths.length === 1)]).toEqual([0]);
        if (length === 100) expect(numbers[list.indexOf(cohort)]).toHaveLength(19);
      }
    }
  });

  it('equal requests share a pass alike', () => {
    const numbers = plan([request(Array(50).fill(32)), request(Array(50).fill(32)), request(Array(50).fill(32))], 960);
    expect(numbers.map((own) => own.length)).toEqual([10, 10, 10]);
  });

  it('tokens count, not windows', () => {
    const numbers = plan([request(Array(100).fill(10)), request(Array(100).fill(100))], 1000);
    expect(numbers[0]!.length * 10).toBeGreaterThan(300);
    expect(numbers[1]!.length * 100).toBeGreaterThan(300);
  });

  it('a window beyond the budget runs alone', () => {
    expect(plan([request([5000, 10], 1), request([10])], 100)).toEqual([[0], []]);
    expect(plan([request([5000, 10]), request([10], 1)], 100)).toEqual([[1], [0]]);
  });

  it('whoever waits gets its first window after one pass for each that waited before it, whatever keeps arriving', () => {
    const arrivals = fc.array(requests, { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(arrivals, budgets, (waves, budget) => {
        let list: Simulated[] = [];
        const patience = new Map<Simulated, number>();
        for (let pass = 0; pass < 2000; pass++) {
          const fresh = (waves[pass] ?? []).map(({ kind, lengths }) => request([...lengths], 0, kind));
          list = [...list, ...fresh].filter(({ lengths }) => lengths.length > 0);
          if (list.length === 0 && pass >= waves.length) return;
          // Those that began to wait now know who is before them; who comes later is not.
          for (const one of list) if (!patience.has(one)) patience.set(one, list.length);
          const numbers = run(list, budget);
          for (const [i, one] of list.entries()) {
            if (numbers[i]![0] === 0) patience.delete(one);
            else patience.set(one, patience.get(one)! - 1);
          }
          expect(Math.min(1, ...patience.values())).toBe(1);
        }
        expect.unreachable('the requests never end');
      }),
      { seed: 16, numRuns: 100 },
    );
  });

  it('all requests end, and every window is in one pass', () => {
    fc.assert(
      fc.property(requests, budgets, (list, budget) => {
        const left = list.map((one) => ({ ...one, lengths: [...one.lengths] }));
        let windows = left.reduce((sum, { lengths }) => sum + lengths.length, 0);
        while (windows > 0) {
          const count = run(left, budget).flat().length;
          expect(count).toBeGreaterThan(0);
          windows -= count;
        }
        expect(left.every(({ lengths }) => lengths.length === 0)).toBe(true);
      }),
      { seed: 14 },
    );
  });
});
