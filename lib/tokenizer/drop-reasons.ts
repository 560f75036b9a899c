import type { DropReason } from '../types.ts';

/** Every reason for which an event gives no token. */
export const dropReasons = [
  'unknown-code',
  'value-outside-ranges',
  'no-matching-category',
  'no-plain-entry',
] as const satisfies readonly DropReason[];

/** Where a token id is expected, a reason is a negative number. */
export function dropReasonOf(outcome: number): DropReason {
  return dropReasons[-1 - outcome]!;
}
