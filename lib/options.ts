/**
 * Checks of what callers pass. Every message names the parameter, what was expected and what came, but never a value that could
 * belong to a patient.
 */
import { types } from 'node:util';
import { ClmbrError } from './errors.ts';

/** A short name of what a value is, for messages. */
export function describeType(value: unknown): string {
  if (value === null) return 'null';
  if (isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isFinite(value) ? `the number ${value}` : String(value);
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'object') return `an object (${classOf(value)})`;
  return value === undefined ? 'undefined' : `a ${typeof value}`;
}

/** Asks the prototype, and shows nothing but the plain name of a class: an object out of data may call anything its constructor. */
function classOf(value: object): string {
  try {
    const prototype = Object.getPrototypeOf(value) as { constructor?: unknown } | null;
    if (prototype === null) return 'without prototype';
    const { constructor } = prototype;
    const name = typeof constructor === 'function' ? constructor.name : '';
    return /^[A-Za-z_$][\w$]{0,40}$/.test(name) ? name : 'of a class without a name';
  } catch {
    return 'that cannot be read';
  }
}

export function invalidArgument(parameter: string, expected: string, found: unknown): ClmbrError {
  return new ClmbrError('INVALID_ARGUMENT', `${parameter}: expected ${expected}, found ${describeType(found)}.`, {
    details: { parameter, expected },
  });
}

/** `Array.isArray` throws where it is given a proxy that was revoked. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/**
 * `undefined` counts as an empty object; names that the call does not know are refused, so that a typing error is noticed. Each option is read
 * once: the result is a copy, which stays as it is whatever the caller, a getter or a proxy does afterwards.
 */
export function checkOptions<T extends object>(
  value: T | undefined,
  parameter: string,
  known: readonly (keyof T & string)[],
): Partial<T> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || isArray(value))
    throw invalidArgument(parameter, 'an object', value);
  for (const key of readable(parameter, () => Object.keys(value))) {
    if (!(known as readonly string[]).includes(key)) {
      throw new ClmbrError(
        'INVALID_ARGUMENT',
        `${parameter}: expected options named ${known.join(', ')}, found '${key.slice(0, 40)}'.`,
        {
          details: { parameter, option: key },
        },
      );
    }
  }
  const copy: Partial<T> = {};
  for (const key of known) {
    const one = readable(`${parameter}.${key}`, () => value[key]);
    if (one !== undefined) copy[key] = one;
  }
  return copy;
}

/** `value instanceof type`, which throws where a proxy does. */
export function isInstance<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** Of any realm. */
export function isInt32Array(value: unknown): value is Int32Array {
  return types.isInt32Array(value);
}

/** Runs what reads an object of the caller's: a getter or a proxy that throws is the caller's mistake. */
export function readable<T>(parameter: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ClmbrError) throw cause;
    throw new ClmbrError('INVALID_ARGUMENT', `${parameter}: reading it failed.`, { cause, details: { parameter } });
  }
}

/** Far more than any list of a caller has, and few enough to get memory for. */
export const mostItems = 100_000_000;

/** A copy of an array, which stays as it is whatever the caller does with his. */
export function checkArray(value: unknown, parameter: string, of: string): readonly unknown[] {
  if (!isArray(value)) throw invalidArgument(parameter, `an array of ${of}`, value);
  // `new Array(4e9)` is made at once, and copied in minutes.
  if (readable(parameter, () => value.length) > mostItems)
    throw invalidArgument(parameter, `an array of at most ${mostItems} ${of}`, value);
  return readable(parameter, () => Array.from(value));
}

export function checkInstance<T>(value: unknown, parameter: string, type: abstract new (...args: never[]) => T): T {
  if (!isInstance(value, type)) throw invalidArgument(parameter, `a ${type.name}`, value);
  return value;
}

/** Accepts what has the methods; `what` names the kind of object. */
export function checkMethods<T>(value: unknown, parameter: string, what: string, ...methods: (string | symbol)[]): T {
  const isObject = typeof value === 'object' && value !== null;
  const has = (name: string | symbol) => typeof (value as Record<string | symbol, unknown>)[name] === 'function';
  if (!isObject || !readable(parameter, () => methods.some(has))) throw invalidArgument(parameter, what, value);
  return value as T;
}

export function checkAsyncIterable<T>(value: unknown, parameter: string): AsyncIterable<T> {
  if (ArrayBuffer.isView(value)) throw invalidArgument(parameter, 'an async iterable', value);
  return checkMethods(value, parameter, 'an async iterable', Symbol.asyncIterator, Symbol.iterator);
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
  const isSignal = readable(
    parameter,
    () =>
      typeof signal === 'object' &&
      signal !== null &&
      typeof signal.aborted === 'boolean' &&
      typeof signal.addEventListener === 'function' &&
      typeof signal.removeEventListener === 'function' &&
      typeof signal.throwIfAborted === 'function',
  );
  if (!isSignal) {
    throw invalidArgument(parameter, 'an AbortSignal', value);
  }
  return value as AbortSignal;
}

/** Applies a check unless the option is absent. */
export function optional<T, F>(value: unknown, fallback: F, check: (value: unknown) => T): T | F {
  return value === undefined ? fallback : check(value);
}
