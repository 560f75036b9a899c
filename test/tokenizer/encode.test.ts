import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClmbrTokenizer } from '../../lib/tokenizer/tokenizer.ts';
import { parseTokenizerConfig } from '../../lib/tokenizer/vocabulary.ts';
import type { Event } from '../../lib/types.ts';
import { entries, event } from './arbitraries.ts';
import { category, config, naiveEncode, plain, range } from './reference.ts';
import type { ConfigEntry } from './reference.ts';

const tokenizerOf = (tokens: readonly ConfigEntry[]): ClmbrTokenizer =>
  ClmbrTokenizer.fromVocabulary(parseTokenizerConfig(config(tokens), 'test'));
const idOf = (tokenizer: ClmbrTokenizer, code: string, value?: unknown): number | string => {
  const { ids, dropped } = tokenizer.encode([{ code, value } as Event]);
  return dropped[0]?.reason ?? ids[0]!;
};

describe('encode', () => {
  it('is what the rules say, for any vocabulary and events', () => {
    fc.assert(
      fc.property(entries, fc.array(event, { maxLength: 30 }), (tokens, events) => {
        const tokenizer = tokenizerOf(tokens);
        const expected = events.map(({ code, value }) => naiveEncode(tokens, code, value));
        const kept = expected.flatMap((id, i) => (typeof id === 'number' ? [{ id, event: i }] : []));
        const { ids, events: origins, dropped } = tokenizer.encode(events);
        const pad = kept.length === 0 ? [{ id: 4, event: -1 }] : kept;
        expect([...ids]).toEqual(pad.map(({ id }) => id));
        expect([...origins]).toEqual(pad.map((token) => token.event));
        expect(dropped).toEqual(
          expected.flatMap((reason, i) => (typeof reason === 'string' ? [{ event: i, reason }] : [])),
        );
        const special = tokenizer.encode({ events }, { specialTokens: true });
        expect([...special.ids]).toEqual([5, 0, ...kept.map(({ id }) => id), 1]);
        expect([...special.events]).toEqual([-1, -1, ...kept.map((token) => token.event), -1]);
      }),
      { numRuns: 1500 },
    );
  });

  it('gives the vector that is published with the model', () => {
    const tokens = Array.from({ length: 22_430 }, (_, i) => plain(`Filler/${i}`));
    tokens[7 - 7] = plain('SNOMED/3950001');
    tokens[9 - 7] = plain('Gender/F');
    tokens[27 - 7] = plain('Ethnicity/Hispanic');
    tokens[2049 - 7] = plain('SNOMED/609040007');
    tokens[6557 - 7] = range('LOINC/2236-8', -Number.MAX_VALUE, 4);
    tokens[22_433 - 7] = range('SNOMED/12199005', 26, 28.899999618530273);
    const events = [
      { code: 'SNOMED/3950001' },
      { code: 'Gender/F' },
      { code: 'Ethnicity/Hispanic' },
      { code: 'SNOMED/609040007' },
      { code: 'LOINC/2236-8', value: -3.0 },
      { code: 'SNOMED/12199005', value: 26.3 },
    ];
    const tokenizer = tokenizerOf(tokens);
    expect([...tokenizer.encode(events, { specialTokens: true }).ids]).toEqual([5, 0, 7, 9, 27, 2049, 6557, 22433, 1]);
    expect(tokenizer.tokens(events).at(-1)).toBe('SNOMED/12199005 || None || 26.0 - 28.899999618530273');
  });

  it('takes the first range of the file, both ends included, and never falls back', () => {
    const tokenizer = tokenizerOf([range('R', 5, 20), range('R', 0, 5, 'mg'), range('R', 30, 40), plain('R')]);
    expect([5, 20, 0, 4.999, 25, 40, NaN, Infinity].map((value) => idOf(tokenizer, 'R', value))).toEqual([
      ...[7, 7, 8, 8, 'value-outside-ranges', 9, 'value-outside-ranges', 'value-outside-ranges'],
    ]);
    expect([null, undefined, '', '5', true, 7n].map((value) => idOf(tokenizer, 'R', value))).toEqual([
      10, 10, 10, 10, 8, 7,
    ]);
  });

  it('drops a text that no category holds, and takes the bare code for numbers there', () => {
    const tokenizer = tokenizerOf([category('C', 'a', 'b,c'), category('C', 'a'), plain('C'), category('D', '1')]);
    expect(['a', 'b,c', 'b', 'A', '', 3, false].map((value) => idOf(tokenizer, 'C', value))).toEqual([
      ...[7, 7, 'no-matching-category', 'no-matching-category', 9, 9, 9],
    ]);
    expect(['1', 1, null].map((value) => idOf(tokenizer, 'D', value))).toEqual([
      10,
      'no-plain-entry',
      'no-plain-entry',
    ]);
    expect(idOf(tokenizer, 'E')).toBe('unknown-code');
  });

  it('gives the last of several entries with one text', () => {
    const tokenizer = tokenizerOf([
      plain('A'),
      range('A', 0, 1),
      plain('A'),
      range('A', 0, 1),
      plain('A || x'),
      category('A', 'x'),
    ]);
    expect([undefined, 0.5, 'x'].map((value) => idOf(tokenizer, 'A', value))).toEqual([9, 10, 12]);
    expect(idOf(tokenizer, 'A || x')).toBe(12);
  });

  it('compares infinite edges as Python does', () => {
    const tokenizer = tokenizerOf([range('R', -Infinity, 0), range('R', 1, Infinity)]);
    expect([-Infinity, Infinity, -1e308, 1e308, NaN].map((value) => idOf(tokenizer, 'R', value))).toEqual([
      ...[7, 8, 7, 8, 'value-outside-ranges'],
    ]);
  });
});

