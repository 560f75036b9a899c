import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel, EmbedOptions, EmbedResult } from '../../lib/index.ts';
import type { Event } from '../../lib/types.ts';
import { bare, bareId } from '../support/events.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { bits, rowsOf } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const context = 16;
const stride = 4;
let model: ClmbrModel;
beforeAll(async () => {
  const options = { vocabularySize: 61, vocabulary: true, contextLength: context };
  model = await load((await convertedModel(folder, 'model', options)).path, { threads: 2 });
});

const day = (d: number): string => new Date(Date.UTC(2024, 0, d)).toISOString();
const codes = randomIds(5, 60, 18);
const events: Event[] = codes.map((code, i) => bare(code, day(i + 1)));
const days = [3, 16, 17, 18, 20, 21, 36, 37, 60, 19, 20];
const at = days.map(day);
/** What a label on such a day sees: all that fits, from a multiple of the stride on. */
const seen = (d: number): number[] =>
  codes.slice(d <= context ? 0 : Math.ceil((d - context) / stride) * stride, d).map(bareId);

async function embed(options: EmbedOptions, times = at): Promise<{ result: EmbedResult; computed: number }> {
  let computed = 0;
  const onProgress = ({ totalTokens }: { totalTokens: number }) => (computed = totalTokens);
  return { result: await model.embed([{ events, at: times }], { ...options, onProgress }), computed };
}

describe("sharing 'strided'", () => {
  it.each(['last', 'mean', 'max', 'none'] as const)(
    'gives windows from multiples of the stride on, %s',
    async (pooling) => {
      const { result } = await embed({ sharing: 'strided', pooling });
      const expected = await model.embed(days.map(seen), { pooling });
      expect(rowsOf(result).map(bits)).toEqual(rowsOf(expected).map(bits));
      expect(result.rows.map(({ tokens }) => tokens)).toEqual(expected.rows.map(({ tokens }) => tokens));
      expect(result.rows.map(({ truncated }) => truncated)).toEqual(
        pooling === 'none' ? result.rows.map(({ time }) => time! > 1705363200000000n) : days.map((d) => d > context),
      );
      for (const { tokens, truncated } of result.rows)
        if (truncated) expect(tokens > context - stride && tokens <= context).toBe(true);
    },
  );

  it('computes one window for all labels that share it, and exact sharing one for each', async () => {
    // 16 tokens from 0 on; those from 4 up to 20, from 8 up to 21, from 20 up to 36, from 24 up to 37, from 44 up to 60.
    expect((await embed({ sharing: 'strided' })).computed).toBe(16 + 16 + 13 + 16 + 13 + 16);
    expect((await embed({ sharing: 'exact' })).computed).toBe(16 + 16 * new Set(days.filter((d) => d > 16)).size);
    expect((await embed({})).computed).toBe((await embed({ sharing: 'exact' })).computed);
  });

  it('gives a label the same bits whichever others are asked for', async () => {
    const all = rowsOf((await embed({ sharing: 'strided' })).result).map(bits);
    for (const [i, time] of at.entries()) {
      const { result } = await embed({ sharing: 'strided' }, [time]);
      expect(bits(result.row(0))).toBe(all[i]);
    }
  });

  it('leaves alone what it has nothing to do with', async () => {
    const whole = [{ id: 1, events }, codes.map(bareId)];
    const exact = await model.embed(whole);
    const strided = await model.embed(whole, { sharing: 'strided' });
    expect(strided.rows).toEqual(exact.rows);
    expect(bits(strided.data)).toBe(bits(exact.data));
    const early = at.slice(0, 2);
    expect(bits((await embed({ sharing: 'strided' }, early)).result.data)).toBe(
      bits((await embed({}, early)).result.data),
    );
  });

  it('of events out of order shares only what begins alike', async () => {
    const mixed = [events[59]!, ...events.slice(0, 59)];
    const result = await model.embed([{ events: mixed, at }], { sharing: 'strided' });
    const upTo = days.map((d) => mixed.filter(({ start }) => Date.parse(String(start)) <= Date.parse(day(d))));
    const expected = await model.embed(upTo.map((list) => list.map(({ code }) => bareId(Number(code.split('/')[1])))));
    expect(bits(result.row(0))).toBe(bits(expected.row(0)));
    expect(bits(result.row(7))).toBe(bits(expected.row(7)));
  });

  it('is refused where labels cannot share', async () => {
    await expectClmbrError(embed({ sharing: 'strided', overflow: 'mean' }), 'INVALID_ARGUMENT', 'overflow', 'strided');
    await expectClmbrError(embed({ sharing: 'strided', specialTokens: true }), 'INVALID_ARGUMENT', 'specialTokens');
    await expectClmbrError(embed({ sharing: 'strided', recipe: 'model-card' }), 'INVALID_ARGUMENT', 'specialTokens');
    await expectClmbrError(embed({ sharing: 'loose' as 'exact' }), 'INVALID_ARGUMENT', 'sharing');
  });
});
