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

/** Of the operating system: its message names what was tried and a path. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

/**
 * What went wrong, in one line. An error that nobody foresaw shows its kind alone: messages of the engine and of other packages quote what they
 * were given, which may be a value of a patient.
 */
export function explain(error: unknown): string {
  if (error instanceof Interrupted || error instanceof UsageError) return oneLine(error.message);
  if (isClmbrError(error)) return `${oneLine(error.message)} (${error.code})`;
  if (isSystemError(error)) return `${oneLine(error.message)} (INTERNAL; --debug shows where)`;
  const kind = error instanceof Error ? oneLine(error.name) : 'something that is no error was thrown';
  return `${kind}: a defect of clmbr; its message may quote data (INTERNAL; --debug shows it, and where)`;
}

/** The stack of an error and of its causes, which `--debug` asks for. */
export function stackOf(error: Error): string {
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack;
}

/** 2 for wrong usage, 128 and the signal's number when the user stopped it, otherwise 1. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  return error instanceof UsageError || (isClmbrError(error) && error.code === 'INVALID_ARGUMENT') ? 2 : 1;
}
