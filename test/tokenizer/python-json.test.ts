import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePythonJson } from '../../lib/json.ts';

const succeeds = (parse: () => unknown): boolean => {
  try {
    parse();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return false;
  }
};

describe('parsePythonJson', () => {
  it('reads the bare words of Python as numbers', () => {
    expect(parsePythonJson(' {"a": [NaN, Infinity, -Infinity, 1.5e3], "NaN": "NaN, Infinity"}\n')).toEqual({
      a: [NaN, Infinity, -Infinity, 1500],
      NaN: 'NaN, Infinity',
    });
    expect(parsePythonJson('NaN')).toBeNaN();
    expect(parsePythonJson('[-0,NaN]')).toEqual([-0, NaN]);
  });

  it('agrees with JSON.parse on every document', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        expect(parsePythonJson(text)).toEqual(JSON.parse(text));
        // The second element makes JSON.parse refuse, so that our own parser reads the first one.
        expect((parsePythonJson(`[${text},NaN]`) as unknown[])[0]).toEqual(JSON.parse(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses what JSON.parse refuses', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'{}[],:"\\ntruefalsl0123456789.eE+- \t'), maxLength: 12 });
    fc.assert(
      fc.property(noise, (text) => {
        const ours = succeeds(() => parsePythonJson(`[${text},NaN]`));
        expect(ours).toBe(succeeds(() => JSON.parse(`[${text},0]`)));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    '{NaN: 1}',
    '1NaN',
    'NaN1',
    '-NaN',
    '+Infinity',
    '1Infinity',
    '[Infinity5]',
    'nan',
    '[NaN',
    '{"a": NaN',
    '[NaN,]',
    '"a',
    '',
    '[NaN] x',
    '["\u0001", NaN]',
    '["\\x", NaN]',
    '[01, NaN]',
  ])('refuses %j', (text) => {
    expect(() => parsePythonJson(text)).toThrow(SyntaxError);
  });

  it('keeps a member called __proto__ a member', () => {
    const value = parsePythonJson('{"__proto__": {"x": NaN}, "constructor": NaN}') as object;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Object.getOwnPropertyDescriptors(value)).toEqual(
      Object.getOwnPropertyDescriptors(
        JSON.parse('{"__proto__": {"x": null}, "constructor": null}', (_, x) => x ?? NaN),
      ),
    );
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('passes escapes and lone surrogates', () => {
    expect(parsePythonJson('["\\"NaN\\\\", "\\ud800", "é\\n", NaN]')).toEqual(['"NaN\\', '\ud800', 'é\n', NaN]);
  });

  it('says where and never what', () => {
    const message = (text: string): string => {
      try {
        parsePythonJson(text);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(message('{"id": "Jane Doe", "value": secret}')).toBe('invalid JSON at position 28');
    expect(message('{"id": "Jane Doe')).toBe('JSON ends too early, at position 16');
    expect(message('[NaN, "Jane\u0000Doe"]')).toBe('invalid JSON at position 6');
  });

  it('takes deep and long texts without trouble', () => {
    const depth = 200_000;
    let value = parsePythonJson(`${'['.repeat(depth)}NaN${']'.repeat(depth)}`);
    for (let i = 0; i < depth; i++) value = (value as unknown[])[0];
    expect(value).toBeNaN();
    expect(() => parsePythonJson('['.repeat(depth))).toThrow(SyntaxError);
    const long = `"${'\\\\'.repeat(500_000)}\\""`;
    expect((parsePythonJson(`[${long}, NaN]`) as string[])[0]).toHaveLength(500_001);
    expect(() => parsePythonJson(`"${'\\"'.repeat(500_000)}`)).toThrow(SyntaxError);
  });
});
