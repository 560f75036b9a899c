import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DataEvent } from '../../lib/data/dataset.ts';
import { CodeMapper, CodeTable, UnitRules } from '../../lib/mapping/index.ts';
import { LengthHistogram } from '../../lib/report/lengths.ts';
import { formatReport, ReportCollector } from '../../lib/report/index.ts';
import { timesBeforeFirstEvent, tokensUntil } from '../../lib/report/label-times.ts';
import { ClmbrTokenizer, parseTokenizerConfig } from '../../lib/tokenizer/index.ts';
import { config, plain, range } from '../tokenizer/reference.ts';

const most = Number.MAX_VALUE;
/** Glucose in mg/dL: ten ranges, not in the order of their values. */
const glucose = [4, 9, 0, 3, 1, 2, 8, 5, 7, 6].map((i) =>
  range('LOINC/2345-7', i === 0 ? -most : 70 + 8 * i, i === 9 ? most : 78 + 8 * i),
);
const two = [range('LOINC/TWO', -most, 1), range('LOINC/TWO', 1, most)];
const three = [range('LOINC/THREE', -most, 1), range('LOINC/THREE', 1, 2), range('LOINC/THREE', 2, 3)];
const tokenizer = new ClmbrTokenizer(
  parseTokenizerConfig(config([plain('Gender/F'), plain('SNOMED/1'), ...glucose, ...two, ...three]), 'test'),
);

const values = (code: string, unit: string | null, list: readonly number[]): DataEvent[] =>
  list.map((value) => ({ code, value, unit }));
const repeated = (count: number, value: number): number[] => new Array<number>(count).fill(value);
const reportOf = (events: DataEvent[]) => {
  const collector = new ReportCollector(tokenizer);
  collector.addPatient({ id: 1, events });
  return collector.report();
};

describe('LengthHistogram', () => {
  it('gives nearest-rank quantiles, exact below 16,384 and at most 0.8 % too low above', () => {
    const length = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2 ** 40 }), fc.maxSafeNat());
    fc.assert(
      fc.property(fc.array(length, { minLength: 1, maxLength: 200 }), (lengths) => {
        const histogram = new LengthHistogram();
        for (const one of lengths) histogram.add(one);
        const sorted = [...lengths].sort((a, b) => a - b);
        const summary = histogram.summary()!;
        expect(summary.min).toBe(sorted[0]);
        expect(summary.max).toBe(sorted.at(-1));
        expect(summary.mean).toBeCloseTo(lengths.reduce((a, b) => a + b, 0) / lengths.length, 3);
        for (const [name, percent] of [
          ['p25', 25],
          ['p50', 50],
          ['p75', 75],
          ['p90', 90],
          ['p95', 95],
          ['p99', 99],
        ] as const) {
          const exact = sorted[Math.ceil((percent * sorted.length) / 100) - 1]!;
          expect(summary[name]).toBeLessThanOrEqual(exact);
          expect(summary[name]).toBeGreaterThanOrEqual(exact < 16_384 ? exact : exact * 0.992);
        }
      }),
    );
    expect(new LengthHistogram().summary()).toBeNull();
  });
});

describe('label times', () => {
  it('counts tokens at and before each, static ones always', () => {
    const start = fc.option(fc.bigInt({ min: -50n, max: 50n }), { nil: null });
    fc.assert(
      fc.property(fc.array(start), fc.array(fc.bigInt({ min: -60n, max: 60n })), (starts, times) => {
        const events = starts.map((at) => ({ code: 'X', ...(at === null ? {} : { start: at }) }));
        const tokens = Int32Array.from(events.keys()).filter((i) => i % 3 !== 0);
        expect(tokensUntil(events, tokens, times)).toEqual(
          times.map((time) => [...tokens].filter((i) => starts[i] === null || starts[i]! <= time).length),
        );
        const before = times.filter((time) => starts.every((at) => at === null || at > time)).length;
        expect(timesBeforeFirstEvent(events, times)).toBe(before);
      }),
    );
  });
});

