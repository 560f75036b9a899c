import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClmbrTokenizer } from '../../lib/tokenizer/tokenizer.ts';
import { parseTokenizerConfig, vocabularyFromTables, vocabularyToTables } from '../../lib/tokenizer/vocabulary.ts';
import type { Vocabulary, VocabularyColumn, VocabularyTables } from '../../lib/tokenizer/vocabulary.ts';
import { entries, event } from './arbitraries.ts';
import { category, config, plain, range } from './reference.ts';

const contentOf = (vocabulary: Vocabulary): unknown[] =>
  Array.from({ length: vocabulary.size }, (_, id) => [vocabulary.entry(id), vocabulary.token(id)]);

const sample = (): VocabularyTables =>
  structuredClone(
    vocabularyToTables(
      parseTokenizerConfig(
        config([
          plain('A/1', 'First'),
          range('B/2', 0, 1),
          range('B/2', 1, 2, 'mg'),
          category('é/3', 'a', 'b'),
          category('A/1', 'b'),
          plain('A/1', 'Again'),
          plain('C/4'),
        ]),
        'test',
      ),
    ),
  );

describe('the tables of a vocabulary', () => {
  it('give it back without loss', () => {
    fc.assert(
      fc.property(entries, fc.array(event, { maxLength: 20 }), (tokens, events) => {
        const vocabulary = parseTokenizerConfig(config(tokens), 'test');
        const tables = vocabularyToTables(vocabulary);
        const again = vocabularyFromTables(tables, 'tables');
        expect(contentOf(again)).toEqual(contentOf(vocabulary));
        expect(vocabularyToTables(again)).toEqual(tables);
        expect(new ClmbrTokenizer(again).encode(events)).toEqual(new ClmbrTokenizer(vocabulary).encode(events));
      }),
      { numRuns: 500 },
    );
  });

  it('hold no empty column, so that any container can carry them', () => {
    const tables = vocabularyToTables(parseTokenizerConfig(config([plain('A')]), 'test'));
    expect(Object.keys(tables).sort()).toEqual([
      ...['codes.offsets', 'codes.text', 'entry.code', 'entry.description', 'entry.kind', 'format'],
    ]);
  });

  it.each<[string, string, VocabularyColumn | undefined]>([
    ['format', 'version 2', 2],
    ['format', 'nothing', undefined],
    ['codes.text', 'the type Uint32Array', new Uint32Array(9)],
    ['codes.text', 'a last offset', new Uint8Array(3)],
    ['codes', 'text that is not UTF-8', undefined],
    ['codes.offsets', 'a last offset', undefined],
    ['entry.code', '0 elements where 7', undefined],
    ['entry.code', 'an index of 4', Uint32Array.of(0, 1, 1, 2, 0, 0, 4)],
    ['codes', 'a code without an entry', Uint32Array.of(0, 1, 1, 2, 0, 0, 0)],
    ['entry.kind', 'no entries', undefined],
    ['entry.kind', 'an unknown kind 9', Uint8Array.of(1, 2, 2, 3, 3, 1, 9)],
    ['range.start', '2 elements where 1', Uint8Array.of(1, 2, 1, 3, 3, 1, 1)],
    ['entry.description', 'an index of 3', Uint32Array.of(3, 0, 0, 0, 0, 0, 0)],
    ['range.start', 'no number up to', Float64Array.of(0, NaN)],
    ['range.start', 'no number up to', Float64Array.of(0, 3)],
    ['range.unit', 'an index of 2', Uint32Array.of(0, 2)],
    ['category.first', 'does not ascend', Uint32Array.of(0, 3, 3)],
    ['category.first', 'other than 0', Uint32Array.of(1, 2, 3)],
    ['category.item', '3 elements where 4', Uint32Array.of(0, 2, 4)],
    ['category.item', 'an index of 7', Uint32Array.of(0, 1, 7)],
    ['duplicate.winner', 'does not come later', Uint32Array.of(0)],
    ['duplicate.winner', 'an index of 99', Uint32Array.of(99)],
    ['duplicate.entry', 'an entry of another text', Uint32Array.of(1)],
    ['duplicate.winner', '0 elements where 1', undefined],
  ])('are refused when %s has %s', (name, problem, column) => {
    const tables = sample();
    const changed = new Map<string, string>([
      ['a code without an entry', 'entry.code'],
      ['2 elements where 1', 'entry.kind'],
      ['3 elements where 4', 'category.first'],
      ['a last offset', name],
    ]).get(problem);
    if (problem === 'text that is not UTF-8') (tables['codes.text'] as Uint8Array)[0] = 0xff;
    else if (column === undefined) delete tables[changed ?? name];
    else tables[changed ?? name] = column;
    const attempt = (): unknown => vocabularyFromTables(tables, 'model.gguf');
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_VOCABULARY' }) as Error);
    expect(attempt).toThrow(/^model\.gguf: vocabulary table "/);
    expect(attempt).toThrow(problem);
  });

  it('are refused when an offset cuts a character or goes back, or a code comes twice', () => {
    const attempt = (change: (tables: VocabularyTables) => void): (() => unknown) => {
      const tables = sample();
      change(tables);
      return () => vocabularyFromTables(tables, 'x');
    };
    const offsets = (...values: number[]): ((tables: VocabularyTables) => void) => {
      return (tables) => (tables['codes.offsets'] = Uint32Array.from(values));
    };
    expect([...(sample()['codes.offsets'] as Uint32Array)]).toEqual([0, 3, 6, 10, 13]);
    expect(attempt(offsets(0, 3, 7, 10, 13))).toThrow('inside a character');
    expect(attempt(offsets(0, 6, 3, 10, 13))).toThrow('a decreasing offset');
    expect(attempt(offsets(0, 3, 3, 10, 13))).toThrow('an empty code');
    expect(attempt(offsets(1, 3, 6, 10, 13))).toThrow('a first offset');
    const twice = attempt((tables) => (tables['codes.text'] = new TextEncoder().encode('A/1A/1é/3C/4')));
    expect(twice).toThrow('the same text twice');
    const sameText = attempt((tables) => (tables['categories.text'] = new TextEncoder().encode('aa')));
    expect(sameText).toThrow('vocabulary table "categories" has the same text twice');
  });

  it('never do worse than a ClmbrError when damaged', () => {
    const names = Object.keys(sample());
    const damage = fc.record({
      name: fc.constantFrom(...names),
      at: fc.nat(),
      byte: fc.oneof(fc.constantFrom(0, 1, 255, 128), fc.nat(255)),
      how: fc.constantFrom('byte', 'byte', 'byte', 'cut', 'drop', 'swap'),
      other: fc.constantFrom(...names),
    });
    let refused = 0;
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
        const tables = sample();
        for (const { name, at, byte, how, other } of damages) damageColumn(tables, name, at, byte, how, other);
        try {
          const tokenizer = new ClmbrTokenizer(vocabularyFromTables(tables, 'x'));
          for (let id = 0; id < tokenizer.size; id++) tokenizer.describe(id);
          tokenizer.encode([{ code: 'A/1' }, { code: 'B/2', value: 1 }, { code: 'é/3', value: 'b' }]);
          tokenizer.search('a');
        } catch (error) {
          expect(error).toMatchObject({ name: 'ClmbrError', code: 'INVALID_VOCABULARY' });
          refused++;
        }
      }),
      { numRuns: 5000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });
});

function damageColumn(
  tables: VocabularyTables,
  name: string,
  at: number,
  byte: number,
  how: string,
  other: string,
): void {
  const column = tables[name];
  if (how === 'drop') delete tables[name];
  if (how === 'swap' && tables[other] !== undefined) tables[name] = structuredClone(tables[other]);
  if (!ArrayBuffer.isView(column)) return;
  if (how === 'cut') tables[name] = column.slice(0, at % (column.length + 1));
  if (how === 'byte' && column.byteLength > 0) new Uint8Array(column.buffer)[at % column.byteLength] = byte;
}
