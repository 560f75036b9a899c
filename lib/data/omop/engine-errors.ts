import { tmpdir } from 'node:os';
import { ClmbrError } from '../../errors.ts';

export function missingDuckdb(cause: unknown): ClmbrError {
  const isAbsent = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
  const problem = isAbsent ? 'which is not installed' : 'which cannot be loaded here';
  return new ClmbrError(
    'ADDON_UNAVAILABLE',
    `OMOP tables are read with the package @duckdb/node-api, ${problem}: run \`npm install @duckdb/node-api\`.`,
    { cause },
  );
}

export function noTemporaryFolder(cause: unknown): ClmbrError {
  const text = `Cannot make a folder in ${tmpdir()}: ${(cause as Error).message}; TMPDIR names another place.`;
  return new ClmbrError('WRITE_FAILED', text, { cause });
}

/**
 * An error of DuckDB in our words. Its own message may quote rows, so neither the message nor the error itself goes on: only what kind it is.
 *
 * @param what the file or table that was read
 */
export function explainFailure(cause: unknown, what: string, temporaryFolder: string): ClmbrError {
  const message = cause instanceof Error ? cause.message : '';
  const kind = /^([A-Z][A-Za-z ]*?)\s*(Error|Exception)?:/.exec(message)?.[1] ?? 'unknown';
  const details = { what, kind };
  const error = (code: 'FILE_UNREADABLE' | 'INVALID_INPUT' | 'OUT_OF_MEMORY' | 'WRITE_FAILED', text: string) =>
    new ClmbrError(code, text, { details });
  if (/No space left|max_temp_directory_size|Disk quota/i.test(message))
    return error('WRITE_FAILED', `Sorting ${what} needs more room in ${temporaryFolder}; TMPDIR names another folder.`);
  if (/Out of Memory|failed to (allocate|pin|offload)/i.test(message))
    return error('OUT_OF_MEMORY', `Sorting ${what} needs more memory than DuckDB may use.`);
  if (/state machine reached an invalid state/.test(message))
    return error('INVALID_INPUT', `${what}: expected the same line ending on every line, found several.`);
  if (/GZIP|gzip/.test(message))
    return error('INVALID_INPUT', `${what}: expected a whole gzip file, found one that is cut off or damaged.`);
  if (/Could not set lock|being used by another process/i.test(message))
    return error('FILE_UNREADABLE', `Cannot read ${what}: another program has it open for writing.`);
  if (kind === 'Permission')
    return error(
      'FILE_UNREADABLE',
      `${what}: expected only tables and files of its own folder, found a view on others.`,
    );
  if (kind === 'IO') return error('FILE_UNREADABLE', `Cannot read ${what}: reading failed or the file is damaged.`);
  if (kind === 'INTERRUPT') return error('INVALID_INPUT', `Reading ${what} was interrupted.`);
  return error('INVALID_INPUT', `${what}: expected a readable table, found one that DuckDB refuses (${kind} error).`);
}
