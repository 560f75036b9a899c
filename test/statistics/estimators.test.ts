import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel, RiskEstimator, RiskResult } from '../../lib/model/index.ts';
import { exactRisk } from '../support/exact-risk.ts';
import type { ExactAnswer } from '../support/exact-risk.ts';
import { convertedModel, modelLoader } from '../support/model.ts';
import { mean, variance, zScore } from '../support/statistics.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const repetitions = 200;
const samples = 40;
const history = [7, 3, 10, 8];

describe.each([
  { name: 'an outcome of two tokens, with a competing event', outcome: [5, 9], stop: [10, 11], horizon: 3 },
  { name: 'a rare outcome', outcome: [4], stop: [] as number[], horizon: 3 },
])('$name', ({ name, ...question }) => {
  let model: ClmbrModel;
  let exact: ExactAnswer;
  const results = new Map<RiskEstimator, RiskResult[]>();

  beforeAll(async () => {
    const { path } = await convertedModel(folder, name, { vocabularySize: 12, contextLength: 16, seed: 5 });
    model = await load(path, { threads: 1 });
    exact = await exactRisk(model, history, question);
    for (const estimator of ['monte-carlo', 'reach', 'scope'] as const) {
      const list: RiskResult[] = [];
      // Seeds of their own, so that the estimators do not err together.
      const first = 1000 * (1 + results.size);
      for (let i = 0; i < repetitions; i++)
        list.push(await model.risk(history, { ...question, estimator, samples, seed: first + i }));
      results.set(estimator, list);
    }
  });

  const probabilities = (estimator: RiskEstimator): number[] => results.get(estimator)!.map((r) => r.probability!);

  it('can be told apart from what it is not', async () => {
    expect(exact.probability).toBeGreaterThan(0.02);
    expect(exact.expectedCount).toBeGreaterThan(exact.probability);
    // A horizon of 2, and competing events that do not compete, are other numbers.
    const shorter = await exactRisk(model, history, { ...question, horizon: 2 });
    expect(Math.abs(zScore(probabilities('reach'), shorter.probability))).toBeGreaterThan(6);
    if (question.stop.length === 0) return;
    const free = await exactRisk(model, history, { ...question, stop: [] });
    expect(Math.abs(zScore(probabilities('reach'), free.probability))).toBeGreaterThan(6);
    expect(Math.abs(zScore(probabilities('monte-carlo'), free.probability))).toBeGreaterThan(4);
  });

  it('monte-carlo and reach are unbiased for the probability', () => {
    expect(Math.abs(zScore(probabilities('monte-carlo'), exact.probability))).toBeLessThan(4);
    expect(Math.abs(zScore(probabilities('reach'), exact.probability))).toBeLessThan(4);
  });

  it('scope is unbiased for the expected count', () => {
    const counts = results.get('scope')!.map((r) => r.expectedCount!);
    expect(Math.abs(zScore(counts, exact.expectedCount))).toBeLessThan(4);
  });

  it('reach varies less than monte-carlo', () => {
    const ratio = variance(probabilities('monte-carlo')) / variance(probabilities('reach'));
    console.log(`${name}: variance of monte-carlo over that of reach, ${samples} samples each: ${ratio.toFixed(0)}`);
    expect(ratio).toBeGreaterThan(1);
  });

  it.each(['monte-carlo', 'reach', 'scope'] as const)('%s knows its own standard error', (estimator) => {
    const list = results.get(estimator)!;
    const seen = Math.sqrt(variance(list.map((r) => r.probability ?? r.expectedCount!)));
    const stated = Math.sqrt(mean(list.map((r) => r.standardError ** 2)));
    expect(stated / seen).toBeGreaterThan(0.8);
    expect(stated / seen).toBeLessThan(1.25);
  });

  it.each(['monte-carlo', 'reach', 'scope'] as const)(
    'the interval of %s holds the truth in 95 of 100 cases',
    (estimator) => {
      const truth = estimator === 'scope' ? exact.expectedCount : exact.probability;
      const held = results.get(estimator)!.filter(({ interval: [low, high] }) => low <= truth && truth <= high).length;
      // 95 % of 200 is 190, with a standard deviation of 3.
      expect(held).toBeGreaterThanOrEqual(178);
      expect(held).toBeLessThan(repetitions + 1);
    },
  );
});
