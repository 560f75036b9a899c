import { createHash } from 'node:crypto';
import { ClmbrError } from '../errors.ts';
import { checkAsyncIterable, checkInteger, checkOptions, checkString, invalidArgument, readable } from '../options.ts';

/** Parts of a run. */
export const mostShards = 1_000_000;

/** One of `count` parts of the patients; see {@link shardOf}. */
export interface Shard {
  /** Counted from 0. */
  index: number;
  count: number;
}

/**
 * The shard of a patient, from 0 to `count - 1`: the first 8 bytes of the SHA-256 of the identifier's UTF-8 text (a number in decimal digits), as
 * a big-endian whole number without sign, modulo `count`. In Python: `int.from_bytes(sha256(str(id).encode()).digest()[:8], 'big') % count`.
 *
 * @throws ClmbrError `INVALID_ARGUMENT` when `count` is no whole number from 1 to 1,000,000
 */
export function shardOf(id: string | number | bigint, count: number): number {
  checkInteger(count, 'count', 1, mostShards);
  if (typeof id !== 'string' && typeof id !== 'bigint' && !Number.isFinite(id))
    throw invalidArgument('id', 'a text or a whole number', typeof id === 'number' ? NaN : id);
  const digest = createHash('sha256').update(String(id)).digest();
  // By halves, each of which a double holds exactly.
  const high = digest.readUInt32BE(0) % count;
  return (high * (2 ** 32 % count) + (digest.readUInt32BE(4) % count)) % count;
}

/**
 * Reads `I/N`, counted from 0.
 *
 * @throws ClmbrError `INVALID_ARGUMENT`
 */
export function parseShard(text: string): Shard {
  checkString(text, 'shard');
  const match = /^([0-9]{1,7})\/([0-9]{1,7})$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && count >= 1 && count <= mostShards && index < count) return { index, count };
  throw new ClmbrError(
    'INVALID_ARGUMENT',
    'shard: expected I/N with I from 0 to N - 1, such as 0/8 for the first of eight.',
    { details: { parameter: 'shard', expected: 'I/N' } },
  );
}

/** Those of the patients that are in the shard. */
export async function* onlyShard<T extends { id: string | number | bigint }>(
  patients: AsyncIterable<T>,
  shard: Shard,
): AsyncGenerator<T, void, undefined> {
  const { index, count } = checkShard(shard);
  for await (const patient of checkAsyncIterable<T>(patients, 'patients'))
    if (
      shardOf(
        readable('patient', () => patient.id),
        count,
      ) === index
    )
      yield patient;
}

/** @throws ClmbrError `INVALID_ARGUMENT` */
export function checkShard(shard: Shard): Shard {
  const { index, count } = checkOptions<Shard>(shard, 'shard', ['index', 'count']);
  const parts = checkInteger(count, 'shard.count', 1, mostShards);
  return { index: checkInteger(index, 'shard.index', 0, parts - 1), count: parts };
}
