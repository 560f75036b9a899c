import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel, EventSurprisal } from '../../lib/model/index.ts';
import { bare, bareId, categoryId, measured, rangeId, unknown, worded } from '../support/events.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { logProbsAfterEach, perplexityLoop, rankOf } from './reference.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const vocabularySize = 61;
const context = 32;
let model: ClmbrModel;
beforeAll(async () => {
  const shape = { vocabularySize, vocabulary: true, contextLength: context };
  model = await load((await convertedModel(folder, 'model', shape)).path, { threads: 2 });
});

const surprisal = true;
const nothing = { id: null, logProb: null, rank: null, expected: null };

/** Compares entries that have a score with what a softmax over all logits says. */
function expectScore(entry: EventSurprisal, id: number, before: Float64Array): void {
  expect(entry.id).toBe(id);
  expect(entry.logProb).toBeCloseTo(before[id]!, 5);
  expect(entry.rank).toBe(rankOf(before, id));
  expect(entry.expected!.id).toBe(before.indexOf(before.reduce((a, b) => Math.max(a, b))));
}

describe('surprisal', () => {
  it('is that of a softmax over the whole vocabulary', async () => {
    const ids = randomIds(3, 32, vocabularySize);
    const entries = (await model.evaluate([ids], { surprisal })).patients[0]!.surprisal!;
    const after = await logProbsAfterEach(model, ids);
    expect(entries).toHaveLength(ids.length);
    expect(entries[0]).toEqual({ ...nothing, id: ids[0] });
    for (const [i, id] of ids.entries()) if (i > 0) expectScore(entries[i]!, id, after[i - 1]!);
    expect(new Set(entries.map(({ rank }) => rank)).size).toBeGreaterThan(10);
  });

  it('stands beside the events, the dropped ones too', async () => {
    const events = [
      unknown(),
      bare(1),
      { code: 'TEST/2', value: 99 },
      measured(2),
      { code: 'TEST/2', value: 'other' },
      unknown('ELSE/1'),
      worded(3),
      unknown(),
    ];
    const ids = [bareId(1), rangeId(2), categoryId(3)];
    const entries = (await model.evaluate([events], { surprisal })).patients[0]!.surprisal!;
    expect(entries.map(({ dropped }) => dropped)).toEqual([
      'unknown-code',
      undefined,
      'value-outside-ranges',
      undefined,
      'no-matching-category',
      'unknown-code',
      undefined,
      'unknown-code',
    ]);
    expect(entries[0]).toEqual({ ...nothing, dropped: 'unknown-code' });
    expect(entries[1]).toEqual({ ...nothing, id: bareId(1) });
    const after = await logProbsAfterEach(model, ids);
    expectScore(entries[3]!, ids[1]!, after[0]!);
    expectScore(entries[6]!, ids[2]!, after[1]!);
  });

  it('says what was expected, in words of the vocabulary', async () => {
    const { patients } = await model.evaluate([randomIds(5, 32, vocabularySize)], { surprisal });
    const { next } = (await model.evaluate([randomIds(5, 32, vocabularySize).slice(0, 9)], { topK: 1 })).patients[0]!;
    const { logProb: _, probability: __, ...meaning } = next[0]!;
    expect(patients[0]!.surprisal![9]!.expected).toEqual(meaning);
    const { path } = await convertedModel(folder, 'plain', { vocabularySize: 9 });
    const plain = await load(path);
    const [, second] = (await plain.evaluate([[7, 8]], { surprisal })).patients[0]!.surprisal!;
    expect(Object.keys(second!.expected!)).toEqual(['id']);
  });

  it('with special tokens begins at the first event', async () => {
    const events = [unknown(), ...[1, 5, 2].map((k) => bare(k))];
    const ids = [1, 5, 2].map(bareId);
    const entries = (await model.evaluate([events], { surprisal, specialTokens: true })).patients[0]!.surprisal!;
    const after = await logProbsAfterEach(model, [5, 0, ...ids]);
    expect(entries[0]).toEqual({ ...nothing, dropped: 'unknown-code' });
    for (const [i, id] of ids.entries()) expectScore(entries[i + 1]!, id, after[i + 1]!);
    expect(entries).toHaveLength(4);
  });

  it.each([undefined, 5])('past the context has the windows of the perplexity (stride %s)', async (stride) => {
    const ids = randomIds(8, 75, vocabularySize);
    const options = { surprisal, perplexity: true, logProbs: true, ...(stride !== undefined && { stride }) };
    const { patients, perplexity } = await model.evaluate([ids], options);
    const got = patients[0]!.surprisal!.map(({ logProb }) => logProb);
    expect(got).toEqual([null, ...perplexity!.logProbs![0]!]);
    const expected = await perplexityLoop(model, ids, context, stride ?? 16);
    for (const [i, logProb] of expected.entries()) expect(got[i + 1]).toBeCloseTo(logProb, 5);
    // The windows of special tokens are others; the perplexity beside them does not change.
    const special = await model.evaluate([ids], { ...options, specialTokens: true });
    expect(special.perplexity).toEqual(perplexity);
    const longer = await perplexityLoop(model, [5, 0, ...ids], context, stride ?? 16);
    for (const [i, { logProb }] of special.patients[0]!.surprisal!.entries())
      expect(logProb).toBeCloseTo(longer[i + 1]!, 5);
  });

  it('covers the whole timeline, whatever the label times', async () => {
    const events = [3, 1, 2, 6].map((k, i) => bare(k, `2024-01-0${i + 1}`));
    const plain = (await model.evaluate([events], { surprisal })).patients[0]!.surprisal;
    const at = ['2024-01-02', '2020-01-01'];
    const labelled = (await model.evaluate([{ events, at }], { surprisal, topK: 1 })).patients[0]!;
    expect(labelled.surprisal).toEqual(plain);
    expect(labelled.rows.map(({ tokens }) => tokens)).toEqual([2, 0]);
    const unsorted = events.toReversed();
    const reversed = (await model.evaluate([{ events: unsorted, at }], { surprisal })).patients[0]!.surprisal!;
    expect(reversed.map(({ id }) => id)).toEqual([6, 2, 1, 3].map(bareId));
  });

  it('of patients without tokens, of one token and of many stay apart', async () => {
    const inputs = [[], [unknown()], [bare(1)], [bare(1), bare(2)], [bare(2), bare(1)]];
    const { patients } = await model.evaluate(inputs, { surprisal });
    expect(patients.map((patient) => patient.surprisal!.length)).toEqual([0, 1, 1, 2, 2]);
    expect(patients[1]!.surprisal).toEqual([{ ...nothing, dropped: 'unknown-code' }]);
    expect(patients[2]!.surprisal).toEqual([{ ...nothing, id: bareId(1) }]);
    for (const [i, order] of [
      [3, [1, 2]],
      [4, [2, 1]],
    ] as const) {
      const ids = order.map(bareId);
      expectScore(patients[i]!.surprisal![1]!, ids[1]!, (await logProbsAfterEach(model, ids))[0]!);
    }
    const special = await model.evaluate([[], [unknown()]], { surprisal, specialTokens: true });
    expect(special.patients.map((patient) => patient.surprisal!.length)).toEqual([0, 1]);
  });

  it('takes timelines longer than a call can have arguments', async () => {
    const ids = new Int32Array(150_000).fill(7);
    const { path } = await convertedModel(folder, 'tiny', {
      hiddenSize: 8,
      heads: 1,
      kvHeads: 1,
      layers: 1,
      feedForward: 8,
      vocabularySize: 9,
    });
    const tiny = await load(path);
    const { patients } = await tiny.evaluate([ids], { surprisal, specialTokens: true });
    expect(patients[0]!.surprisal).toHaveLength(ids.length);
    expect(patients[0]!.surprisal!.every(({ logProb }) => logProb! < 0)).toBe(true);
  });
});
