import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel } from '../../lib/model/index.ts';
import { bare, bareId, unknown } from '../support/events.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { bits } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { perplexityLoop } from './reference.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const vocabularySize = 61;
const context = 32;
let path: string;
let model: ClmbrModel;
beforeAll(async () => {
  ({ path } = await convertedModel(folder, 'model', { vocabularySize, vocabulary: true, contextLength: context }));
  model = await load(path, { threads: 2 });
});

const sequences = [0, 1, 2, 5, 31, 32, 33, 48, 49, 100].map((length) => randomIds(length + 1, length, vocabularySize));
const perplexity = true;
const logProbs = true;

describe('perplexity', () => {
  it.each([1, 7, 16, 31])('with stride %i is that of the sliding windows', async (stride) => {
    const result = await model.evaluate(
      sequences.map((ids) => Int32Array.from(ids)),
      { perplexity, stride, logProbs },
    );
    let [sum, tokens] = [0, 0];
    for (const [i, ids] of sequences.entries()) {
      const expected = await perplexityLoop(model, ids, context, stride);
      const got = result.perplexity!.logProbs![i]!;
      expect(got).toBeInstanceOf(Float32Array);
      expect(got).toHaveLength(Math.max(0, ids.length - 1));
      for (const [j, logProb] of expected.entries()) expect(got[j]).toBeCloseTo(logProb, 5);
      const own = [...got].reduce((a, b) => a + b, 0);
      sum += own;
      tokens += got.length;
      const meanLogProb = own / got.length;
      expect(result.patients[i]!.perplexity).toEqual({ ppl: Math.exp(-meanLogProb), tokens: got.length, meanLogProb });
    }
    expect(tokens).toBe(sequences.reduce((all, ids) => all + Math.max(0, ids.length - 1), 0));
    expect(result.perplexity).toMatchObject({ tokens, ppl: Math.exp(-sum / tokens) });
    expect(result.perplexity!.meanLogProb).toBeCloseTo(sum / tokens, 12);
  });

  it('has windows half a context apart unless told otherwise', async () => {
    const long = [Int32Array.from(sequences.at(-1)!)];
    const [usual, half, other] = await Promise.all(
      [undefined, 16, 15].map((stride) =>
        model.evaluate(long, { perplexity, logProbs, ...(stride !== undefined && { stride }) }),
      ),
    );
    const text = (result: typeof usual): string => bits(result!.perplexity!.logProbs![0]!);
    expect(text(usual)).toBe(text(half));
    expect(text(usual)).not.toBe(text(other));
  });

  it('skips timelines of less than two tokens, and says so where nothing is left', async () => {
    const { patients, perplexity: overall } = await model.evaluate([[bare(1)], [unknown()], []], {
      perplexity,
      logProbs,
    });
    const nothing = { ppl: NaN, tokens: 0, meanLogProb: NaN };
    expect(patients.map((patient) => patient.perplexity)).toEqual([nothing, nothing, nothing]);
    expect(overall).toEqual({ ...nothing, logProbs: [new Float32Array(), new Float32Array(), new Float32Array()] });
  });

  it('knows neither special tokens nor truncation nor label times', async () => {
    const events = Array.from({ length: 70 }, (_, i) => bare((i * i) % 17, `20${10 + i}-01-01`));
    const [plain, special, cut, labelled] = await Promise.all([
      model.evaluate([events], { perplexity, logProbs }),
      model.evaluate([events], { perplexity, logProbs, specialTokens: true }),
      model.evaluate([events], { perplexity, logProbs, overflow: 'error' }),
      model.evaluate([{ events, at: ['2012-01-01', '2000-01-01'] }], { perplexity, logProbs }),
    ]);
    expect(plain.perplexity!.tokens).toBe(69);
    for (const { perplexity: other } of [special, cut, labelled]) expect(other).toEqual(plain.perplexity);
    const ids = await model.evaluate([events.map((_, i) => bareId((i * i) % 17))], { perplexity, logProbs });
    expect(ids.perplexity).toEqual(plain.perplexity);
  });

  it('does not depend on the company, to the last bit', async () => {
    const small = await load(path, { threads: 1, maxBatchTokens: 16 });
    const lists = sequences.map((ids) => Int32Array.from(ids));
    const together = await model.evaluate(lists, { perplexity, logProbs });
    for (const [i, ids] of lists.entries()) {
      const alone = await small.evaluate([ids], { perplexity, logProbs });
      expect(bits(alone.perplexity!.logProbs![0]!)).toBe(bits(together.perplexity!.logProbs![i]!));
    }
  });

  it('comes with next events only where these are asked for', async () => {
    const only = await model.evaluate([[7, 8, 9]], { perplexity });
    expect(only.patients[0]).toMatchObject({ rows: [], next: [] });
    expect(only.perplexity).not.toHaveProperty('logProbs');
    expect(only.patients[0]).not.toHaveProperty('surprisal');
    const both = await model.evaluate([[7, 8, 9]], { perplexity, topK: 3 });
    expect(both.patients[0]!.next).toEqual((await model.evaluate([[7, 8, 9]], { topK: 3 })).patients[0]!.next);
    expect(both.perplexity).toEqual(only.perplexity);
  });

  it('tells its progress over all that is asked', async () => {
    const seen: number[] = [];
    let total = 0;
    await model.evaluate([randomIds(1, 50, vocabularySize)], {
      perplexity,
      topK: 1,
      onProgress: ({ tokens, totalTokens }) => {
        seen.push(tokens);
        total = totalTokens;
      },
    });
    expect(total).toBe(32 + 3 * 32);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(total);
  });

  it('ends with the signal', async () => {
    const controller = new AbortController();
    const ids = randomIds(1, 3000, vocabularySize);
    const reason = new Error('enough');
    const running = model.evaluate([ids], {
      perplexity,
      stride: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
  });
});
