import { ClmbrError } from '../errors.ts';

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