describe('suspects', () => {
  it('names a code whose values pile up in one unit, beside the same code in the right one', () => {
    const right = Array.from({ length: 60 }, (_, i) => 65 + 2 * i);
    const report = reportOf([
      ...values('LOINC/2345-7', 'mmol/L', repeated(20, 5.5)),
      ...values('LOINC/2345-7', 'mg/dL', right),
    ]);
    expect(report.suspects).toEqual([
      { code: 'LOINC/2345-7', description: null, unit: 'mmol/L', end: 'lowest', share: 1, values: 20 },
    ]);
    const [code] = report.values;
    expect(code).toMatchObject({ code: 'LOINC/2345-7', ranges: 10, values: 80, outside: 0 });
    expect(code!.units.map(({ unit, values: count }) => [unit, count])).toEqual([
      ['mg/dL', 60],
      ['mmol/L', 20],
    ]);
    const low = right.filter((value) => value <= 78).length;
    const high = right.filter((value) => value > 142).length;
    expect(code!.units[0]).toMatchObject({ lowest: low / 60, highest: high / 60 });
    expect(code!.lowest).toBeCloseTo((20 + low) / 80, 12);
  });

  it('needs 20 values, 3 ranges, and more than chance puts at one end', () => {
    expect(reportOf(values('LOINC/2345-7', null, repeated(19, 5))).suspects).toEqual([]);
    expect(reportOf(values('LOINC/TWO', null, repeated(500, 0))).suspects).toEqual([]);
    const high = reportOf(values('LOINC/2345-7', null, [...repeated(11, 5000), ...repeated(10, 100)]));
    expect(high.suspects).toMatchObject([{ unit: '', end: 'highest', values: 21 }]);
    expect(reportOf(values('LOINC/2345-7', null, [...repeated(10, 5000), ...repeated(10, 100)])).suspects).toEqual([]);
    // An even share of three ranges is a third: 5 of 6 are 2.5 times that, and not more.
    expect(reportOf(values('LOINC/THREE', null, [...repeated(50, 0), ...repeated(10, 1.5)])).suspects).toEqual([]);
    expect(reportOf(values('LOINC/THREE', null, [...repeated(51, 0), ...repeated(10, 1.5)])).suspects).toHaveLength(1);
  });

  it('looks at all units together where each has few values', () => {
    const events = ['a', 'b', 'c'].flatMap((unit) => values('LOINC/2345-7', unit, repeated(10, 5)));
    expect(reportOf(events).suspects).toMatchObject([{ unit: null, values: 30, share: 1 }]);
  });

  it('counts values outside of all ranges, and bounds the units of a code', () => {
    const report = reportOf([
      ...values('LOINC/THREE', 'x', [7, NaN, 1.5]),
      ...Array.from({ length: 80 }, (_, i) => ({ code: 'LOINC/2345-7', value: 5, unit: `${i}-`.repeat(500) })),
    ]);
    const [glucoses, threes] = report.values;
    expect(threes).toMatchObject({ values: 3, outside: 2, lowest: 0, highest: 0 });
    expect(report.dropped['value-outside-ranges']).toBe(2);
    expect(glucoses!.units).toHaveLength(51);
    expect(glucoses!.units[0]).toMatchObject({ unit: '…', values: 30 });
    expect(Math.max(...glucoses!.units.map(({ unit }) => unit.length))).toBe(64);
  });
});

