import { describe, expect, it } from 'vitest';
import { ClmbrTokenizer } from '../../lib/tokenizer/tokenizer.ts';
import { parseTokenizerConfig } from '../../lib/tokenizer/vocabulary.ts';
import { category, config, plain, range } from './reference.ts';

const a1c = 'Hemoglobin A1c/Hemoglobin.total in Blood';
const tokenizer = new ClmbrTokenizer(
  parseTokenizerConfig(
    config([
      plain('Gender/F', 'Female'),
      { ...range('LOINC/4548-4', 6.5, Math.fround(7.2)), description: a1c },
      { ...range('LOINC/4548-4', -Number.MAX_VALUE, Math.fround(5.2), '%'), description: a1c },
      { ...range('LOINC/4548-4', 9.9, Infinity), description: a1c },
      range('X/1', -Infinity, Number.MAX_VALUE),
      range('X/2', 3, 3),
      category('SNOMED/228490006', 'N', 'No "way"'),
      plain('RxNorm/6809', 'metformin'),
      plain('RxNorm/860975', '24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet'),
      plain('RxNorm/1', 'pseudometformin'),
      plain('SNOMED/metformin'),
      plain('metformin'),
      plain('metformin/2'),
      plain('constructor'),
    ]),
    'test',
  ),
);

describe('decode', () => {
  it('tells what every kind of id stands for', () => {
    expect(tokenizer.decode([4, 7, 8])).toEqual([
      { id: 4, token: '[PAD]', code: null, kind: 'special', description: null },
      { id: 7, token: 'Gender/F', code: 'Gender/F', kind: 'code', description: 'Female' },
      {
        ...{ id: 8, token: 'LOINC/4548-4 || None || 6.5 - 7.199999809265137', code: 'LOINC/4548-4' },
        ...{ kind: 'numerical_range', range: { start: 6.5, end: 7.199999809265137 }, description: a1c },
      },
    ]);
    expect(tokenizer.decode(Int32Array.of(9, 13))).toMatchObject([
      { unit: '%', range: { start: -Number.MAX_VALUE } },
      { category: 'N,No "way"', token: 'SNOMED/228490006 || N,No "way"', description: null },
    ]);
    expect(tokenizer.decode([])).toEqual([]);
  });

  it.each<[unknown, string]>([
    [[7, 21], 'ids[1]: expected a token id from 0 to 20, found 21.'],
    [[-1], 'ids[0]: expected a token id from 0 to 20, found -1.'],
    [[7.5], 'found 7.5.'],
    [[NaN], 'found NaN.'],
    [[7n], 'found a bigint.'],
    [['7'], 'found a string.'],
    ['7', 'ids: expected a list of token ids, found a string.'],
  ])('refuses other ids (%#)', (ids, message) => {
    const attempt = (): unknown => tokenizer.decode(ids as number[]);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error);
    expect(attempt).toThrow(message);
  });
});

describe('describe', () => {
  it.each([
    [4, '[PAD] (padding)'],
    [0, '[BOS] (beginning of the timeline)'],
    [7, 'Female (Gender/F)'],
    [8, `${a1c} (LOINC/4548-4) from 6.5 to 7.2`],
    [9, `${a1c} (LOINC/4548-4) below 5.2 %`],
    [10, `${a1c} (LOINC/4548-4) 9.9 or more`],
    [11, 'X/1 with any value'],
    [12, 'X/2 of 3'],
    [13, 'SNOMED/228490006 = "N" or "No \\"way\\""'],
  ])('says of %i: %s', (id, text) => {
    expect(tokenizer.describe(id)).toBe(text);
  });

  it('refuses an id that is not there', () => {
    expect(() => tokenizer.describe(99)).toThrow('id: expected a token id from 0 to 20, found 99.');
  });
});

describe('idsOf', () => {
  it('lists all tokens of a code', () => {
    expect(tokenizer.idsOf('LOINC/4548-4')).toEqual([8, 9, 10]);
    expect(tokenizer.idsOf('constructor')).toEqual([20]);
    expect(tokenizer.idsOf('toString')).toEqual([]);
  });
});

describe('search', () => {
  const found = (query: string, limit?: number): string[] =>
    tokenizer.search(query, limit === undefined ? {} : { limit }).map(({ code }) => code);

  it('ranks the exact code, beginnings of codes, beginnings of words, and the rest', () => {
    expect(found('Metformin')).toEqual([
      ...['metformin', 'metformin/2', 'RxNorm/6809', 'RxNorm/860975', 'RxNorm/1', 'SNOMED/metformin'],
    ]);
    expect(found('metformin', 2)).toEqual(['metformin', 'metformin/2']);
    expect(found('metformin', 0)).toEqual([]);
  });

  it('gives description and ids, and finds words in any order', () => {
    expect(tokenizer.search('blood a1c')).toEqual([{ code: 'LOINC/4548-4', description: a1c, ids: [8, 9, 10] }]);
    expect(found('loinc/')).toEqual(['LOINC/4548-4']);
    expect(found('nothing like it')).toEqual([]);
    expect(found('  ')).toEqual([]);
  });

  it('refuses other queries', () => {
    expect(() => tokenizer.search(7 as never)).toThrow('query: expected a string, found a number.');
    expect(() => tokenizer.search('x', { limit: -1 })).toThrow(
      'limit: expected a whole number of at least 0, found -1.',
    );
  });
});

describe('suggest', () => {
  it('finds the code behind another spelling of it', () => {
    for (const spelling of [
      'LOINC//4548-4',
      'loinc/4548-4',
      'LOINC:4548-4',
      '4548-4',
      'LOINC/4584-4',
      ' LOINC/4548-4',
    ]) {
      expect(tokenizer.suggest(spelling)[0]).toBe('LOINC/4548-4');
    }
    expect(tokenizer.suggest('RxNorm/6808', 1)).toEqual(['RxNorm/6809']);
    expect(tokenizer.suggest('ICD10CM/E11.9')).toEqual([]);
    expect(tokenizer.suggest('')).toEqual([]);
    expect(tokenizer.suggest('x'.repeat(1_000_000))).toEqual([]);
  });
});
