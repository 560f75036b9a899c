import { Interrupted } from './interruption.ts';
import { oneLine } from './text.ts';

/** A mistake in the arguments that only shows when the command looks at them. */
export class UsageError extends Error {}

interface CodedError extends Error {
  code: string;
}

/** By name, so that the library need not be loaded to tell. */
function isClmbrError(error: unknown): error is CodedError {
  return error instanceof Error && error.name === 'ClmbrError';
}

/** What went wrong, in one line. */
export function explain(error: unknown): string {
  if (error instanceof Interrupted || error instanceof UsageError) return oneLine(error.message);
  if (isClmbrError(error)) return `${oneLine(error.message)} (${error.code})`;
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `${oneLine(message)} (INTERNAL; --debug shows where)`;
}

/** 2 for wrong usage, 128 and the signal's number when the user stopped it, otherwise 1. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  return error instanceof UsageError || (isClmbrError(error) && error.code === 'INVALID_ARGUMENT') ? 2 : 1;
}
