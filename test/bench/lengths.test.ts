import { describe, expect, test } from 'vitest';
import { labelPositions, lengthAt, starrLengths, tokenIds } from '../../bench/lib/lengths.mjs';
import { quantile } from '../../bench/lib/statistics.mjs';

describe('STARR-like lengths', () => {
  test.each([
    [0.25, 17],
    [0.5, 71],
    [0.75, 338],
    [0.9, 1380],
    [0.95, 2954],
    [0.99, 10_235],
  ])('quantile %d is %d tokens', (share, tokens) => {
    expect(lengthAt(share)).toBe(tokens);
  });

  test('lie between the quantiles, on a logarithmic scale', () => {
    expect(lengthAt(0.375)).toBe(Math.round(Math.sqrt(17 * 71)));
    expect(lengthAt(0)).toBe(1);
  });

  test.each([40, 200, 1000])('a sample of %d has the quantiles and the mean of all', (patients) => {
    const lengths: number[] = starrLengths(patients);
    expect(lengths).toHaveLength(patients);
    const mean = lengths.reduce((sum, length) => sum + length, 0) / patients;
    expect(Math.abs(mean - 467)).toBeLessThan(10);
    expect(Math.abs(quantile(lengths, 0.5) / 71 - 1)).toBeLessThan(0.05);
    expect(Math.max(...lengths)).toBe(4096);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1);
  });

  test('come in the same random order every time', () => {
    const lengths: number[] = starrLengths(100);
    expect(starrLengths(100)).toEqual(lengths);
    const sorted = [...lengths].sort((a, b) => a - b);
    expect(lengths).not.toEqual(sorted);
    expect([...starrLengths(100, 4096, 2)].sort((a, b) => a - b)).toEqual(sorted);
    expect(starrLengths(100, 4096, 2)).not.toEqual(lengths);
  });
});

test('half the windows of an EHRSHOT-like patient are full', () => {
  const positions: number[] = labelPositions(60);
  expect(positions).toHaveLength(60);
  expect(new Set(positions).size).toBe(60);
  expect(positions.filter((position) => position > 4096)).toHaveLength(30);
});

test('ids are of the vocabulary, never special, and differ between sequences', () => {
  const ids: Int32Array = tokenIds(4096, 39_818, 1009);
  expect(Math.min(...ids)).toBeGreaterThanOrEqual(7);
  expect(Math.max(...ids)).toBeLessThan(39_818);
  expect(new Set(ids).size).toBe(4096);
  expect(tokenIds(16, 39_818, 2018)).not.toEqual(ids.slice(0, 16));
});
