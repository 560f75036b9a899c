import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toMicroseconds } from '../../lib/time.ts';
import type { Time } from '../../lib/types.ts';
import { expectClmbrError } from '../support/expect-error.ts';

describe('toMicroseconds', () => {
  it.each([
    ['1970-01-01', 0n],
    ['1970-01-01T00:00', 0n],
    ['1970-01-01 00:00:00', 0n],
    ['1969-12-31T23:59:59.999999Z', -1n],
    ['1969-12-31T23:59:59.5', -500_000n],
    ['2024-01-01T10:00:00', 1704103200000000n],
    ['2024-01-01T10:00:00.000001', 1704103200000001n],
    ['2024-01-01t10:00:00.1z', 1704103200100000n],
    ['2024-01-01T10:00:00,123456789', 1704103200123456n],
    ['2024-01-01T12:00:00+02:00', 1704103200000000n],
    ['2024-01-01T12:00:00+0200', 1704103200000000n],
    ['2024-01-01T12:00:00 +02', 1704103200000000n],
    ['2024-01-01T04:30:00-05:30', 1704103200000000n],
    ['2024-02-29', 1709164800000000n],
    ['0001-01-01', -62135596800000000n],
    ['0099-12-31', -59011545600000000n],
    ['1850-06-01', -3773779200000000n],
    ['+012024-01-01', 317273587200000000n],
    ['2024-01-01T24:00:00', 1704153600000000n],
    ['2024-12-31T24:00', 1735689600000000n],
    ['2016-12-31T23:59:60Z', 1483228800000000n],
  ])('%s', (text, expected) => {
    expect(toMicroseconds(text, 'start')).toBe(expected);
  });

  it('does not depend on the time zone of the process', () => {
    const before = process.env['TZ'];
    try {
      for (const zone of ['America/Los_Angeles', 'Asia/Kolkata', 'UTC']) {
        process.env['TZ'] = zone;
        expect(toMicroseconds('2024-07-01T10:00:00', 'start')).toBe(1719828000000000n);
        expect(toMicroseconds('2024-07-01', 'start')).toBe(1719792000000000n);
      }
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });

  it('keeps microseconds as they are, and the milliseconds of a Date', () => {
    for (const micro of [0n, -1n, 2n ** 63n - 1n, 1n - 2n ** 63n]) expect(toMicroseconds(micro, 'start')).toBe(micro);
    expect(toMicroseconds(new Date(-1), 'start')).toBe(-1000n);
    expect(toMicroseconds(new Date('2024-01-01T10:00:00.123Z'), 'start')).toBe(1704103200123000n);
  });

  it('agrees with Date on every text that Date prints', () => {
    const dates = fc.date({ min: new Date(-8.6e15), max: new Date(8.6e15), noInvalidDate: true });
    fc.assert(
      fc.property(dates, (date) => {
        expect(toMicroseconds(date.toISOString().replace('-000000-', '0000-'), 'start')).toBe(
          BigInt(date.getTime()) * 1000n,
        );
      }),
      { seed: 5 },
    );
  });

  it.each([
    '',
    'yesterday',
    '2024',
    '2024-1-1',
    '2024-13-01',
    '2024-00-10',
    '2024-01-00',
    '2024-02-30',
    '2023-02-29',
    '2024-02-30T24:00:00',
    '2024-01-01T24:00:01',
    '2024-01-01T24:00:00.5',
    '2024-01-01T25:00',
    '2024-01-01T10:60',
    '2024-01-01T10:00:61',
    '2024-01-01T10:00:00+24:00',
    '2024-01-01T10:00:00+02:60',
    '2024-01-01T10:00:00.1234567890',
    '2024-01-01T10',
    '2024-01-01T10:00:00 UTC',
    '20240101',
    '1704103200',
    ' 2024-01-01',
    '2024-01-01\n',
    '+300000-01-01',
  ])('refuses %j', async (text) => {
    const error = await expectClmbrError(() => toMicroseconds(text, 'at[3]'), 'INVALID_INPUT', 'at[3]:');
    if (text.length > 4) expect(error.message).not.toContain(text.trim());
  });

  it('refuses what is no time, without repeating it', async () => {
    const values: unknown[] = [
      1704103200,
      NaN,
      new Date(NaN),
      2n ** 63n,
      -(2n ** 63n),
      -(2n ** 63n) - 1n,
      null,
      undefined,
      {},
      true,
    ];
    for (const value of values) {
      const error = await expectClmbrError(() => toMicroseconds(value as Time, 'start'), 'INVALID_INPUT', 'start:');
      expect(error.message).not.toMatch(/1704103200|9223372036854775808/);
    }
  });
});
