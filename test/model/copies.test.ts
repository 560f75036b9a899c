import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel, EmbedOptions, EvaluateOptions, Patient } from '../../lib/index.ts';
import { bare } from '../support/events.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { bits, rowsOf } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const vocabularySize = 61;
const context = 32;
let model: ClmbrModel;
beforeAll(async () => {
  const options = { vocabularySize, vocabulary: true, contextLength: context, layers: 1 };
  model = await load((await convertedModel(folder, 'model', options)).path, { threads: 2 });
});

const one = randomIds(1, 20, vocabularySize);
const long = randomIds(2, 75, vocabularySize);
const other = [...one.slice(0, -1), (one.at(-1)! + 1) % vocabularySize];
const patients: Patient[] = [one, long, other, [...one], Int32Array.from(long), [], one];
const first = [0, 1, 2, 0, 1, 5, 0];

async function totalOf(list: Patient[], options: EmbedOptions = {}): Promise<number> {
  let total = 0;
  await model.embed(list, { ...options, onProgress: ({ totalTokens }) => (total = totalTokens) });
  return total;
}

describe('patients that occur more than once', () => {
  it.each(['last', 'mean', 'max', 'none'] as const)('are computed once and have their vectors, %s', async (pooling) => {
    for (const overflow of ['last', 'first', 'mean'] as const) {
      if (pooling === 'none' && overflow === 'mean') continue;
      const options = { pooling, overflow };
      const result = await model.embed(patients, options);
      const alone = await Promise.all(first.map((i) => model.embed([patients[i]!], options)));
      expect(rowsOf(result).map(bits)).toEqual(alone.flatMap(rowsOf).map(bits));
      const window = overflow === 'mean' ? 75 : context;
      expect(await totalOf(patients, options)).toBe(20 + window + 20);
    }
  });

  it('have their own label times', async () => {
    const events = Array.from({ length: 10 }, (_, i) => bare(i, `2024-01-${10 + i}`));
    const copies = [
      { events, at: ['2024-01-12', '2024-01-15'] },
      { events, at: ['2024-01-12', '2024-01-15'] },
      { events, at: ['2024-01-13', '2024-01-15'] },
    ];
    const result = await model.embed(copies);
    const alone = await Promise.all(copies.map((copy) => model.embed([copy])));
    expect(rowsOf(result).map(bits)).toEqual(alone.flatMap(rowsOf).map(bits));
    expect(await totalOf(copies)).toBe(6 + 6);
  });

  it('are evaluated like all others', async () => {
    const options: EvaluateOptions = {
      topK: 3,
      targets: [['TEST/1'], ['TEST/2']],
      surprisal: true,
      perplexity: true,
      logProbs: true,
      stride: 8,
    };
    const result = await model.evaluate(patients, options);
    for (const [i, index] of first.entries()) {
      const alone = await model.evaluate([patients[index]!], options);
      expect({ ...result.patients[i]!, id: 0 }).toEqual({ ...alone.patients[0]!, id: 0 });
      expect(bits(result.perplexity!.logProbs![i]!)).toBe(bits(alone.perplexity!.logProbs![0]!));
    }
  });
});

describe('a call of very many tokens', () => {
  /** Far more than is read before the first pass. */
  const cohort = Array.from({ length: 20_000 }, (_, i) => randomIds(i, 1 + (i % 29), vocabularySize));

  it('has its rows in order, however its patients were read', async () => {
    const result = await model.embed(cohort);
    expect(result.rows.map(({ patient }) => patient)).toEqual(cohort.map((_, i) => i));
    const streamed = [];
    for await (const chunk of model.embedStream(cohort)) streamed.push(...rowsOf(chunk).map(bits));
    expect(rowsOf(result).map(bits)).toEqual(streamed);
  });

  it('begins to compute before its last patient is read', async () => {
    const small = await load(model.info.path, { threads: 1, maxBatchTokens: 64 });
    const controller = new AbortController();
    let read = false;
    let interrupted = false;
    // The progress is told when everything is known; the queue is asked here, by a call that shares it.
    const last = {
      get ids(): number[] {
        read = true;
        return [7];
      },
    };
    const order: string[] = [];
    const large = small.embed([...cohort, last], { signal: controller.signal });
    large.catch(() => undefined);
    while (!read) {
      await small.embed([[7]]);
      order.push(read ? 'after' : 'before');
      interrupted ||= !read;
    }
    controller.abort();
    await expect(large).rejects.toBe(controller.signal.reason);
    expect(interrupted).toBe(true);
  });

  it('reports progress from when everything is read, up to the whole', async () => {
    const seen: { tokens: number; totalTokens: number }[] = [];
    await model.embed(cohort, { onProgress: ({ tokens, totalTokens }) => seen.push({ tokens, totalTokens }) });
    const { totalTokens } = seen.at(-1)!;
    expect(seen.at(-1)!.tokens).toBe(totalTokens);
    expect(seen.every((progress) => progress.totalTokens === totalTokens)).toBe(true);
    expect(seen.map(({ tokens }) => tokens)).toEqual(seen.map(({ tokens }) => tokens).toSorted((a, b) => a - b));
  });

  it('is refused as a whole when a late patient is wrong', async () => {
    await expect(model.embed([...cohort, [-1]])).rejects.toThrow('patients[20000].ids[0]');
    expect((await model.embed([[7]])).rows).toHaveLength(1);
  });
});
