import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClmbrError } from '../../lib/errors.ts';
import { parseTokenizerConfig } from '../../lib/tokenizer/vocabulary.ts';
import { category, config, plain, range } from './reference.ts';
import type { ConfigEntry } from './reference.ts';

const parse = (json: unknown): ReturnType<typeof parseTokenizerConfig> => parseTokenizerConfig(json, 'vocab.json');
const bad = (entry: unknown): unknown => config([plain('A/1'), entry as ConfigEntry]);
const tokenization = (type: string, value: unknown): unknown => ({ code: 'A/2', type, tokenization: value });
const edges = (start: unknown, end: unknown, unit: unknown = 'None'): unknown =>
  tokenization('numerical_range', { unit, range_start: start, range_end: end });

describe('parseTokenizerConfig', () => {
  it('gives ids after the seven special tokens, and the entries as they are in the file', () => {
    const vocabulary = parse(
      config([
        plain('SNOMED/1', 'Disease'),
        range('LOINC/2', -Number.MAX_VALUE, 4),
        range('LOINC/2', 4, Infinity, null),
        category('C/3', 'a', ''),
      ]),
    );
    expect(vocabulary.size).toBe(11);
    expect(vocabulary.entry(4)).toEqual({ id: 4, code: '[PAD]', kind: 'special', description: null });
    expect(vocabulary.entry(7)).toEqual({ id: 7, code: 'SNOMED/1', kind: 'code', description: 'Disease' });
    expect(vocabulary.entry(8)).toEqual({
      ...{ id: 8, code: 'LOINC/2', kind: 'numerical_range', description: null },
      ...{ unit: 'None', rangeStart: -Number.MAX_VALUE, rangeEnd: 4 },
    });
    expect(vocabulary.entry(10)).toEqual({
      ...{ id: 10, code: 'C/3', kind: 'categorical', description: null },
      categories: ['a', ''],
    });
    expect([7, 8, 9, 10].map((id) => vocabulary.token(id))).toEqual([
      'SNOMED/1',
      'LOINC/2 || None || -1.7976931348623157e+308 - 4.0',
      'LOINC/2 || None || 4.0 - inf',
      'C/3 || a,',
    ]);
  });

  it.each<[string, unknown, string]>([
    ['a list', [], 'vocab.json: top level: expected an object with a list "tokens", found a list.'],
    ['the file of another tokenizer', { vocab: {} }, 'vocab.json: tokens: expected a list of entries, found nothing.'],
    ['no entries', config([]), 'vocab.json: tokens: expected at least one entry, found an empty list.'],
    ['an entry null', { tokens: [plain('A/1'), null] }, 'tokens[1]: expected an object, found null'],
    ['an entry that is text', { tokens: ['A/1'] }, 'tokens[0]: expected an object, found a string'],
    ['a code that is a number', bad({ code: 7, type: 'code' }), 'tokens[1].code: expected a string, found a number'],
    ['an empty code', bad(plain('')), 'tokens[1].code: expected a code, found an empty string'],
    [
      'a lone surrogate',
      bad(plain('A/\ud800')),
      'tokens[1].code: expected well-formed Unicode, found a lone surrogate',
    ],
    [
      'a lone surrogate in a text',
      bad(category('A', '\udc00')),
      'tokens[1].tokenization.categories[0]: expected well-formed',
    ],
    [
      'a huge code',
      bad(plain('A'.repeat(70_000))),
      'tokens[1].code: expected a string of at most 65535 characters, found 70000',
    ],
    [
      'a description that is a list',
      bad({ ...plain('B'), description: [] }),
      'tokens[1].description: expected a string or null, found a list',
    ],
    [
      'no type',
      bad({ code: 'A/2' }),
      'tokens[1].type: expected "code", "numerical_range" or "categorical", found nothing',
    ],
    ['another type', bad(tokenization('range', {})), 'found "range"'],
    ['a type of Object.prototype', bad(tokenization('constructor', {})), 'found "constructor"'],
    [
      'no tokenization',
      bad(tokenization('numerical_range', null)),
      'tokens[1].tokenization: expected an object, found null',
    ],
    [
      'an edge that is text',
      bad(edges('1', 2)),
      'tokens[1].tokenization.range_start: expected a number, found a string',
    ],
    ['an edge missing', bad(edges(1, undefined)), 'tokens[1].tokenization.range_end: expected a number, found nothing'],
    ['NaN', bad(edges(NaN, 1)), 'tokens[1].tokenization.range_start: expected a number, found NaN'],
    ['edges in reverse', bad(edges(2, 1)), 'range_end: expected a number of at least range_start (2), found 1'],
    [
      'a unit that is a number',
      bad(edges(1, 2, 3)),
      'tokens[1].tokenization.unit: expected a string or null, found a number',
    ],
    ['no categories', bad(tokenization('categorical', {})), 'categories: expected a list of strings, found nothing'],
    [
      'an empty list of categories',
      bad(category('A/2')),
      'categories: expected at least one string, found an empty list',
    ],
    ['a category null', bad(category('A/2', 'a', null as never)), 'categories[1]: expected a string, found null'],
  ])('refuses %s', (_, json, message) => {
    const attempt = (): unknown => parse(json);
    expect(attempt).toThrow(ClmbrError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_VOCABULARY' }) as Error);
    expect(attempt).toThrow(message);
  });

  it('meets any JSON with a vocabulary or a ClmbrError', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const entry = fc.record(
      {
        code: fc.oneof(fc.string(), value),
        type: fc.oneof(fc.constantFrom('code', 'numerical_range', 'categorical'), value),
        description: value,
        tokenization: fc.oneof(
          fc.record({ unit: value, range_start: fc.double(), range_end: fc.double() }),
          fc.record({ categories: fc.array(fc.oneof(fc.string(), value)) }),
          value,
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(value, fc.record({ tokens: fc.array(fc.oneof({ weight: 9, arbitrary: entry }, value)) })),
        (json) => {
          try {
            const vocabulary = parse(json);
            for (let id = 0; id < vocabulary.size; id++) vocabulary.token(id);
          } catch (error) {
            expect(error).toMatchObject({ name: 'ClmbrError', code: 'INVALID_VOCABULARY' });
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
