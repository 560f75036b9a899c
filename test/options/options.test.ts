import { describe, expect, it } from 'vitest';
import * as options from '../../lib/options.ts';
import { expectClmbrError } from '../support/expect-error.ts';

const refuses = (action: () => unknown, ...texts: string[]) => expectClmbrError(action, 'INVALID_ARGUMENT', ...texts);

describe('checks of options', () => {
  it('pass on what is right', () => {
    const signal = new AbortController().signal;
    const callback = () => undefined;
    expect(options.checkInteger(3, 'p', 1, 3)).toBe(3);
    expect(options.checkNumber(0.5, 'p', 0, 1)).toBe(0.5);
    expect(options.checkBoolean(false, 'p')).toBe(false);
    expect(options.checkString('', 'p')).toBe('');
    expect(options.checkChoice('b', 'p', ['a', 'b'])).toBe('b');
    expect(options.checkFunction(callback, 'p')).toBe(callback);
    expect(options.checkSignal(signal, 'p')).toBe(signal);
    expect(options.checkOptions<{ a?: number }>({ a: 1 }, 'p', ['a'])).toEqual({ a: 1 });
    expect(options.checkOptions<{ a?: number }>(undefined, 'p', ['a'])).toEqual({});
  });

  it('name the parameter, what was expected and what came', async () => {
    for (const value of [0, 4, 1.5, NaN, Infinity, '2', 2n, null, undefined])
      await refuses(() => options.checkInteger(value, 'threads', 1, 3), 'threads: expected an integer from 1 to 3');
    for (const value of [-0.1, 1.1, NaN, '0', null])
      await refuses(() => options.checkNumber(value, 'share', 0, 1), 'share: expected a number from 0 to 1');
    await refuses(() => options.checkInteger(4, 'threads', 1, 3), 'found the number 4');
    await refuses(() => options.checkBoolean(0, 'flag'), 'flag: expected true or false, found the number 0');
    await refuses(() => options.checkString(['x'], 'path'), 'path: expected a string, found an array');
    await refuses(() => options.checkChoice('c', 'mode', ['a', 'b']), "mode: expected one of 'a', 'b', found 'c'");
    await refuses(() => options.checkChoice(7, 'mode', ['a']), 'found the number 7');
    await refuses(() => options.checkFunction({}, 'onProgress'), 'onProgress: expected a function, found an object');
    await refuses(
      () => options.checkArray(new Array(4e9), 'list', 'ids'),
      'list: expected an array of at most 100000000 ids',
    );
    for (const value of [
      null,
      {},
      new AbortController(),
      { aborted: false },
      { aborted: false, addEventListener: () => 1 },
    ])
      await refuses(() => options.checkSignal(value, 'signal'), 'signal: expected an AbortSignal');
  });

  it('refuse names that the call does not know', async () => {
    const check = (value: unknown) => () => options.checkOptions(value as { a?: 1 }, 'options', ['a']);
    await refuses(check({ a: 1, poling: 2 }), 'options: expected options named a', "'poling'");
    for (const value of [null, [], 'a', 1, () => 1]) await refuses(check(value), 'options: expected an object');
  });

  it('cut a long wrong choice short', async () => {
    const error = await refuses(() => options.checkChoice('x'.repeat(10_000), 'mode', ['a']));
    expect(error.message.length).toBeLessThan(120);
  });

  it('leave an absent option at its default', () => {
    expect(options.optional(undefined, 7, () => 8)).toBe(7);
    expect(options.optional(null, 7, () => 8)).toBe(8);
  });

  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    [[], 'an array'],
    [-0.5, 'the number -0.5'],
    [NaN, 'NaN'],
    ['secret', 'a string'],
    [1n, 'a bigint'],
    [true, 'a boolean'],
    [new Date(), 'an object (Date)'],
    [Object.create(null), 'an object (without prototype)'],
    [() => 1, 'a function'],
    [Symbol('x'), 'a symbol'],
  ])('describe %o', (value, text) => {
    expect(options.describeType(value)).toBe(text);
  });
});
