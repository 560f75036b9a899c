/** Events of the vocabulary that test/support/checkpoint.ts writes: code k has a bare entry, one range and one category. */
import type { Event, Time } from '../../lib/types.ts';

const withStart = (event: Event, start?: Time | null): Event => (start === undefined ? event : { ...event, start });

/** Gives token `bareId(k)`. */
export const bare = (k: number, start?: Time | null): Event => withStart({ code: `TEST/${k}` }, start);
/** Gives token `rangeId(k)`. */
export const measured = (k: number, start?: Time | null): Event =>
  withStart({ code: `TEST/${k}`, value: 3 * k + 1.25 }, start);
/** Gives token `categoryId(k)`. */
export const worded = (k: number, start?: Time | null): Event =>
  withStart({ code: `TEST/${k}`, value: `value ${3 * k + 2}` }, start);
export const unknown = (code = 'NOWHERE/1', start?: Time | null): Event => withStart({ code }, start);

export const bareId = (k: number): number => 7 + 3 * k;
export const rangeId = (k: number): number => 8 + 3 * k;
export const categoryId = (k: number): number => 9 + 3 * k;
