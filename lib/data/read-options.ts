import { checkBoolean, checkOptions, checkSignal, optional } from '../options.ts';
import type { ReadDatasetOptions } from './dataset.ts';

export const readOptionNames = ['signal', 'skipBadRows', 'zeroAsMissing'] as const;

/**
 * The settings that all readers have.
 *
 * @param more names of further options, which the caller checks
 * @throws ClmbrError `INVALID_ARGUMENT`
 */
export function checkReadOptions<T extends ReadDatasetOptions>(
  options: T | undefined,
  more: readonly (keyof T & string)[] = [],
): Partial<T> & Required<Pick<ReadDatasetOptions, 'skipBadRows' | 'zeroAsMissing'>> {
  const given = checkOptions<T>(options, 'options', [...readOptionNames, ...more]);
  return {
    ...given,
    signal: optional(given.signal, undefined, (value) => checkSignal(value, 'signal')),
    skipBadRows: optional(given.skipBadRows, false, (value) => checkBoolean(value, 'skipBadRows')),
    zeroAsMissing: optional(given.zeroAsMissing, false, (value) => checkBoolean(value, 'zeroAsMissing')),
  };
}
