import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel } from '../../lib/model/index.ts';
import type { Event, Time } from '../../lib/types.ts';
import { bare, bareId, unknown } from '../support/events.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader } from '../support/model.ts';
import { bits, rowsOf } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
let model: ClmbrModel;
/** The same weights with room for 8 tokens. */
let narrow: ClmbrModel;
beforeAll(async () => {
  const options = { vocabularySize: 61, vocabulary: true };
  model = await load((await convertedModel(folder, 'wide', options)).path, { threads: 2 });
  narrow = await load((await convertedModel(folder, 'narrow', { ...options, contextLength: 8 })).path, { threads: 2 });
});

/** Expects the rows of one patient to be the vectors of these codes. */
async function expectRows(events: Event[], at: Time[], codes: number[][], which = model): Promise<void> {
  const result = await which.embed([{ events, at }]);
  const expected = await which.embed(codes.map((list) => list.map(bareId)));
  expect(result.rows.map((row) => row.tokens)).toEqual(codes.map((list) => list.length));
  expect(rowsOf(result).map(bits)).toEqual(rowsOf(expected).map(bits));
}

const day = (d: number): string => `2024-01-${String(d).padStart(2, '0')}`;

describe('label times', () => {
  it('take events up to and including the time', async () => {
    const events = [bare(1, day(1)), bare(2, day(2)), bare(3, day(2)), bare(4, day(3))];
    const at = ['2024-01-01T23:59:59.999999', '2024-01-02', '2024-01-02T12:00:00Z', '2024-01-03', '2030-01-01'];
    await expectRows(events, at, [[1], [1, 2, 3], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4]]);
  });

  it('before the first event: a row of zeros', async () => {
    const result = await model.embed([{ events: [bare(1, day(2))], at: [day(1), day(2)] }]);
    expect(result.rows.map((row) => row.tokens)).toEqual([0, 1]);
    expect(result.row(0).every((x) => x === 0)).toBe(true);
    expect(result.row(1).some((x) => x !== 0)).toBe(true);
    expect(result.coverage.emptyRows).toBe(1);
  });

  it('always include events without a start, wherever they stand', async () => {
    await expectRows(
      [bare(1), bare(2, null), bare(3, day(2))],
      [day(1), day(2)],
      [
        [1, 2],
        [1, 2, 3],
      ],
    );
    await expectRows([bare(3, day(2)), bare(1)], [day(1), day(2)], [[1], [3, 1]]);
    // Earlier than 1970 too.
    await expectRows([bare(1), bare(2, '1931-05-01')], ['1900-01-01', '1940-01-01'], [[1], [1, 2]]);
  });

  it('select from events out of order without sorting them', async () => {
    const events = [bare(5, day(5)), bare(1, day(1)), bare(4, day(4)), bare(2, day(2))];
    await expectRows(events, [day(1), day(2), day(4), day(5)], [[1], [1, 2], [1, 4, 2], [5, 1, 4, 2]]);
  });

  it('out of order themselves, or twice, give their rows in the order given', async () => {
    const events = [1, 2, 3].map((k) => bare(k, day(k)));
    await expectRows(events, [day(3), day(1), day(3), day(2)], [[1, 2, 3], [1], [1, 2, 3], [1, 2]]);
    const { rows } = await model.embed([{ events, at: [day(3), day(1)] }]);
    expect(rows.map((row) => row.time)).toEqual([1704240000000000n, 1704067200000000n]);
  });

  it('are the same as Date, text and microseconds, with and without an offset', async () => {
    const micro = 1704164645123456n; // 2024-01-02T03:04:05.123456Z
    const events = [bare(1, micro), bare(2, micro + 1n)];
    await expectRows(events, [micro - 1n, micro, micro + 1n], [[], [1], [1, 2]]);
    const texts = ['2024-01-02T03:04:05.123456', '2024-01-02 03:04:05.123456Z', '2024-01-02T05:04:05.123456+02:00'];
    await expectRows(events, [...texts, '2024-01-02T03:04:05.123457Z'], [[1], [1], [1], [1, 2]]);
    // A Date holds milliseconds only: these lie before and after.
    const dates = [new Date('2024-01-02T03:04:05.123Z'), new Date('2024-01-02T03:04:05.124Z')];
    await expectRows(events, dates, [[], [1, 2]]);
    await expectRows([bare(1, dates[0]!), bare(2, texts[0]!)], [dates[0]!, micro], [[1], [1, 2]]);
    const { rows } = await model.embed([{ events, at: [texts[2]!] }]);
    expect(rows[0]!.time).toBe(micro);
  });

  it('count the dropped events up to them', async () => {
    const events = [unknown('A/1'), bare(1, day(1)), unknown('A/2', day(1)), unknown('A/3', day(3)), bare(2, day(4))];
    const at = [day(0 + 1), day(2), day(3), day(9), '2023-01-01'];
    const sorted = await model.embed([{ events, at }]);
    expect(sorted.rows.map(({ tokens, dropped }) => [tokens, dropped])).toEqual([
      [1, 2],
      [1, 2],
      [1, 3],
      [2, 3],
      [0, 1],
    ]);
    const unsorted = await model.embed([{ events: events.toReversed(), at }]);
    expect(unsorted.rows.map(({ tokens, dropped }) => [tokens, dropped])).toEqual(
      sorted.rows.map(({ tokens, dropped }) => [tokens, dropped]),
    );
    // Each event counts once, however many rows it belongs to.
    expect(sorted.coverage).toMatchObject({ events: 5, mapped: 2, patients: 1 });
  });

  it('of the option stand for those of the patients, one list each', async () => {
    const events = [bare(1, day(1)), bare(2, day(2))];
    const patients = [{ id: 'a', events, at: [day(9)] }, events, { id: 'c', events }];
    const { rows } = await model.embed(patients, { at: [[day(1)], [day(2), day(1)], []] });
    expect(rows.map(({ patient, tokens }) => [patient, tokens])).toEqual([
      ['a', 1],
      [1, 2],
      [1, 1],
    ]);
    await expectClmbrError(model.embed(patients, { at: [[day(1)]] }), 'INVALID_ARGUMENT', 'at', '3', '1');
  });

  it('with special tokens end each row by itself', async () => {
    const events = [bare(1, day(1)), bare(2, day(2))];
    const result = await model.embed([{ events, at: [day(0 + 1), day(2), '2020-01-01'] }], { specialTokens: true });
    const expected = await model.embed([
      [5, 0, bareId(1), 1],
      [5, 0, bareId(1), bareId(2), 1],
      [5, 0, 1],
    ]);
    expect(rowsOf(result).map(bits)).toEqual(rowsOf(expected).map(bits));
  });

  it('pool every row over its own tokens', async () => {
    const events = [3, 1, 4, 1, 5].map((k, i) => bare(k, day(i + 1)));
    const lists = [1, 3, 5].map((n) => [3, 1, 4, 1, 5].slice(0, n).map(bareId));
    for (const pooling of ['mean', 'max', 'none'] as const) {
      for (const representation of ['hidden', 'logits'] as const) {
        const options = { pooling, representation };
        const result = await model.embed([{ events, at: [day(1), day(3), day(5)] }], options);
        expect(rowsOf(result).map(bits)).toEqual(rowsOf(await model.embed(lists, options)).map(bits));
      }
    }
  });

  it('beyond the context have a window of their own', async () => {
    const codes = Array.from({ length: 12 }, (_, i) => i + 1);
    const events = codes.map((k) => bare(k, day(k)));
    const upTo = (n: number) => codes.slice(Math.max(0, n - 8), n);
    const ns = [3, 12, 8, 9, 12, 1];
    await expectRows(
      events,
      ns.map((n) => day(n)),
      ns.map(upTo),
      narrow,
    );
    const { rows } = await narrow.embed([{ events, at: ns.map((n) => day(n)) }]);
    expect(rows.map((row) => row.truncated)).toEqual([false, true, false, true, true, false]);
    const first = await narrow.embed([{ events, at: [day(9), day(12), day(2)] }], { overflow: 'first' });
    const expected = await narrow.embed([codes.slice(0, 8), codes.slice(0, 8), [1, 2]].map((list) => list.map(bareId)));
    expect(rowsOf(first).map(bits)).toEqual(rowsOf(expected).map(bits));
  });

  it('share one pass where the prefix fits', async () => {
    const events = Array.from({ length: 18 }, (_, k) => bare(k, day(k + 1)));
    const totals: number[] = [];
    const onProgress = ({ totalTokens }: { totalTokens: number }) => totals.push(totalTokens);
    await model.embed([{ events, at: Array.from({ length: 18 }, (_, k) => day(k + 1)) }], { onProgress });
    expect(totals.at(-1)).toBe(18);
    // No further than the last label.
    await model.embed([{ events, at: [day(2), day(5)] }], { onProgress });
    expect(totals.at(-1)).toBe(5);
  });

  it('that are none are refused by place, never by value', async () => {
    const secret = '1987-13-45';
    const cases: [unknown, string][] = [
      [{ events: [], at: [day(1), secret] }, 'patients[0].at[1]'],
      [{ events: [], at: day(1) }, 'patients[0].at'],
      [{ events: [], at: [1704067200000] }, 'patients[0].at[0]'],
      [{ events: [], at: [new Date(NaN)] }, 'patients[0].at[0]'],
      [{ events: [bare(1), bare(2, secret)], at: [day(1)] }, 'patients[0].events[1].start'],
      [{ ids: [7], at: [day(1)] }, 'patients[0].at'],
    ];
    for (const [patient, where] of cases) {
      const error = await expectClmbrError(model.embed([patient as Event[]]), 'INVALID_INPUT', `${where}:`);
      expect(error.message).not.toContain(secret);
      expect(error.message).not.toContain('1704067200000');
    }
    await expectClmbrError(model.embed([[]], { at: [[secret]] }), 'INVALID_INPUT', 'patients[0].at[0]:');
  });
});
