import type { DataEvent } from '../data/dataset.ts';

/** How many label times come before every event that has a time. */
export function timesBeforeFirstEvent(events: readonly DataEvent[], times: readonly bigint[]): number {
  if (times.length === 0) return 0;
  let first: bigint | undefined;
  for (const { start } of events) {
    if (start === undefined || start === null) continue;
    if (first === undefined || start < first) first = start;
  }
  return first === undefined ? times.length : times.filter((time) => time < first).length;
}

/**
 * For each label time the number of tokens whose event starts at it or before, or has no start.
 *
 * @param tokenEvents for each token the index of its event
 */
export function tokensUntil(events: readonly DataEvent[], tokenEvents: Int32Array, times: readonly bigint[]): number[] {
  const starts = new BigInt64Array(tokenEvents.length);
  let dated = 0;
  for (const event of tokenEvents) {
    const { start } = events[event]!;
    if (start !== undefined && start !== null) starts[dated++] = start;
  }
  const sorted = starts.subarray(0, dated).sort();
  return times.map((time) => tokenEvents.length - dated + countUntil(sorted, time));
}

/** How many of the sorted numbers are not above `limit`. */
function countUntil(sorted: BigInt64Array, limit: bigint): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
