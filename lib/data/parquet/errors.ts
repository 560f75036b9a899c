import { ClmbrError } from '../../errors.ts';

/** What is wrong inside of a Parquet file. Says names, types and numbers of the format, never a value. */
export class ParquetFault extends Error {}

/** An `INVALID_INPUT` error about a Parquet file, and where in it. */
export function invalidParquet(path: string, message: string, details: Record<string, unknown> = {}): ClmbrError {
  return new ClmbrError('INVALID_INPUT', `${path}: ${message}.`, { details: { path, ...details } });
}

/**
 * Whatever went wrong while bytes of a file were decoded, as an `INVALID_INPUT` error; errors of this package are left alone. Decoders trip over
 * broken files in many ways (reading behind the end of an array above all), and all of them mean the same.
 */
export function asInvalidParquet(error: unknown, path: string, where: string): ClmbrError {
  if (error instanceof ClmbrError) return error;
  const reason = error instanceof ParquetFault ? `: ${error.message}` : '';
  return new ClmbrError('INVALID_INPUT', `${path}: ${where}: expected readable Parquet, found broken data${reason}.`, {
    cause: error,
    details: { path, where },
  });
}
