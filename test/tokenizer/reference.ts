import { pythonFloat } from '../../lib/tokenizer/python-float.ts';

/** An entry of tokenizer_config.json as the tests write it. */
export interface ConfigEntry {
  code: string;
  type: 'code' | 'numerical_range' | 'categorical';
  description?: string | null;
  tokenization: { unit?: string | null; range_start?: number; range_end?: number; categories?: string[] };
}

export function config(tokens: readonly ConfigEntry[]): unknown {
  return {
    timestamp: '2024-01-01T00:00:00',
    metadata: {},
    tokens: tokens.map((t) => ({ description: null, stats: [], ...t })),
  };
}

export const plain = (code: string, description: string | null = null): ConfigEntry => ({
  code,
  type: 'code',
  description,
  tokenization: {},
});

export const range = (code: string, start: number, end: number, unit: string | null = 'None'): ConfigEntry => ({
  code,
  type: 'numerical_range',
  tokenization: { unit, range_start: start, range_end: end },
});

export const category = (code: string, ...categories: string[]): ConfigEntry => ({
  code,
  type: 'categorical',
  tokenization: { categories },
});

export function textOf(entry: ConfigEntry): string {
  const { unit, range_start, range_end, categories } = entry.tokenization;
  if (entry.type === 'code') return entry.code;
  if (entry.type === 'categorical') return `${entry.code} || ${categories!.join(',')}`;
  return `${entry.code} || ${unit ?? 'None'} || ${pythonFloat(range_start!)} - ${pythonFloat(range_end!)}`;
}

/**
 * The rules of the reference written down as plainly as possible (filters over the whole list for every event), to compare the
 * product with. Gives the id, or the reason for none.
 */
export function naiveEncode(tokens: readonly ConfigEntry[], code: string, value: unknown): number | string {
  const idOf = (found: ConfigEntry): number => 7 + tokens.map(textOf).lastIndexOf(textOf(found));
  const own = tokens.filter((t) => t.code === code);
  if (own.length === 0) return 'unknown-code';
  const ranges = own.filter((t) => t.type === 'numerical_range');
  if (ranges.length > 0 && (typeof value === 'number' || typeof value === 'boolean')) {
    const x = Number(value);
    const found = ranges.filter((t) => t.tokenization.range_start! <= x && x <= t.tokenization.range_end!);
    return found.length > 0 ? idOf(found[0]!) : 'value-outside-ranges';
  }
  const categorical = own.filter((t) => t.type === 'categorical');
  if (categorical.length > 0 && typeof value === 'string' && value.length > 0) {
    const found = categorical.filter((t) => t.tokenization.categories!.includes(value));
    return found.length > 0 ? idOf(found[0]!) : 'no-matching-category';
  }
  const bare = own.filter((t) => t.type === 'code');
  return bare.length > 0 ? idOf(bare[0]!) : 'no-plain-entry';
}
