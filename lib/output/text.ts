import { invalidArgument } from '../options.ts';

const smallestNormal = 2 ** -126;

/** The fewest decimal digits that give back a float32 number, in JSON's spelling; `null` for what JSON has no number for. */
export function float32Text(x: number): string {
  if (!Number.isFinite(x)) return 'null';
  if (Object.is(x, -0)) return '-0';
  // Six digits always survive in a float32, so fewer are found among six; not so where it has fewer bits.
  for (let digits = Math.abs(x) < smallestNormal ? 1 : 6; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return String(short);
  }
  return String(Number(x.toPrecision(9)));
}

const latestDate = 8_640_000_000_000_000_000n;

/** Microseconds since 1970 as ISO 8601 text in UTC, `2024-01-31T12:00:00.000000Z`; beyond the reach of dates the number itself. */
export function timeText(microseconds: bigint): string {
  if (typeof microseconds !== 'bigint') throw invalidArgument('microseconds', 'a bigint', microseconds);
  if (microseconds > latestDate || microseconds < -latestDate) return String(microseconds);
  const fraction = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((microseconds - fraction) / 1000n)).toISOString().slice(0, -5);
  return `${seconds}.${String(fraction).padStart(6, '0')}Z`;
}
