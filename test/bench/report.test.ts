import { describe, expect, test } from 'vitest';
import { alternate, appendRounds } from '../../bench/lib/alternate.mjs';
import { bytesOfOneEvent, cell, replaceMeasured, sectionTable } from '../../bench/lib/report.mjs';
import { barChart, gridStep } from '../../bench/lib/svg.mjs';

const section = {
  title: 'Speed',
  unit: 'tokens per second',
  rows: {
    '64': { clmbr: [100, 200, 300], torch: [50, 50, 100] },
    '512': { clmbr: [1234, 1234, 1234] },
  },
};

describe('tables', () => {
  test('give our median, and of others the ratio round by round', () => {
    expect(cell(section, section.rows['64'], 'clmbr')).toBe('200 (100 to 300)');
    expect(cell(section, section.rows['64'], 'torch')).toBe('50: 3.00x (2.00 to 4.00)');
    expect(cell(section, section.rows['512'], 'torch')).toBe('');
  });

  test('say how many times as much others need where less is better', () => {
    expect(cell({ ...section, peerOverOurs: true }, { clmbr: [2], torch: [5] }, 'torch')).toBe('5: 2.50x');
  });

  test('compare with another baseline where a section names one', () => {
    const own = { ...section, baselines: { other: 'second' } };
    expect(cell(own, { clmbr: [1], second: [30], other: [10] }, 'other')).toBe('10: 3.00x');
  });

  test('have a row for each contender and a column for each label', () => {
    expect(sectionTable(section).split('\n')).toEqual([
      '|  | 64 | 512 |',
      '| --- | ---: | ---: |',
      '| clmbr | 200 (100 to 300) | 1,234 (1,234 to 1,234) |',
      '| torch | 50: 3.00x (2.00 to 4.00) |  |',
    ]);
  });

  test('replace what was measured before, and nothing else', () => {
    const text = 'a\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nb\n';
    expect(replaceMeasured(text, 'new')).toBe('a\n<!-- measured: begin -->\n\nnew\n<!-- measured: end -->\nb\n');
    expect(() => replaceMeasured('nothing', 'new')).toThrow('measured: begin');
  });
});

test('contenders take turns, and one that fails is left out of what follows', () => {
  const order: string[] = [];
  const measured = alternate(['a', 'b', 'c'], 2, (name: string, round: number) => {
    order.push(`${name}${round}`);
    if (name === 'b') throw new Error('no such file');
    return name === 'c' && round > 0 ? undefined : { speed: round + 1 };
  });
  expect(order).toEqual(['a0', 'b0', 'c0', 'a1', 'c1']);
  expect(measured).toEqual({ rows: { speed: { a: [1, 2], c: [1] } }, failures: { b: 'no such file' } });
});

test('rounds of a later run follow those of an earlier one', () => {
  const earlier = { title: 'old', rows: { '64': { clmbr: [1], torch: [2] } } };
  const later = { title: 'new', rows: { '64': { clmbr: [3] }, '512': { clmbr: [4] } } };
  expect(appendRounds(earlier, later)).toEqual({
    title: 'new',
    rows: { '64': { clmbr: [1, 3], torch: [2] }, '512': { clmbr: [4] } },
  });
  expect(earlier.rows['64'].clmbr).toEqual([1]);
  expect(appendRounds(undefined, later)).toEqual(later);
});

test('one event reads 371 MB of weights and 66 MB of keys and values', () => {
  expect(bytesOfOneEvent()).toBeCloseTo(0.3708 + 0.0661, 3);
});

describe('charts', () => {
  const chart: string = barChart({
    title: 'Speed <of> & all',
    unit: 'tokens',
    groups: [
      { label: '64', bars: [{ name: 'ours', value: 200, least: 100, most: 400 }] },
      { label: '512', bars: [{ name: 'ours', value: 100 }, { name: 'theirs', value: 50 }] }, // prettier-ignore
    ],
  });

  test('escape texts and draw bars in proportion', () => {
    expect(chart).toContain('Speed &lt;of&gt; &amp; all');
    expect(chart).not.toContain('NaN');
    const widths = [...chart.matchAll(/height="14" fill="(#\w+)"/g)].map((match) => match[1]);
    expect(widths).toHaveLength(3);
    expect(widths[0]).toBe(widths[1]);
    expect(widths[2]).not.toBe(widths[0]);
    const bars = [...chart.matchAll(/width="([\d.]+)" height="14"/g)].map((match) => Number(match[1]));
    expect(bars[0]! / bars[1]!).toBeCloseTo(2, 2);
    expect(bars[1]! / bars[2]!).toBeCloseTo(2, 2);
    // The longest thing drawn is the spread of the first bar: 400.
    expect(bars[0]).toBeCloseTo(225, 0);
  });

  test.each([
    [400, 100],
    [3000, 500],
    [7, 1],
    [0.9, 0.2],
  ])('a scale up to %d has steps of %d', (most, step) => {
    expect(gridStep(most)).toBeCloseTo(step, 12);
  });
});
