import { isDeepStrictEqual } from 'node:util';
import { parsePythonJson } from '../../../../lib/json.ts';
import { demand, visible } from '../judge.ts';
import { mutateBytes } from '../mutate-bytes.ts';
import { mutateNode, raw, toNode, write } from '../mutate-json.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';

const words: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity };

/**
 * The same by another way: a bare word of Python becomes a text that occurs nowhere else, and JSON.parse does the rest.
 * Strings are skipped by a rule that takes broken ones too, since JSON.parse refuses those later.
 */
function oracle(text: string): unknown {
  const mark = '\u2063word ';
  const token = /"(?:[^"\\]|\\[^])*(?:"|$)|(?<![\w.+-])(?:NaN|-?Infinity)(?![\w.+-])/g;
  const marked = text.replace(token, (one) => (one.startsWith('"') ? one : `"${mark}${one}"`));
  // A word is a value: as a key it would pass for a string.
  if (new RegExp(`"${mark}[^"]*"[ \\t\\n\\r]*:`).test(marked)) throw new SyntaxError('a word as a key');
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? words[value.slice(mark.length)] : value,
  );
}

const original = toNode({
  id: 'a "quoted" \\ text',
  values: [0, -0, 1.5e3, -2e-7, NaN, Infinity, -Infinity, true, false, null, '', 'é🙂\u0000\ud800'],
  nested: { a: { b: [[], {}, [[[]]]] }, NaN: 'NaN, Infinity', __proto__x: 1 },
});

const pieces = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  ' ',
  '\t',
  '\n',
  '\ufeff',
  '\u00a0',
  'NaN',
  'Infinity',
  '-',
  '1',
];
const more = [
  'e',
  '.',
  '0',
  '"a"',
  '"__proto__"',
  'true',
  'null',
  '\u0001',
  '\ud800',
  '"\\u00',
  '1e5',
  '-Infinity',
  '[]',
];

function randomText(random: Random): string {
  switch (random.below(4)) {
    case 0:
      return Array.from({ length: random.below(12) }, () => random.pick([...pieces, ...more])).join('');
    case 1:
      return mutateBytes(random, Buffer.from(write(original))).toString('utf8');
    case 2: {
      const list = { kind: 'array' as const, items: [original, raw(random.pick(more)), raw('NaN')] };
      return write(mutateNode(random, list));
    }
    default: {
      const text = write(mutateNode(random, original));
      const at = random.below(text.length + 1);
      return random.chance(0.5) ? text : text.slice(0, at) + random.pick([...pieces, ...more]) + text.slice(at);
    }
  }
}

type Result = { value: unknown } | { error: unknown };

function attempt(parse: () => unknown): Result {
  try {
    return { value: parse() };
  } catch (error) {
    return { error };
  }
}

/** Deep texts cost JSON.parse its stack when it has to call a reviver. */
function isDeep(text: string): boolean {
  return /[[{]{500}/.test(text);
}

/** JSON as Python writes it, beside another way to read it. */
export const pythonJson: Target = async () => {
  return async (random, keep) => {
    const text = randomText(random);
    keep('text.json', Buffer.from(text, 'utf16le'));
    const found = attempt(() => parsePythonJson(text));
    if ('error' in found) {
      demand(found.error instanceof SyntaxError, `threw what is no SyntaxError: ${(found.error as Error).stack}`);
      const { message } = found.error;
      demand(/^(invalid JSON at|JSON ends too early, at) position \d+$/.test(message), `the message is ${message}`);
    }
    if (isDeep(text)) return 'deep';
    const expected = attempt(() => oracle(text));
    const shown = visible(text.slice(0, 300));
    demand('error' in found === 'error' in expected, `${'error' in found ? 'refused' : 'took'} ${shown}`);
    if ('error' in found) return 'SyntaxError';
    demand(isDeepStrictEqual(found.value, (expected as { value: unknown }).value), `misread ${shown}`);
    return 'accepted';
  };
};
