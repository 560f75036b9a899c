import { ClmbrError } from '../errors.ts';
import type { LabelValues } from './builder.ts';
import type { LabelColumnName } from './table.ts';

const boolean = /^(?:true|false)$/i;
const booleanOrDigit = /^(?:true|false|[01])$/i;
const integer = /^[+-]?\d{1,19}$/;
// In time linear to the text: no two parts that take the same characters stand side by side.
const float = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)$/i;

const forms: Record<LabelColumnName, { pattern: RegExp; expected: string }> = {
  boolean_value: { pattern: booleanOrDigit, expected: 'true, false, 1 or 0' },
  integer_value: { pattern: integer, expected: 'a whole number' },
  float_value: { pattern: float, expected: 'a number' },
  categorical_value: { pattern: /^/, expected: 'a text' },
};

export const labelColumnNames = Object.keys(forms) as LabelColumnName[];

/** The column whose type fits all of some texts: `True` is boolean, `1` is an integer. */
export function kindOfTexts(texts: readonly string[]): LabelColumnName {
  if (texts.every((text) => boolean.test(text))) return 'boolean_value';
  if (texts.every((text) => integer.test(text))) return 'integer_value';
  return texts.every((text) => float.test(text)) ? 'float_value' : 'categorical_value';
}

/** @throws ClmbrError `INVALID_INPUT` that names the place, never the text */
export function parseLabel<Name extends LabelColumnName>(name: Name, text: string, where: string): LabelValues[Name] {
  const { pattern, expected } = forms[name];
  const value = pattern.test(text) ? readers[name](text) : undefined;
  if (value !== undefined) return value;
  throw new ClmbrError('INVALID_INPUT', `${where}: ${name}: expected ${expected}, found another text.`);
}

const readers: { [Name in LabelColumnName]: (text: string) => LabelValues[Name] | undefined } = {
  boolean_value: (text) => /^(?:true|1)$/i.test(text),
  integer_value: (text) => {
    const value = BigInt(text.replace('+', ''));
    return BigInt.asIntN(64, value) === value ? value : undefined;
  },
  float_value: (text) => {
    if (/nan/i.test(text)) return NaN;
    if (/inf/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
    return Number(text);
  },
  categorical_value: (text) => text,
};
