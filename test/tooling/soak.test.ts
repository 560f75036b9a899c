import { describe, expect, it } from 'vitest';
import { judge, percentile, slopeOf } from '../../scripts/lib/soak/judge.mjs';

const minute = 60_000;
const length = 30 * minute;
const flat = Array.from({ length: 1800 }, (_, i) => ({ at: 1000 * i, rss: (300 + (i % 7)) * 2 ** 20 }));
const even = Array.from({ length: 4000 }, (_, i) => ({ at: (length * i) / 4000, took: 10 + (i % 13), kind: 'embed' }));
const measured = {
  ...{ length, warmUp: 6 * minute, samples: flat, latencies: even, counts: { embed: 4000 }, wrong: [], distinct: 9 },
  ...{ handlesLeft: 0, left: [] },
};

describe('the judgement of a soak', () => {
  it('passes what is steady, and says its figures', () => {
    const { lines, problems } = judge(measured);
    expect(problems).toEqual([]);
    expect(lines.join('\n')).toMatch(/4000 calls compared.*slope -?0\.\d MiB\/hour.*p50: 16\.0 ms.*left open: 0/s);
  });

  it.each([
    ['growth', { samples: flat.map(({ at, rss }) => ({ at, rss: rss + at * 10 })) }, /memory grows by 3\d\.\d MiB/],
    [
      'slowing down',
      { latencies: even.map((one) => ({ ...one, took: one.at > length / 2 ? 3 * one.took : one.took })) },
      /p50 went from/,
    ],
    ['another result', { wrong: ['embed 1 gave another result'] }, /another result/],
    ['something open', { handlesLeft: 1, left: ['FSReqPromise'] }, /left open: FSReqPromise/],
    ['nothing computed', { latencies: [] }, /p50/],
  ])('finds %s', (_, change, problem) => {
    expect(judge({ ...measured, ...change }).problems.join('\n')).toMatch(problem);
  });

  it('measures by least squares', () => {
    expect(slopeOf([0, 1, 2, 3].map((x) => [x, 5 + 2 * x]))).toBeCloseTo(2);
    expect(percentile([3, 1, 2], 0.5)).toBe(2);
  });
});
