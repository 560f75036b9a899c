import type { Future, GeneratedEvent } from '../../lib/model/index.ts';

/** All futures, in the order they came. */
export async function collect(futures: AsyncIterable<Future>): Promise<Future[]> {
  const list: Future[] = [];
  for await (const future of futures) list.push(future);
  return list;
}

/** All futures by sample number. */
export async function bySample(futures: AsyncIterable<Future>): Promise<Future[]> {
  return (await collect(futures)).toSorted((a, b) => a.sample - b.sample);
}

export function idsOf({ events }: { events: readonly GeneratedEvent[] }): number[] {
  return events.map(({ id }) => id);
}
