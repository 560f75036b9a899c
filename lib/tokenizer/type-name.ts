import { isArray } from '../options.ts';

/** What a value is, in a word for messages; never the value itself, which may belong to a patient. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (isArray(value)) return 'a list';
  switch (typeof value) {
    case 'object':
      return 'an object';
    default:
      return `a ${typeof value}`;
  }
}
