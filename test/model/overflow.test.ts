import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel } from '../../lib/model/index.ts';
import { bare, bareId } from '../support/events.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { bits, expectSameNumbers, rowsOf } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const context = 16;
let model: ClmbrModel;
beforeAll(async () => {
  const options = { vocabularySize: 61, vocabulary: true, contextLength: context };
  model = await load((await convertedModel(folder, 'model', options)).path, { threads: 2 });
});

const ids = randomIds(1, 37, 61);
const vectors = async (lists: number[][], options = {}) => rowsOf(await model.embed(lists, options));

describe('a timeline longer than the context', () => {
  it.each(['last', 'mean', 'max'] as const)('keeps its last or first tokens, pooled by %s', async (pooling) => {
    const [kept, first] = await vectors([ids.slice(-context), ids.slice(0, context)], { pooling });
    const byDefault = await model.embed([ids], { pooling });
    expect(bits(byDefault.row(0))).toBe(bits(kept!));
    expect(byDefault.rows[0]).toMatchObject({ tokens: context, truncated: true });
    expect(bits((await vectors([ids], { pooling, overflow: 'last' }))[0]!)).toBe(bits(kept!));
    const head = await model.embed([ids], { pooling, overflow: 'first' });
    expect(bits(head.row(0))).toBe(bits(first!));
    expect(head.rows[0]).toMatchObject({ tokens: context, truncated: true });
  });

  it.each(['last', 'mean', 'max'] as const)('averages windows cut from the end, pooled by %s', async (pooling) => {
    const result = await model.embed([ids, ids.slice(0, 16), ids.slice(0, 32)], { pooling, overflow: 'mean' });
    expect(result.rows.map(({ tokens, truncated }) => [tokens, truncated])).toEqual([
      [37, false],
      [16, false],
      [32, false],
    ]);
    const average = async (windows: number[][]) => {
      const rows = await vectors(windows, { pooling });
      const total = windows.reduce((sum, window) => sum + window.length, 0);
      return Float64Array.from(rows[0]!, (_, i) =>
        windows.reduce((sum, window, w) => sum + (window.length / total) * rows[w]![i]!, 0),
      );
    };
    expectSameNumbers(rowsOf(result), [
      await average([ids.slice(0, 5), ids.slice(5, 21), ids.slice(21)]),
      await average([ids.slice(0, 16)]),
      await average([ids.slice(0, 16), ids.slice(16, 32)]),
    ]);
  });

  it('is refused where asked, with patient and numbers', async () => {
    expect((await model.embed([ids.slice(0, context)], { overflow: 'error' })).rows[0]!.truncated).toBe(false);
    const error = await expectClmbrError(
      model.embed([[7], ids.slice(0, 17)], { overflow: 'error' }),
      'CONTEXT_OVERFLOW',
      'patients[1]',
      '16',
      '17',
      'overflow',
    );
    expect(error.details).toMatchObject({ patient: 1, tokens: 17, contextLength: 16 });
  });

  it('gives a row for each token that is kept', async () => {
    const result = await model.embed([ids], { pooling: 'none' });
    expect(result.rows.map((row) => row.token!.id)).toEqual(ids.slice(-context));
    expect(result.rows.every((row) => row.truncated && row.tokens === context)).toBe(true);
    expect(rowsOf(result).map(bits)).toEqual((await vectors([ids.slice(-context)], { pooling: 'none' })).map(bits));
    const first = await model.embed([ids], { pooling: 'none', overflow: 'first' });
    expect(first.rows.map((row) => row.token!.id)).toEqual(ids.slice(0, context));
    await expectClmbrError(model.embed([ids], { pooling: 'none', overflow: 'mean' }), 'INVALID_ARGUMENT', 'overflow');
  });

  it('is cut after special tokens are added', async () => {
    const events = Array.from({ length: 15 }, (_, k) => bare(k));
    const tokens = [5, 0, ...events.map((_, k) => bareId(k)), 1];
    const result = await model.embed([events], { specialTokens: true });
    expect(result.rows[0]).toMatchObject({ tokens: 16, truncated: true });
    expect(bits(result.row(0))).toBe(bits((await vectors([tokens.slice(-16)]))[0]!));
  });

  it('of exactly the context is whole', async () => {
    const { rows } = await model.embed([ids.slice(0, context), ids.slice(0, context + 1)]);
    expect(rows.map((row) => row.truncated)).toEqual([false, true]);
  });
});
