import { describe, expect, it } from 'vitest';
import { Moments, cautiousShareError, shareEstimate, studentQuantile } from '../../lib/model/risk-interval.ts';

describe('the interval of a share', () => {
  it.each([
    // Newcombe (1998), table I: Wilson's score interval without continuity correction.
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%i of %i', (hits, samples, low, high) => {
    const { value, interval } = shareEstimate(hits, samples);
    expect(value).toBe(hits / samples);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });

  it('mirrors for the opposite', () => {
    const { interval } = shareEstimate(3, 50);
    const opposite = shareEstimate(47, 50).interval;
    expect(opposite[0]).toBeCloseTo(1 - interval[1], 12);
    expect(opposite[1]).toBeCloseTo(1 - interval[0], 12);
    expect(shareEstimate(50, 50).interval[1]).toBe(1);
  });

  it('is never taken for certain', () => {
    expect(shareEstimate(0, 100).standardError).toBe(0);
    expect(cautiousShareError(0, 100)).toBeGreaterThan(0.01);
    expect(cautiousShareError(500, 1000)).toBeCloseTo(shareEstimate(500, 1000).standardError, 4);
  });
});

describe('the interval of a mean', () => {
  it("is Student's", () => {
    const moments = new Moments();
    for (const value of [0.1, 0.2, 0.3, 0.4, 0.5]) moments.add(value);
    const { value, standardError, interval } = moments.estimate(0, 1);
    expect(value).toBeCloseTo(0.3, 12);
    expect(standardError).toBeCloseTo(Math.sqrt(0.025 / 5), 12);
    expect(interval[0]).toBeCloseTo(0.3 - 2.7764 * standardError, 3);
    expect(interval[1]).toBeCloseTo(0.3 + 2.7764 * standardError, 3);
    expect(moments.estimate(0.2, 0.35).interval).toEqual([0.2, 0.35]);
  });

  it.each([
    [1, 12.7062],
    [2, 4.3027],
    [3, 3.1824],
    [4, 2.7764],
    [9, 2.2622],
    [30, 2.0423],
    [99, 1.9842],
    [9999, 1.9602],
  ])('has the quantile of %i degrees of freedom', (degrees, expected) => {
    expect(Math.abs(studentQuantile(degrees) / expected - 1)).toBeLessThan(2e-3);
  });

  it('does not lose a small spread beside a large mean', () => {
    const moments = new Moments();
    for (let i = 0; i < 1000; i++) moments.add(1e6 + (i % 2));
    expect(moments.estimate(0, Infinity).standardError).toBeCloseTo(Math.sqrt(250 / 999 / 1000), 9);
  });
});
