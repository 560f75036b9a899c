import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel, Targets } from '../../lib/model/index.ts';
import { bare, bareId, categoryId, rangeId, unknown } from '../support/events.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { logProbsAfterEach } from './reference.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const vocabularySize = 61;
let model: ClmbrModel;
let plain: ClmbrModel;
beforeAll(async () => {
  const shape = { vocabularySize, contextLength: 32 };
  model = await load((await convertedModel(folder, 'model', { ...shape, vocabulary: true })).path, { threads: 2 });
  plain = await load((await convertedModel(folder, 'plain', shape)).path, { threads: 1 });
});

const history = [bare(1), bare(4), bare(2)];
const historyIds = [1, 4, 2].map(bareId);
const tokensOf = (k: number): number[] => [bareId(k), rangeId(k), categoryId(k)];

describe('targets', () => {
  it('add up the tokens of a code, and of a set of codes and ids', async () => {
    const targets = ['TEST/3', 9, ['TEST/3', 'TEST/5', 1, bareId(5)], [rangeId(7)], '[EOS]'];
    const got = (await model.evaluate([history], { targets })).patients[0]!.targets!;
    const after = (await logProbsAfterEach(model, historyIds)).at(-1)!;
    const sets = [tokensOf(3), [9], [...tokensOf(3), ...tokensOf(5), 1], [rangeId(7)], [1]];
    expect(got.map(({ target }) => target)).toEqual(targets);
    expect(got.map(({ tokenCount }) => tokenCount)).toEqual(sets.map((set) => set.length));
    for (const [i, set] of sets.entries()) {
      const probability = set.reduce((sum, id) => sum + Math.exp(after[id]!), 0);
      expect(got[i]!.probability).toBeCloseTo(probability, 6);
      expect(got[i]!.logProb).toBeCloseTo(Math.log(probability), 5);
    }
  });

  it('that are everything have probability 1, and never more', async () => {
    const everything = Array.from({ length: vocabularySize }, (_, id) => id);
    const rows = await model.evaluate(
      Array.from({ length: 50 }, (_, i) => [i]),
      { targets: [everything] },
    );
    for (const { targets } of rows.patients) {
      expect(targets![0]!.probability).toBeCloseTo(1, 6);
      expect(targets![0]!.probability).toBeLessThanOrEqual(1);
      expect(targets![0]!.logProb).toBeLessThanOrEqual(0);
    }
  });

  it('may have names', async () => {
    const named = await model.evaluate([history], { targets: { first: 'TEST/3', both: ['TEST/3', 'TEST/5'] } });
    const listed = await model.evaluate([history], { targets: ['TEST/3', ['TEST/3', 'TEST/5']] });
    expect(named.patients[0]!.targets!.map(({ target }) => target)).toEqual(['first', 'both']);
    expect(named.patients[0]!.targets!.map(({ logProb }) => logProb)).toEqual(
      listed.patients[0]!.targets!.map(({ logProb }) => logProb),
    );
  });

  it('come at every label time, beside the next events', async () => {
    const events = [unknown(), bare(1, '2024-01-01'), bare(4, '2024-01-02'), bare(2, '2024-01-03')];
    const at = ['2024-01-02', '2023-01-01', '2024-01-03'];
    const targets = ['TEST/3', 'TEST/6'];
    const { patients } = await model.evaluate([{ events, at }, [bare(2)], []], { targets, topK: 2 });
    const lone = await model.evaluate([historyIds.slice(0, 2), historyIds, [bareId(2)]], { targets });
    const expected = lone.patients.map((patient) => patient.targets);
    expect(patients[0]!.rows.map((row) => row.targets)).toEqual([expected[0], [], expected[1]]);
    expect(patients[0]!.targets).toEqual(expected[1]);
    expect(patients[1]!.targets).toEqual(expected[2]);
    expect(patients[2]).toMatchObject({ targets: [], next: [], rows: [{ tokens: 0, targets: [] }] });
    expect(patients[0]!.next).toEqual(lone.patients[1]!.next.slice(0, 2));
    expect(lone.patients[0]!.next).toHaveLength(10);
    const without = await model.evaluate([history], { targets, topK: 0 });
    expect(without.patients[0]).toMatchObject({ next: [], targets: expected[1] });
    expect((await model.evaluate([history])).patients[0]).not.toHaveProperty('targets');
  });

  it('work on token ids without a vocabulary', async () => {
    const [target] = (await plain.evaluate([[7, 8]], { targets: [[3, 9]] })).patients[0]!.targets!;
    const after = (await logProbsAfterEach(plain, [7, 8])).at(-1)!;
    expect(target!.probability).toBeCloseTo(Math.exp(after[3]!) + Math.exp(after[9]!), 6);
    await expectClmbrError(plain.evaluate([[7]], { targets: ['TEST/3'] }), 'NO_VOCABULARY', 'targets[0]');
  });
});

describe('targets that cannot be', () => {
  const refuse = (targets: unknown, ...texts: string[]) =>
    expectClmbrError(model.evaluate([history], { targets: targets as Targets }), 'INVALID_ARGUMENT', ...texts);

  it('unknown codes are answered with the nearest known ones', async () => {
    await refuse(['TEST/3', 'TEST/33'], 'targets[1]', "'TEST/33'", "'TEST/3'");
    await refuse({ it: ['TEST//4', 'TEST/5'] }, 'targets["it"][0]', "'TEST//4'", "'TEST/4'");
    await refuse(['NOTHING/LIKE/IT'], 'tokenizer.search');
  });

  it('wrong kinds and empty sets', async () => {
    await refuse('TEST/3', 'targets', 'a string');
    await refuse(null, 'targets', 'null');
    await refuse([], 'at least one');
    await refuse({}, 'at least one');
    await refuse([[]], 'targets[0]', 'at least one');
    await refuse([true], 'targets[0]');
    await refuse([vocabularySize], 'targets[0]', `to ${vocabularySize - 1}`);
    await refuse([[7, 1.5]], 'targets[0][1]');
    await refuse([['TEST/3', -1]], 'targets[0][1]');
  });
});