describe('encoding in slices', () => {
  it('equals encoding at once, and can tell an empty timeline', () => {
    fc.assert(
      fc.property(
        entries,
        fc.array(event, { maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        (tokens, events, step) => {
          const tokenizer = tokenizerOf(tokens);
          const told: unknown[] = [];
          const encoder = tokenizer.encoder({
            capacity: 1,
            onDrop: (code, reason, i) => told.push({ code, reason, event: i }),
          });
          for (let from = 0; from < events.length; from += step) {
            encoder.pushSlice(events, from, Math.min(events.length, from + step));
          }
          const whole = tokenizer.encode(events);
          expect(encoder.finish()).toEqual(whole);
          expect(told).toEqual(whole.dropped.map((d) => ({ code: events[d.event]!.code, ...d })));
          expect(encoder.length).toBe(events.length - whole.dropped.length);
          expect(encoder.droppedCount).toBe(whole.dropped.length);
          expect(encoder.ids()).toHaveLength(encoder.length);
          encoder.reset();
          expect(encoder.finish()).toEqual(tokenizer.encode([]));
        },
      ),
    );
  });
});

describe('input that is no event', () => {
  const tokenizer = tokenizerOf([plain('A/1')]);
  const secret = 'Jane Doe';
  const good = { code: 'A/1' };
  it.each<[unknown, string]>([
    [null, 'patient: expected a list of events or { events }, found null.'],
    [{ id: secret }, 'patient.events: expected a list of events, found nothing.'],
    [[good, secret], 'events[1]: expected an event object with a code, found a string.'],
    [[1, 2, 3], 'events[0]: expected an event object with a code, found a number.'],
    [[good, , good], 'events[1]: expected an event object with a code, found nothing.'],
    [[good, { value: secret }], 'events[1].code: expected a string, found nothing.'],
    [[{ code: 17 }], 'events[0].code: expected a string, found a number.'],
    [
      [{ code: 'X', value: { name: secret } }],
      'events[0].value: expected a number, a string, a boolean or null, found an object.',
    ],
    [[{ code: 'A/1', value: [1] }], 'events[0].value: expected a number, a string, a boolean or null, found a list.'],
    [[{ code: 'A/1', value: Symbol(secret) }], 'found a symbol.'],
  ])('is refused by place and type (%#)', (patient, message) => {
    const attempt = (): unknown => tokenizer.encode(patient as Event[]);
    expect(attempt).toThrow(expect.objectContaining({ name: 'ClmbrError', code: 'INVALID_INPUT' }) as Error);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(secret);
  });

  it('is reported with the cause when reading it throws', () => {
    const cause = new Error('broken getter');
    const broken = {
      get code(): string {
        throw cause;
      },
    };
    expect(() => tokenizer.encode([good, broken])).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        message: expect.stringContaining('events[1]') as string,
        cause,
      }) as Error,
    );
  });

  it('has each field read once', () => {
    const reads: string[] = [];
    const spied = new Proxy(good, {
      get(target, key) {
        reads.push(String(key));
        return Reflect.get(target, key) as unknown;
      },
    });
    expect([...tokenizer.encode([spied]).ids]).toEqual([7]);
    expect(reads).toEqual(['code', 'value']);
  });

  it('has wrong options refused', () => {
    expect(() => tokenizer.encode([good], { specialTokens: 'yes' as never })).toThrow(
      'specialTokens: expected a boolean, found a string.',
    );
  });
});
