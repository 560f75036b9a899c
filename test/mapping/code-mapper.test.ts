import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CodeCandidate, DataEvent } from '../../lib/data/dataset.ts';
import { CodeMapper, CodeTable, UnitRules } from '../../lib/mapping/index.ts';
import { ClmbrTokenizer, parseTokenizerConfig } from '../../lib/tokenizer/index.ts';
import { config, plain, range } from '../tokenizer/reference.ts';

const codes = [
  'Gender/F',
  'LOINC/2236-8',
  'SNOMED/1',
  'SNOMED/2',
  'Ethnicity/Not Hispanic',
  'Read/ab',
  'Read/AB',
  'Bare',
];
const tokenizer = new ClmbrTokenizer(
  parseTokenizerConfig(config([...codes.map((code) => plain(code)), range('LOINC/2345-7', 0, 100)]), 'test'),
);

function mapOne(event: DataEvent, mapper = new CodeMapper(tokenizer)) {
  const mapped = mapper.map([event]);
  const { rules, unknown } = mapper.usage();
  const used = Object.entries(rules).find(([, count]) => count > 0)?.[0] ?? (unknown > 0 ? 'unknown' : 'none');
  return { code: mapped.map(({ code }) => code).join(' '), rule: used };
}

describe('CodeMapper', () => {
  it.each([
    ['SNOMED/1', 'SNOMED/1', 'same'],
    ['LOINC//2236-8', 'LOINC/2236-8', 'separator'],
    ['LOINC//2236-8//mg/dL', 'LOINC/2236-8', 'separator'],
    ['GENDER/F', 'Gender/F', 'letter-case'],
    ['GENDER//F', 'Gender/F', 'letter-case'],
    ['ETHNICITY/NOT HISPANIC', 'Ethnicity/Not Hispanic', 'letter-case'],
    ['READ/ab', 'Read/ab', 'letter-case'],
    // Two codes that differ in case alone: neither is meant for sure.
    ['Read/Ab', 'Read/Ab', 'unknown'],
    ['bare', 'Bare', 'letter-case'],
    ['//x', '//x', 'unknown'],
    ['LOINC//', 'LOINC//', 'unknown'],
    ['SNOMED/3', 'SNOMED/3', 'unknown'],
    ['__proto__', '__proto__', 'unknown'],
  ])('%s -> %s by %s', (from, to, rule) => {
    expect(mapOne({ code: from })).toEqual({ code: to, rule });
  });

  it('takes the first candidate that the vocabulary has: of the event, of the data set, and only then in another case', () => {
    const candidates: CodeCandidate[] = [
      { code: 'snomed/1', rule: 'standard' },
      { code: 'SNOMED/9', rule: 'standard' },
      { code: 'SNOMED/2', rule: 'maps-to' },
    ];
    expect(mapOne({ code: 'LOCAL/1', candidates })).toEqual({ code: 'SNOMED/2', rule: 'maps-to' });
    const ofDataset = new CodeMapper(tokenizer, { candidates: () => [{ code: 'SNOMED/1', rule: 'parent' }] });
    expect(mapOne({ code: 'LOCAL/1' }, ofDataset)).toEqual({ code: 'SNOMED/1', rule: 'parent' });
    expect(mapOne({ code: 'LOCAL/1', candidates: candidates.slice(0, 1) })).toEqual({
      code: 'SNOMED/1',
      rule: 'letter-case',
    });
  });

  it('keeps events of one code with different candidates apart', () => {
    const one: CodeCandidate[] = [{ code: 'SNOMED/1', rule: 'standard' }];
    const two: CodeCandidate[] = [{ code: 'SNOMED/2', rule: 'standard' }];
    const events = [one, two, undefined, two, one].map((candidates) => ({
      code: 'X/1',
      ...(candidates && { candidates }),
    }));
    const mapped = new CodeMapper(tokenizer).map(events);
    expect(mapped.map(({ code }) => code)).toEqual(['SNOMED/1', 'SNOMED/2', 'X/1', 'SNOMED/2', 'SNOMED/1']);
  });

  it('lets the table of the user go first, one event for each known target', () => {
    const table = new CodeTable().add('SNOMED/1', 'SNOMED/2').add('SNOMED/1', 'Gender/F').add('SNOMED/1', 'NO/1');
    table.add('SNOMED/2', 'NO/2').add('L/1', 'L/1').add('L/1', 'SNOMED/1').add('Bare', 'Bare').add('Bare', 'SNOMED/1');
    const mapper = new CodeMapper(tokenizer, { table });
    const start = 5n;
    const events = ['SNOMED/1', 'SNOMED/2', 'Bare', 'L/1'].map((code) => ({ code, value: 1, start }));
    const mapped = mapper.map(events);
    expect(mapped.map(({ code }) => code)).toEqual([
      'SNOMED/2',
      'Gender/F',
      'SNOMED/2',
      'Bare',
      'SNOMED/1',
      'SNOMED/1',
    ]);
    expect(mapped.every((event) => event.value === 1 && event.start === start)).toBe(true);
    expect(mapper.usage()).toMatchObject({
      rules: { table: 3, same: 1 },
      unknown: 0,
      added: 2,
      unknownTargets: 3,
    });
  });

  it('gives the array of the caller where nothing changes, and never changes an event', () => {
    const mapper = new CodeMapper(tokenizer);
    const same = [{ code: 'SNOMED/1' }, { code: 'unknown' }];
    expect(mapper.map(same)).toBe(same);
    const patient = { id: 1, events: same };
    expect(mapper.mapPatient(patient)).toBe(patient);
    const tokens = { id: 1, ids: Int32Array.of(7) };
    expect(mapper.mapPatient(tokens)).toBe(tokens);
    const events = Object.freeze([...same, { code: 'GENDER/F' }].map((event) => Object.freeze(event)));
    const mapped = mapper.map(events);
    expect(mapped).toEqual([...same, { code: 'Gender/F' }]);
    expect(mapped[0]).toBe(events[0]);
  });

  it('converts values by code, mapped or not, and unit, rounds to float32 and counts', () => {
    const units = new UnitRules();
    units.add({ code: 'LOINC/2345-7', unit: 'mmol/L', factor: 18.0182, offset: 0 });
    units.add({ code: 'LOINC//2345-7', unit: 'odd', factor: 2, offset: 1 });
    units.add({ code: 'LOINC/2345-7', unit: 'odd', factor: 9, offset: 9 });
    units.add({ code: 'LOINC/2345-7', unit: '', factor: 1, offset: -3 });
    const mapper = new CodeMapper(tokenizer, { units });
    const code = 'LOINC/2345-7';
    const mapped = mapper.map([
      { code, value: 5.5, unit: 'mmol/L' },
      { code, value: 5.5, unit: 'mg/dL' },
      { code: 'LOINC//2345-7', value: 5, unit: 'odd' },
      { code, value: 5 },
      { code, value: 'high', unit: 'mmol/L' },
    ]);
    expect(mapped.map(({ value, unit }) => [value, unit])).toEqual([
      [Math.fround(5.5 * 18.0182), null],
      [5.5, 'mg/dL'],
      [11, null],
      [2, null],
      ['high', 'mmol/L'],
    ]);
    expect(mapper.usage().conversions.map(({ unit, factor, events }) => [unit, factor, events])).toEqual([
      ['mmol/L', 18.0182, 1],
      ['odd', 9, 0],
      ['', 1, 1],
      ['odd', 2, 1],
    ]);
  });

  it('answers the same from memory, and counts every event once', () => {
    const known = fc.constantFrom(
      ...codes,
      ...codes.map((code) => code.toUpperCase().replace('/', '//')),
      'no',
      'NO//1',
    );
    fc.assert(
      fc.property(fc.array(known, { maxLength: 60 }), (list) => {
        const mapper = new CodeMapper(tokenizer);
        const mapped = mapper.map(list.map((code) => ({ code })));
        expect(mapped.map(({ code }) => code)).toEqual(list.map((code) => mapOne({ code }).code));
        const { rules, unknown } = mapper.usage();
        expect(Object.values(rules).reduce((sum, n) => sum + n, unknown)).toBe(list.length);
      }),
    );
  });
});