describe('ReportCollector', () => {
  const mapper = new CodeMapper(tokenizer, {
    table: new CodeTable().add('L/1', 'SNOMED/1').add('L/1', 'Gender/F').add('L/2', 'NO/1'),
    units: (() => {
      const units = new UnitRules();
      units.add({ code: 'LOINC/2345-7', unit: 'mmol/L', factor: 18.0182, offset: 0 });
      return units;
    })(),
  });
  const dataset = {
    kind: 'fhir' as const,
    skipped: { 'no-time': 4 },
    describe: (code: string) => (code === 'X/1' ? 'what it is' : undefined),
  };
  const collector = new ReportCollector(tokenizer, { dataset, mapper, contextLength: 3 });
  const patients = [
    {
      id: 'secret-1',
      events: [
        { code: 'GENDER/F', start: 10n },
        { code: 'L/1', start: 20n },
        { code: 'X/1', start: 30n },
        { code: 'X/1', start: 31n },
        { code: 'L/2', start: 32n },
        { code: 'LOINC/2345-7', value: 5, unit: 'mmol/L', start: 40n },
      ],
      at: [5n, 10n, 100n],
    },
    { id: 2, events: [] },
    { id: 3, ids: Int32Array.of(7, 8, 9, 10) },
  ];
  for (const patient of patients) {
    const mapped = mapper.mapPatient(patient);
    collector.addPatient(mapped);
    collector.addExpectedRows(mapped);
  }
  const report = collector.report();

  it('adds up', () => {
    expect(report).toMatchObject({
      version: 1,
      input: 'fhir',
      patients: 3,
      patientsAsTokens: 1,
      events: 7,
      mapped: 4,
      share: 4 / 7,
      mapping: { table: 1, same: 1, 'letter-case': 1, unknown: 3, added: 1 },
      dropped: { 'unknown-code': 3, 'value-outside-ranges': 0 },
      skipped: { 'no-time': 4 },
      topUnmapped: [
        { code: 'X/1', count: 2, description: 'what it is' },
        { code: 'L/2', count: 1, description: null },
      ],
      tokens: 8,
      tokensPerPatient: { min: 0, p50: 4, max: 4, mean: 8 / 3 },
      rows: { total: 5, empty: 2, truncated: 2, beforeFirstEvent: 1 },
      unknownTargets: 1,
      conversions: [{ code: 'LOINC/2345-7', unit: 'mmol/L', factor: 18.0182, offset: 0, events: 1 }],
      suspects: [],
      values: [{ code: 'LOINC/2345-7', values: 1, lowest: 0, highest: 0, units: [{ unit: '', values: 1 }] }],
    });
    // 5 mmol/L are 90.1 mg/dL, well inside.
    expect(JSON.stringify(report)).not.toContain('secret');
  });

  it('takes rows of a model instead', () => {
    const other = new ReportCollector(tokenizer);
    other.addPatient(patients[1]!);
    expect(other.report().rows).toEqual({ total: 0, empty: 0, truncated: null, beforeFirstEvent: 0 });
    other.addRow({ tokens: 0, truncated: false });
    other.addRow({ tokens: 9, truncated: true });
    expect(other.report().rows).toEqual({ total: 2, empty: 1, truncated: 1, beforeFirstEvent: 0 });
    expect(other.report()).toMatchObject({ mapping: null, input: null, share: 1 });
  });

  it('reads as a page', () => {
    const text = formatReport(report);
    expect(text).toContain('3 patients (fhir), 7 events, 4 understood (57.1 %)');
    expect(text).toContain(
      '5 rows, 2 without any token, 2 longer than the context, 1 label times before the first event',
    );
    expect(text).toMatch(/ 3 {2}unknown\n/);
    expect(text).toMatch(/ 2 {2}X\/1 {2}what it is\n/);
    expect(text).toContain('no-time');
    expect(text).toContain('LOINC/2345-7 [mmol/L] * 18.0182 + 0');
    const long = reportOf([{ code: `\u001b[31m${'x'.repeat(300)}` }]);
    const page = formatReport(long);
    expect(page).not.toContain('\u001b');
    expect(page.split('\n').every((line) => [...line].length <= 100)).toBe(true);
    expect([...long.topUnmapped[0]!.code].length).toBe(256);
  });
});
