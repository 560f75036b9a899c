import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planPass, windowCost } from '../../lib/scheduler/index.ts';
import type { WaitingRequest } from '../../lib/scheduler/index.ts';

interface Simulated {
  kind: string;
  lengths: number[];
  served: number;
}

const waiting = ({ kind, lengths, served }: Simulated): WaitingRequest => ({ kind, served, length: (i) => lengths[i] });
const plan = (requests: Simulated[], budget: number) => planPass(requests.map(waiting), budget);
const request = (lengths: number[], served = 0, kind = 'a'): Simulated => ({ kind, lengths, served });

const requests = fc.array(
  fc.record({
    kind: fc.constantFrom('a', 'b', 'c'),
    lengths: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 12 }),
    served: fc.nat(2000),
  }),
  { maxLength: 8 },
);
const budgets = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 50, max: 2000 }));

describe('a pass', () => {
  it('keeps to the budget unless one window alone is larger, and always gets on', () => {
    fc.assert(
      fc.property(requests, budgets, (list, budget) => {
        const counts = plan(list, budget);
        expect(counts).toHaveLength(list.length);
        const taken = list.flatMap(({ lengths }, i) => lengths.slice(0, counts[i]));
        const total = counts.reduce((sum, count) => sum + count, 0);
        expect(taken).toHaveLength(total);
        const cost = taken.reduce((sum, length) => sum + windowCost(length), 0);
        if (total !== 1) expect(cost).toBeLessThanOrEqual(budget);
        expect(total > 0).toBe(list.some(({ lengths }) => lengths.length > 0));
      }),
      { seed: 11, numRuns: 500 },
    );
  });

  it('has one kind, that of whoever got the least so far', () => {
    fc.assert(
      fc.property(requests, budgets, (list, budget) => {
        const counts = plan(list, budget);
        const kinds = new Set(list.filter((_, i) => counts[i]! > 0).map(({ kind }) => kind));
        expect(kinds.size).toBeLessThanOrEqual(1);
        const open = list.filter(({ lengths }) => lengths.length > 0);
        const least = Math.min(...open.map(({ served }) => served));
        const first = list.findIndex(({ lengths, served }) => lengths.length > 0 && served === least);
        if (first >= 0) expect(counts[first]).toBeGreaterThan(0);
      }),
      { seed: 12, numRuns: 500 },
    );
  });

  it('is full: no further window of its kind would fit', () => {
    fc.assert(
      fc.property(requests, budgets, (list, budget) => {
        const counts = plan(list, budget);
        const kind = list.find((_, i) => counts[i]! > 0)?.kind;
        const cost = list
          .flatMap(({ lengths }, i) => lengths.slice(0, counts[i]))
          .reduce((sum, length) => sum + windowCost(length), 0);
        for (const [i, one] of list.entries()) {
          const next = one.lengths[counts[i]!];
          if (one.kind === kind && next !== undefined) expect(cost + windowCost(next)).toBeGreaterThan(budget);
        }
      }),
      { seed: 13, numRuns: 500 },
    );
  });
});

describe('a very short window', () => {
  it('costs as much as one of eight tokens', () => {
    expect([1, 7, 8, 9].map(windowCost)).toEqual([8, 8, 8, 9]);
    expect(plan([request(Array(100).fill(1))], 80)).toEqual([10]);
  });
});

describe('fairness', () => {
  it('a small request beside a large cohort is in the first pass', () => {
    const cohort = request(Array.from({ length: 1000 }, () => 100));
    for (const list of [
      [cohort, request([50])],
      [request([50]), cohort],
    ]) {
      const counts = plan(list, 2048);
      expect(counts[list.findIndex(({ lengths }) => lengths.length === 1)]).toBe(1);
      expect(counts[list.indexOf(cohort)]).toBeGreaterThan(15);
    }
  });

  it('equal requests share a pass alike', () => {
    const counts = plan([request(Array(50).fill(32)), request(Array(50).fill(32)), request(Array(50).fill(32))], 960);
    expect(counts).toEqual([10, 10, 10]);
  });

  it('tokens count, not windows', () => {
    const counts = plan([request(Array(100).fill(10)), request(Array(100).fill(100))], 1000);
    expect(counts[0]! * 10).toBeGreaterThan(300);
    expect(counts[1]! * 100).toBeGreaterThan(300);
  });

  it('a window beyond the budget runs alone', () => {
    expect(plan([request([5000, 10]), request([10], 5)], 100)).toEqual([1, 0]);
    expect(plan([request([5000, 10], 5), request([10])], 100)).toEqual([0, 1]);
  });

  it('whoever waits is served in time, whatever keeps arriving', () => {
    // Newcomers start level with the least served, as in the queue. They take every second pass, which leaves half of the passes.
    const victim = { kind: 'b', lengths: Array.from({ length: 20 }, () => 100), served: 0 };
    let list: Simulated[] = [victim];
    let passes = 0;
    while (victim.lengths.length > 0) {
      const level = Math.min(...list.map(({ served }) => served));
      if (passes % 2 === 0) list.push(request([200, 200], level, passes % 8 === 0 ? 'b' : 'a'));
      const counts = plan(list, 400);
      for (const [i, one] of list.entries()) for (let n = counts[i]!; n > 0; n--) one.served += one.lengths.shift()!;
      list = list.filter(({ lengths }) => lengths.length > 0);
      expect(++passes).toBeLessThanOrEqual(20);
    }
  });

  it('all requests end, and each gets its windows in order', () => {
    fc.assert(
      fc.property(requests, budgets, (list, budget) => {
        const left = list.map((one) => ({ ...one, lengths: [...one.lengths] }));
        let windows = left.reduce((sum, { lengths }) => sum + lengths.length, 0);
        while (windows > 0) {
          const counts = plan(left, budget);
          const total = counts.reduce((sum, count) => sum + count, 0);
          expect(total).toBeGreaterThan(0);
          for (const [i, one] of left.entries())
            one.served += one.lengths.splice(0, counts[i]).reduce((sum, length) => sum + length, 0);
          windows -= total;
        }
      }),
      { seed: 14 },
    );
  });
});
