import { toMicroseconds } from '../../time.ts';
import type { Json } from './json.ts';
import { at } from './json.ts';

/** Microseconds since 1970 UTC; a year or a month stands for its first moment. Undefined where the text is no time. */
export function toTime(text: string): bigint | undefined {
  let whole = text;
  if (text.length === 4) whole = `${text}-01-01`;
  else if (text.length === 7) whole = `${text}-01`;
  try {
    return toMicroseconds(whole, 'time');
  } catch {
    return undefined;
  }
}

/** The first of some paths at which a resource has a time. */
export function timeAt(resource: Json, paths: readonly string[]): bigint | 'no-time' | 'bad-time' {
  for (const path of paths) {
    const value = at(resource, path);
    if (value === undefined || value === null) continue;
    return (typeof value === 'string' ? toTime(value) : undefined) ?? 'bad-time';
  }
  return 'no-time';
}
