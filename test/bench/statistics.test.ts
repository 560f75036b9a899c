import { describe, expect, test } from 'vitest';
import { agreement, median, quantile, ratios, summary } from '../../bench/lib/statistics.mjs';

describe('medians', () => {
  test('of odd and even numbers of values, in any order, without sorting what was passed', () => {
    const values = [9, 1, 5];
    expect(median(values)).toBe(5);
    expect(values).toEqual([9, 1, 5]);
    expect(median([10, 1, 2, 100])).toBe(6);
    // As text, 100 would sort before 2.
    expect(median([2, 100, 30])).toBe(30);
  });

  test('quantiles interpolate', () => {
    expect(quantile([0, 10, 20, 30, 40], 0.25)).toBe(10);
    expect(quantile([0, 10], 0.95)).toBeCloseTo(9.5, 12);
  });

  test('a summary tells the range and how often was measured', () => {
    expect(summary([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3, runs: 3 });
  });
});

test('ratios are of the same round, not of medians', () => {
  // The machine was twice as slow in the second round, for both.
  expect(ratios([100, 50, 90], [50, 25, 30])).toEqual({ median: 2, least: 2, most: 3, runs: 3 });
  expect(ratios([100, 50], [10])).toEqual({ median: 10, least: 10, most: 10, runs: 1 });
  expect(ratios([100], [])).toBeUndefined();
});

describe('agreement', () => {
  test('takes the worst row', () => {
    const { leastCosine, mostDifference } = agreement([1, 0, 0, 2], [1, 0, 2, 0], 2);
    expect(leastCosine).toBe(0);
    expect(mostDifference).toBe(1);
  });

  test('differences are relative to the largest value of the reference row', () => {
    const { leastCosine, mostDifference } = agreement([100, 10], [100, 11], 2);
    expect(mostDifference).toBeCloseTo(0.01, 12);
    expect(leastCosine).toBeGreaterThan(0.9999);
    expect(leastCosine).toBeLessThan(1);
  });

  test('NaN and rows that are missing never pass', () => {
    const { leastCosine, mostDifference } = agreement([1, 1, 1, 1], [1, NaN, 1, 1], 2);
    expect(leastCosine).toBeNaN();
    expect(mostDifference).toBeNaN();
    expect(() => agreement([1, 2, 3, 4], [1, 2], 2)).toThrow('found 4 and 2 numbers');
    expect(() => agreement([1, 2, 3], [1, 2, 3], 2)).toThrow('whole rows of 2');
    expect(() => agreement([], [], 2)).toThrow('whole rows');
  });
});
