/**
 * Checks of what callers pass. Every message names the parameter, what was expected and what came, but never a value that could
 * belong to a patient.
 */
import { ClmbrError } from './errors.ts';

/** A short name of what a value is, for messages. */
export function describeType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isFinite(value) ? `the number ${value}` : String(value);
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'without prototype'})`;
  return value === undefined ? 'undefined' : `a ${typeof value}`;
}

export function invalidArgument(parameter: string, expected: string, found: unknown): ClmbrError {
  return new ClmbrError('INVALID_ARGUMENT', `${parameter}: expected ${expected}, found ${describeType(found)}.`, {
    details: { parameter, expected },
  });
}

/** `undefined` counts as an empty object; names that the call does not know are refused, so that a typing error is noticed. */
export function checkOptions<T extends object>(
  value: T | undefined,
  parameter: string,
  known: readonly (keyof T & string)[],
): Partial<T> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidArgument(parameter, 'an object', value);
  for (const key of Object.keys(value)) {
    if (!(known as readonly string[]).includes(key)) {
      throw new ClmbrError(
        'INVALID_ARGUMENT',
        `${parameter}: expected options named ${known.join(', ')}, found '${key}'.`,
        {
          details: { parameter, option: key },
        },
      );
    }
  }
  return value;
}

export function checkInteger(value: unknown, parameter: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw invalidArgument(parameter, `an integer from ${least} to ${most}`, value);
  }
  return value;
}

export function checkNumber(value: unknown, parameter: string, least: number, most: number): number {
  if (typeof value !== 'number' || !(value >= least && value <= most)) {
    throw invalidArgument(parameter, `a number from ${least} to ${most}`, value);
  }
  return value;
}

export function checkBoolean(value: unknown, parameter: string): boolean {
  if (typeof value !== 'boolean') throw invalidArgument(parameter, 'true or false', value);
  return value;
}

export function checkString(value: unknown, parameter: string): string {
  if (typeof value !== 'string') throw invalidArgument(parameter, 'a string', value);
  return value;
}

export function checkChoice<T extends string>(value: unknown, parameter: string, choices: readonly T[]): T {
  if (!(choices as readonly unknown[]).includes(value)) {
    const expected = `one of ${choices.map((choice) => `'${choice}'`).join(', ')}`;
    const found = typeof value === 'string' ? `'${value.slice(0, 40)}'` : describeType(value);
    throw new ClmbrError('INVALID_ARGUMENT', `${parameter}: expected ${expected}, found ${found}.`, {
      details: { parameter, expected },
    });
  }
  return value as T;
}

export function checkFunction<T>(value: unknown, parameter: string): T {
  if (typeof value !== 'function') throw invalidArgument(parameter, 'a function', value);
  return value as T;
}

/** Accepts anything that behaves as an AbortSignal. */
export function checkSignal(value: unknown, parameter: string): AbortSignal {
  const signal = value as Partial<AbortSignal> | null;
  if (
    typeof signal !== 'object' ||
    signal === null ||
    typeof signal.aborted !== 'boolean' ||
    typeof signal.addEventListener !== 'function' ||
    typeof signal.throwIfAborted !== 'function'
  ) {
    throw invalidArgument(parameter, 'an AbortSignal', value);
  }
  return value as AbortSignal;
}

/** Applies a check unless the option is absent. */
export function optional<T, F>(value: unknown, fallback: F, check: (value: unknown) => T): T | F {
  return value === undefined ? fallback : check(value);
}
