import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel } from '../../lib/model/index.ts';
import { bare, bareId, unknown } from '../support/events.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { readReference, referenceHidden, referenceLogits } from '../support/reference-llama.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const vocabularySize = 61;
let model: ClmbrModel;
let checkpoint: string;
beforeAll(async () => {
  const converted = await convertedModel(folder, 'model', { vocabularySize, vocabulary: true, contextLength: 32 });
  checkpoint = converted.folder;
  model = await load(converted.path, { threads: 2 });
});

describe('next events', () => {
  it('have the probabilities of a softmax over the whole vocabulary', async () => {
    const reference = await readReference(checkpoint);
    const sequences = [1, 5, 32].map((length) => randomIds(length, length, vocabularySize));
    const { patients } = await model.evaluate(sequences, { topK: vocabularySize });
    for (const [i, ids] of sequences.entries()) {
      const logits = referenceLogits(reference, referenceHidden(reference, ids).at(-1)!);
      const largest = logits.reduce((a, b) => Math.max(a, b));
      const total = largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
      const { next } = patients[i]!;
      expect(next.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([...logits.keys()]);
      for (const { id, logProb, probability } of next) {
        expect(logProb).toBeCloseTo(logits[id]! - total, 4);
        expect(probability).toBeCloseTo(Math.exp(logProb), 10);
      }
      const order = next.map(({ logProb }) => logProb);
      expect(order).toEqual(order.toSorted((a, b) => b - a));
      expect(next.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    }
  });

  it('are the first of all, however many are asked for', async () => {
    const all = (await model.evaluate([[7, 8, 9]], { topK: vocabularySize })).patients[0]!.next;
    for (const topK of [1, 3, 17]) {
      const { next } = (await model.evaluate([[7, 8, 9]], { topK })).patients[0]!;
      expect(next).toEqual(all.slice(0, topK));
    }
    expect((await model.evaluate([[7, 8, 9]])).patients[0]!.next).toEqual(all.slice(0, 10));
  });

  it('say what they are, where there is a vocabulary', async () => {
    const { next } = (await model.evaluate([[bare(1)]], { topK: vocabularySize })).patients[0]!;
    expect(next.find(({ id }) => id === bareId(3))).toMatchObject({ code: 'TEST/3', kind: 'code', token: 'TEST/3' });
    expect(next.find(({ id }) => id === bareId(3) + 1)).toMatchObject({ range: { start: 10, end: 10.5 } });
    expect(next.find(({ id }) => id === bareId(3) + 2)).toMatchObject({ category: 'value 11' });
    expect(next.find(({ id }) => id === 1)).toMatchObject({ token: '[EOS]', code: null });
    const { path } = await convertedModel(folder, 'plain', { vocabularySize: 9 });
    const plain = await load(path);
    const [first] = (await plain.evaluate([[7]])).patients[0]!.next;
    expect(Object.keys(first!).toSorted()).toEqual(['id', 'logProb', 'probability']);
  });

  it('come at every label time; `next` is that of the last one', async () => {
    const events = [unknown(), bare(1, '2024-01-01'), bare(2, '2024-01-02'), bare(3, '2024-01-03')];
    const at = ['2024-01-02', '2023-01-01', '2024-01-03'];
    const { patients, coverage } = await model.evaluate([{ id: 'a', events, at }, [unknown()]]);
    const expected = await model.evaluate([[1, 2].map(bareId), [1, 2, 3].map(bareId)]);
    expect(patients[0]!.rows.map(({ tokens, dropped }) => [tokens, dropped])).toEqual([
      [2, 1],
      [0, 1],
      [3, 1],
    ]);
    expect(patients[0]!.rows.map((row) => row.next)).toEqual([
      expected.patients[0]!.next,
      [],
      expected.patients[1]!.next,
    ]);
    expect(patients[0]!.next).toEqual(expected.patients[1]!.next);
    expect(patients[1]).toMatchObject({ id: 1, next: [], rows: [{ tokens: 0 }] });
    expect(coverage).toMatchObject({ emptyRows: 2, patients: 2 });
  });

  it('equally probable ones come by id', async () => {
    // All rows of the output matrix are the same: so are all logits.
    const { path } = await convertedModel(folder, 'even', {
      vocabularySize: 50,
      edit: (tensors) =>
        tensors.map((tensor) =>
          tensor.name === 'lm_head.weight' ? { ...tensor, bytes: new Uint8Array(tensor.bytes.length) } : tensor,
        ),
    });
    const even = await load(path);
    const { next } = (await even.evaluate([[7, 8]], { topK: 12 })).patients[0]!;
    expect(next.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for (const { probability } of next) expect(probability).toBeCloseTo(1 / 50, 6);
  });

  it('of long timelines are those of their last tokens', async () => {
    const ids = randomIds(9, 50, vocabularySize);
    const { patients } = await model.evaluate([ids, ids.slice(-32)]);
    expect(patients[0]!.next).toEqual(patients[1]!.next);
    expect(patients[0]!.rows[0]).toMatchObject({ tokens: 32, truncated: true });
  });
});
