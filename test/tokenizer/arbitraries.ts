import fc from 'fast-check';
import { category, plain, range } from './reference.ts';
import type { ConfigEntry } from './reference.ts';

/** Few codes, so that kinds meet in one code; some are traps for lookups in plain objects, some look like token texts. */
export const codes = [
  'A/1',
  'B/2',
  'constructor',
  '__proto__',
  'toString',
  '1',
  'é/🙂',
  '\ufeffA',
  'A/1 || x',
  '[PAD]',
];
export const texts = ['x', 'y', 'a,b', 'a', 'b', '', '1', 'None || 0.0 - 1.0', 'Détectable', '__proto__'];
const numbers = [
  -Number.MAX_VALUE,
  -Infinity,
  -1,
  -0,
  0,
  1,
  1.5,
  2,
  Math.fround(28.9),
  28.9,
  Number.MAX_VALUE,
  Infinity,
];

const code = fc.constantFrom(...codes);
const text = fc.constantFrom(...texts);
const edge = fc.constantFrom(...numbers);

export const entries: fc.Arbitrary<ConfigEntry[]> = fc.array(
  fc.oneof(
    fc.tuple(code, fc.constantFrom(null, '', 'A description', 'Décrit 🙂')).map(([c, d]) => plain(c, d)),
    fc
      .tuple(code, edge, edge, fc.constantFrom('None', 'mg/dL', '', null))
      .map(([c, a, b, unit]) => range(c, Math.min(a, b), Math.max(a, b), unit)),
    fc.tuple(code, fc.array(text, { minLength: 1, maxLength: 3 })).map(([c, t]) => category(c, ...t)),
  ),
  { minLength: 1, maxLength: 25 },
);

export const value = fc.oneof(
  fc.constantFrom(undefined, null, '', true, false, NaN, 5e-324, ...numbers),
  text,
  fc.constantFrom('z', '1.0', ' '),
);

export const event = fc.record({ code: fc.oneof(code, fc.constantFrom('Z/9', '', 'hasOwnProperty')), value });
