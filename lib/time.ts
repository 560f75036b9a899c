import { types } from 'node:util';
import { ClmbrError } from './errors.ts';
import { describeType } from './options.ts';
import type { Time } from './types.ts';

const isoTime =
  /^([+-]\d{6}|\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/** The range of 64-bit microseconds, 290,000 years around 1970. */
const limit = 2n ** 63n;
/** What NumPy and pandas take for no time: as a time it would be lost in outputs. */
export const notATime = -limit;

/**
 * Microseconds since 1970-01-01 in UTC. ISO 8601 texts keep their microseconds (further digits are cut off), and without an offset
 * they are UTC, not local time.
 *
 * @throws ClmbrError INVALID_INPUT that names `where`, never the value
 */
export function toMicroseconds(time: Time, where: string): bigint {
  if (typeof time === 'bigint') {
    if (time <= notATime || time >= limit) throw invalid(where, 'a bigint outside of 64 bits, or that of no time');
    return time;
  }
  if (typeof time === 'string') return fromText(time, where);
  // Dates of other realms are some too; what only passes for one, or has a method of its own, is not asked.
  if (types.isDate(time)) {
    const milliseconds = Date.prototype.getTime.call(time);
    if (Number.isNaN(milliseconds)) throw invalid(where, 'an invalid Date');
    return BigInt(milliseconds) * 1000n;
  }
  // A number may be a patient's time in another unit: it does not go into the message.
  throw invalid(where, typeof time === 'number' ? 'a number' : describeType(time));
}

function fromText(text: string, where: string): bigint {
  const match = isoTime.exec(text);
  if (match === null) throw invalid(where, 'a text of another form');
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset = 'Z'] = match;
  const numbers = [Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)] as const;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), numbers[0], numbers[1]);
  const exactDay =
    date.getUTCFullYear() === Number(year) && date.getUTCMonth() === numbers[0] && date.getUTCDate() === numbers[1];
  date.setUTCHours(numbers[2], numbers[3], Math.min(numbers[4], 59));
  // 24:00:00 is the end of a day, and nothing comes after it.
  const endOfDay = numbers[2] === 24 && numbers[3] === 0 && numbers[4] === 0 && Number(fraction) === 0;
  const exact = exactDay && (numbers[2] <= 23 || endOfDay) && numbers[3] <= 59 && numbers[4] <= 60;
  if (!exact || Number.isNaN(date.getTime())) throw invalid(where, 'a date or time that does not exist');
  const leapSecond = numbers[4] === 60 ? 1_000_000n : 0n;
  const microseconds = BigInt(fraction.padEnd(6, '0').slice(0, 6));
  return BigInt(date.getTime() - offsetMinutes(offset, where) * 60_000) * 1000n + microseconds + leapSecond;
}

function offsetMinutes(offset: string, where: string): number {
  if (offset.toUpperCase() === 'Z') return 0;
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0');
  const hours = Number(digits.slice(0, 2));
  const minutes = Number(digits.slice(2));
  if (hours > 23 || minutes > 59) throw invalid(where, 'an offset that does not exist');
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function invalid(where: string, found: string): ClmbrError {
  return new ClmbrError(
    'INVALID_INPUT',
    `${where}: expected a Date, an ISO 8601 text such as '2024-01-31T12:00:00Z', or microseconds since 1970 as bigint, found ${found}.`,
    { details: { key: where } },
  );
}
