import { ClmbrError } from '../errors.ts';
import { mostItems } from '../options.ts';

/** Runs what reads an object of the caller's: getters and proxies may throw. */
export function reading<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ClmbrError) throw cause;
    throw new ClmbrError('INVALID_INPUT', `${where}: reading it failed.`, { cause, details: { key: where } });
  }
}

/** The same for one item of a list, without making names for those that can be read. */
export function itemAt<T>(list: ArrayLike<T>, i: number, where: string): T {
  try {
    return list[i]!;
  } catch (cause) {
    throw new ClmbrError('INVALID_INPUT', `${where}[${i}]: reading it failed.`, { cause, details: { key: where } });
  }
}

/** A proxy, and a class of its own, may answer anything. */
export function lengthOf(list: ArrayLike<unknown>, where: string): number {
  const length: unknown = reading(where, () => list.length);
  if (typeof length === 'number' && Number.isInteger(length) && length >= 0 && length <= mostItems) return length;
  throw new ClmbrError('INVALID_INPUT', `${where}: expected a list of at most ${mostItems} entries, found another.`, {
    details: { key: where },
  });
}
