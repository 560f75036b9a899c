import { inspect } from 'node:util';
import type { ClmbrErrorCode } from '../../../lib/errors.ts';
import { ClmbrError } from '../../../lib/errors.ts';

/** What may not happen, happened. */
export class Violation extends Error {}

/** Everything that ends a line, moves a cursor or turns text round. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const longestMessage = 2000;

/** Text in ASCII, so that a report of bad characters does not contain them. */
export function visible(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function demand(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new Violation(problem);
}

/**
 * The code of an error that the target's documentation promises.
 *
 * @param secrets texts that nothing of the error may show
 */
export function refusal(error: unknown, allowed: readonly ClmbrErrorCode[], secrets: readonly string[] = []): string {
  if (error instanceof Violation) throw error;
  if (!(error instanceof ClmbrError)) {
    throw new Violation(`threw what is no ClmbrError: ${error instanceof Error ? error.stack : inspect(error)}`);
  }
  const shown = visible(error.message.slice(0, 500));
  demand(allowed.includes(error.code), `the code ${error.code} is not documented here: ${error.stack}`);
  demand(!unprintable.test(error.message), `${error.code} has more than one printable line: ${shown}`);
  demand(error.message.length <= longestMessage, `${error.code} has ${error.message.length} characters: ${shown}`);
  // With its cause and details, which `--debug` and log files show.
  const everything = secrets.length === 0 ? '' : inspect(error, { depth: 8, maxStringLength: null });
  const leaked = secrets.find((secret) => everything.includes(secret));
  demand(leaked === undefined, `${error.code} shows the value ${leaked}: ${everything}`);
  return error.code;
}
