import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel } from '../../lib/model/index.ts';
import { bare, bareId, measured, rangeId, unknown, worded, categoryId } from '../support/events.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { bits, expectSameNumbers, rowsOf } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const vocabularySize = 61;
let model: ClmbrModel;
beforeAll(async () => {
  model = await load((await convertedModel(folder, 'model', { vocabularySize, vocabulary: true })).path, {
    threads: 2,
  });
});

const sequences = [1, 2, 33, 70].map((length) => randomIds(length, length, vocabularySize));

/** Rows of every token, by sequence. */
async function tokenRows(representation: 'hidden' | 'logits'): Promise<Float32Array[][]> {
  const rows = rowsOf(await model.embed(sequences, { pooling: 'none', representation }));
  let end = 0;
  return sequences.map((ids) => rows.slice(end, (end += ids.length)));
}

describe.each(['hidden', 'logits'] as const)('pooling of %s', (representation) => {
  const width = () => (representation === 'hidden' ? model.info.hiddenSize : vocabularySize);

  it('last: the row of the last token', async () => {
    const result = await model.embed(sequences, { pooling: 'last', representation });
    expect(result.dimensions).toBe(width());
    expect(result.data.length).toBe(sequences.length * width());
    expect(rowsOf(result).map(bits)).toEqual((await tokenRows(representation)).map((rows) => bits(rows.at(-1)!)));
  });

  it('mean: the average of all rows', async () => {
    const expected = (await tokenRows(representation)).map((rows) =>
      Float64Array.from(rows[0]!, (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length),
    );
    expectSameNumbers(rowsOf(await model.embed(sequences, { pooling: 'mean', representation })), expected);
  });

  it('max: the largest of all rows, element by element', async () => {
    const expected = (await tokenRows(representation)).map((rows) =>
      Float32Array.from(rows[0]!, (_, i) => Math.max(...rows.map((row) => row[i]!))),
    );
    const result = await model.embed(sequences, { pooling: 'max', representation });
    expect(rowsOf(result).map(bits)).toEqual(expected.map(bits));
  });
});

describe('the result', () => {
  it('says what each row rests on', async () => {
    const patients = [
      { id: 'a', events: [bare(1), unknown(), measured(2), worded(3)] },
      { id: 12n, ids: [4, 5] },
      [bare(4), bare(5), bare(6)],
      { events: [unknown(), bare(1)] },
      Int32Array.of(8),
    ];
    const { rows } = await model.embed(patients);
    const common = { time: null, truncated: false };
    expect(rows).toEqual([
      { patient: 'a', tokens: 3, dropped: 1, ...common },
      { patient: 12n, tokens: 2, dropped: 0, ...common },
      { patient: 2, tokens: 3, dropped: 0, ...common },
      { patient: 3, tokens: 1, dropped: 1, ...common },
      { patient: 4, tokens: 1, dropped: 0, ...common },
    ]);
  });

  it('none: names token and event of each row', async () => {
    const events = [bare(1), unknown(), measured(2), worded(3)];
    const { rows } = await model.embed([events, []], { pooling: 'none', specialTokens: true });
    expect(rows.map((row) => [row.patient, row.token])).toEqual([
      [0, { id: 5, event: -1 }],
      [0, { id: 0, event: -1 }],
      [0, { id: bareId(1), event: 0 }],
      [0, { id: rangeId(2), event: 2 }],
      [0, { id: categoryId(3), event: 3 }],
      [0, { id: 1, event: -1 }],
      ...[5, 0, 1].map((id) => [1, { id, event: -1 }]),
    ]);
  });

  it('row(i) is a view, and checks i', async () => {
    const result = await model.embed(sequences);
    expect(result.row(1).buffer).toBe(result.data.buffer);
    expect(result.row(1).byteOffset).toBe(4 * result.dimensions);
    for (const i of [-1, sequences.length, 0.5]) await expectClmbrError(() => result.row(i), 'INVALID_ARGUMENT', 'row');
  });

  it('of no patients is empty', async () => {
    const result = await model.embed([]);
    expect([result.data.length, result.rows.length, result.dimensions]).toEqual([0, 0, model.info.hiddenSize]);
    expect(result.coverage).toMatchObject({ events: 0, patients: 0, emptyRows: 0, share: 1 });
  });
});

describe('tokens', () => {
  const same = async (a: Parameters<ClmbrModel['embed']>, b: Parameters<ClmbrModel['embed']>) =>
    expect(rowsOf(await model.embed(...a)).map(bits)).toEqual(rowsOf(await model.embed(...b)).map(bits));

  it('of events are those of the tokenizer', async () => {
    const events = [bare(1), unknown(), measured(2), worded(3), { code: 'TEST/2', value: '' }];
    expect([...model.tokenizer!.encode(events).ids]).toEqual([bareId(1), rangeId(2), categoryId(3), bareId(2)]);
    await same([[events]], [[[bareId(1), rangeId(2), categoryId(3), bareId(2)]]]);
  });

  it('special ones go around events and around ids', async () => {
    const withSpecial = [[5, 0, bareId(1), bareId(2), 1]];
    await same([[[bare(1), bare(2)]], { specialTokens: true }], [withSpecial]);
    await same([[[bareId(1), bareId(2)]], { specialTokens: true }], [withSpecial]);
    await same([[[]], { specialTokens: true }], [[[5, 0, 1]]]);
    const { rows, coverage } = await model.embed([[], [unknown()]], { specialTokens: true });
    expect(rows.map((row) => row.tokens)).toEqual([3, 3]);
    expect(coverage.emptyRows).toBe(0);
  });

  it('given as ids are taken as they are, special ones too', async () => {
    const lists = [[4], [4, 4, 9], [1, 0, 5, 6, 3, 2], [5, 0, 9, 1]];
    const { rows, coverage } = await model.embed(lists);
    expect(rows.map((row) => row.tokens)).toEqual([1, 3, 6, 4]);
    expect(coverage).toMatchObject({ events: 0, emptyRows: 0 });
    await same([lists], [lists.map((list) => Int32Array.from(list))]);
    await same([lists], [lists.map((ids, id) => ({ id, ids }))]);
    const [padded, plain] = rowsOf(await model.embed([[4, 9], [9]]));
    expect(bits(padded!)).not.toBe(bits(plain!));
  });

  it('by the recipe of the model card: special tokens, logits of the last position', async () => {
    const events = [bare(1), measured(2)];
    const ids = [5, 0, bareId(1), rangeId(2), 1];
    await same([[events], { recipe: 'model-card' }], [[ids], { representation: 'logits', pooling: 'last' }]);
    const result = await model.embed([events], { recipe: 'model-card' });
    expect(result.dimensions).toBe(vocabularySize);
    // What is said beside the recipe counts.
    await same([[events], { recipe: 'model-card', representation: 'hidden' }], [[ids]]);
    await same([[events], { recipe: 'model-card', specialTokens: false, representation: 'hidden' }], [[events]]);
    await same([[events], { recipe: 'ehrshot' }], [[events]]);
  });

  it('none at all: a row of zeros, counted', async () => {
    const patients = [[unknown()], [bare(1)], [], { id: 'x', ids: [] }, new Int32Array(0)];
    for (const pooling of ['last', 'mean', 'max'] as const) {
      for (const representation of ['hidden', 'logits'] as const) {
        const result = await model.embed(patients, { pooling, representation });
        expect(result.rows.map((row) => row.tokens)).toEqual([0, 1, 0, 0, 0]);
        expect(rowsOf(result).map((row) => row.every((x) => x === 0))).toEqual([true, false, true, true, true]);
        expect(result.coverage).toMatchObject({ emptyRows: 4, patients: 5 });
      }
    }
    const none = await model.embed(patients, { pooling: 'none' });
    expect(none.rows.map((row) => row.patient)).toEqual([1]);
    expect(none.coverage.emptyRows).toBe(4);
  });

  it('all patients without any: nothing is computed, and it ends', async () => {
    const result = await model.embed([[], [unknown()]]);
    expect([...result.data].every((x) => x === 0)).toBe(true);
    expect(result.coverage).toMatchObject({ emptyRows: 2, events: 1, mapped: 0 });
  });
});
