import { checkShard, shardOf } from '../data/shard.ts';
import type { Shard } from '../data/shard.ts';
import { checkAsyncIterable, readable } from '../options.ts';
import type { LabelValue } from '../output/index.ts';

/** A patient and the rows of the output that it gives. */
export interface PlacedPatient<P> {
  patient: P;
  /** The number of each of its rows in the output of the whole run, counted from 0: those of the label file, in the order of its label times. */
  positions: readonly number[];
  /** The value of each of its labels. */
  labels?: readonly LabelValue[] | undefined;
}

/**
 * Places patients in the order in which they come: the way of a run without labels. Each has one row, or one for each of its own label times.
 * With a shard only its patients come out, at the places that they have among all.
 */
export async function* inOrder<P extends { id?: string | number | bigint; at?: readonly unknown[] }>(
  patients: AsyncIterable<P>,
  given?: Shard,
): AsyncGenerator<PlacedPatient<P>, void, undefined> {
  const shard = given === undefined ? undefined : checkShard(given);
  let [row, index] = [0, 0];
  for await (const patient of checkAsyncIterable<P>(patients, 'patients')) {
    const { id, at } = readable('patient', () => ({ id: patient.id, at: patient.at }));
    const rows = at?.length ?? 1;
    const isOurs = shard === undefined || shardOf(id ?? index, shard.count) === shard.index;
    const first = row;
    row += rows;
    index++;
    if (isOurs) yield { patient, positions: Array.from({ length: rows }, (_, i) => first + i) };
  }
}
