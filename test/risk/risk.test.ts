import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel, RiskOptions } from '../../lib/model/index.ts';
import { exactRisk } from '../support/exact-risk.ts';
import { bare, bareId, measured, rangeId, unknown } from '../support/events.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { logitModel } from '../support/logit-model.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const vocabularySize = 40;
const contextLength = 64;
const history = randomIds(1, 12, vocabularySize);
let path: string;
let model: ClmbrModel;
beforeAll(async () => {
  ({ path } = await convertedModel(folder, 'model', { vocabularySize, contextLength, vocabulary: true }));
  model = await load(path, { threads: 1 });
});

const estimators = ['monte-carlo', 'scope', 'reach'] as const;

describe('risk', () => {
  it('is a share of 100 futures unless told otherwise', async () => {
    const result = await model.risk(history, { outcome: 'TEST/3', horizon: 10 });
    const { probability, standardError, interval, coverage, ...rest } = result;
    expect(rest).toEqual({
      expectedCount: null,
      samples: 100,
      estimator: 'monte-carlo',
      horizon: 10,
      history: { tokens: 12, truncated: false, dropped: 0 },
    });
    expect(coverage).toMatchObject({ events: 0, share: 1 });
    const p = probability!;
    expect(p * 100).toBeCloseTo(Math.round(p * 100), 9);
    expect(standardError).toBeCloseTo(Math.sqrt((p * (1 - p)) / 100), 12);
    expect(interval[0]).toBeLessThan(p);
    expect(interval[1]).toBeGreaterThan(p);
  });

  it('is the share of the futures that generate gives', async () => {
    const ids = new Set(model.tokenizer!.idsOf('TEST/3'));
    const stop = ['TEST/5', '[PAD]'];
    let hits = 0;
    for await (const { events } of model.generate(history, { samples: 200, maxEvents: 10, stop, seed: 4 }))
      if (events.some(({ id }) => ids.has(id))) hits++;
    const result = await model.risk(history, { outcome: ['TEST/3'], horizon: 10, stop, samples: 200, seed: 4 });
    expect(result.probability).toBe(hits / 200);
    expect(hits).toBeGreaterThan(20);
  });

  it.each(estimators)('is the same for the same seed and another for another: %s', async (estimator) => {
    const options: RiskOptions = { outcome: 'TEST/3', horizon: 10, estimator };
    const first = await model.risk(history, options);
    expect(await model.risk(history, { ...options, seed: 0n })).toEqual(first);
    const other = await load(path, { threads: 2 });
    const [beside] = await Promise.all([other.risk(history, options), other.risk(history, { ...options, seed: 2 })]);
    expect(beside).toEqual(first);
    expect((await model.risk(history, { ...options, seed: 1 })).interval).not.toEqual(first.interval);
  });

  it.each(estimators)('over one event is what evaluate says: %s', async (estimator) => {
    const outcome = ['TEST/3', 30];
    const exact = await exactRisk(model, history, {
      outcome: [...model.tokenizer!.idsOf('TEST/3'), 30],
      stop: [],
      horizon: 1,
    });
    const result = await model.risk(history, { outcome, horizon: 1, estimator, samples: 500 });
    const value = result.probability ?? result.expectedCount!;
    if (estimator === 'monte-carlo') expect(Math.abs(value - exact.probability)).toBeLessThan(4 * result.standardError);
    else {
      expect(value).toBeCloseTo(exact.probability, 6);
      expect(result.standardError).toBeLessThan(1e-9);
    }
  });

  it('gives no probability for scope, whose count can exceed 1', async () => {
    const outcome = Array.from({ length: 30 }, (_, i) => i + 2);
    const result = await model.risk(history, { outcome, horizon: 20, estimator: 'scope' });
    expect(result.probability).toBeNull();
    expect(result.expectedCount).toBeGreaterThan(1);
    expect(result.interval[1]).toBeLessThanOrEqual(20);
  });

  it('counts an outcome that is also a stop as a hit, and nothing after a stop', async () => {
    const both = { outcome: 'TEST/3', stop: 'TEST/3', horizon: 10 } as const;
    const { stop: _, ...free } = both;
    expect((await model.risk(history, both)).probability).toBe((await model.risk(history, free)).probability);
    // After token 2 comes 3 at all odds, after 3 comes 4, after 4 the end.
    const sure = (id: number): number[] => Array.from({ length: 8 }, (_, i) => (i === id ? 0 : -200));
    const chain = await load(await logitModel(folder, 'chain', [sure(0), sure(0), sure(3), sure(4), sure(1)]));
    for (const estimator of ['monte-carlo', 'reach'] as const) {
      const of = async (options: RiskOptions) =>
        (await chain.risk([2], { estimator, samples: 5, ...options })).probability;
      expect(await of({ outcome: 4, horizon: 1 })).toBe(0);
      expect(await of({ outcome: 4, horizon: 2 })).toBe(1);
      expect(await of({ outcome: 4, horizon: 2, stop: 3 })).toBe(0);
      expect(await of({ outcome: 1, horizon: 5 })).toBe(1);
      // [EOS] competes without being named.
      expect(await of({ outcome: 0, horizon: 5 })).toBe(0);
    }
    const scope = await chain.risk([2], { outcome: [3, 4], horizon: 5, estimator: 'scope', samples: 2 });
    expect(scope).toMatchObject({ expectedCount: 2, standardError: 0, interval: [2, 2] });
  });

  it('says how much one sample tells', async () => {
    const one = await model.risk(history, { outcome: 'TEST/3', horizon: 5, estimator: 'reach', samples: 1 });
    expect(one).toMatchObject({ standardError: Infinity, interval: [0, 1], samples: 1 });
  });

  it('rests on the last tokens that the horizon leaves room for, up to the label time', async () => {
    const long = randomIds(2, 100, vocabularySize);
    const options: RiskOptions = { outcome: 'TEST/3', horizon: 20 };
    const cut = await model.risk(long, options);
    expect(cut.history).toEqual({ tokens: 44, truncated: true, dropped: 0 });
    expect(await model.risk(long.slice(-44), options)).toEqual({
      ...cut,
      history: { ...cut.history, truncated: false },
    });
    expect((await model.risk(long, { ...options, horizon: 63 })).history.tokens).toBe(1);
    const events = [bare(1), measured(2, '2020-01-01'), unknown('X/1', '2020-02-01'), bare(3, '2021-01-01')];
    const early = await model.risk(events, { ...options, at: '2020-12-31' });
    expect(early.history).toEqual({ tokens: 2, truncated: false, dropped: 1 });
    expect(early.coverage).toMatchObject({ events: 4, mapped: 3 });
    const ids = await model.risk([bareId(1), rangeId(2)], options);
    expect(early.probability).toBe(ids.probability);
    expect((await model.risk([], { ...options, specialTokens: true })).history.tokens).toBe(2);
  });
});

describe('a tolerance', () => {
  it.each(estimators)('is reached with no more samples than it takes: %s', async (estimator) => {
    const tolerance = { 'monte-carlo': 0.03, scope: 0.015, reach: 0.008 }[estimator];
    const seen: number[] = [];
    const onProgress = ({ samples, totalSamples }: { samples: number; totalSamples: number }): void => {
      expect(samples).toBeLessThanOrEqual(totalSamples);
      seen.push(samples);
    };
    const options: RiskOptions = { outcome: 'TEST/3', horizon: 10, estimator };
    const result = await model.risk(history, { ...options, tolerance, onProgress });
    expect(result.standardError).toBeLessThanOrEqual(tolerance);
    expect(result.samples).toBeGreaterThan(100);
    expect(seen).toEqual(Array.from({ length: result.samples }, (_, i) => i + 1));
    expect(await model.risk(history, { ...options, samples: result.samples })).toEqual(result);
    const fewer = await model.risk(history, { ...options, samples: Math.floor(0.8 * result.samples) });
    expect(fewer.standardError).toBeGreaterThan(tolerance);
  });

  it('gives up at maxSamples', async () => {
    const result = await model.risk(history, { outcome: 'TEST/3', horizon: 10, tolerance: 1e-6, maxSamples: 333 });
    expect(result.samples).toBe(333);
    expect(result.standardError).toBeGreaterThan(1e-6);
    expect(
      (await model.risk(history, { outcome: 'TEST/3', horizon: 10, tolerance: 1e-6, maxSamples: 50 })).samples,
    ).toBe(50);
  });

  it('is not taken for reached because nothing was seen yet', async () => {
    const never = await load(await logitModel(folder, 'never', [[0, -200, -200, 0, 0]]), { threads: 1 });
    const result = await never.risk([0], { outcome: 2, horizon: 1, samples: 10, tolerance: 0.01 });
    expect(result).toMatchObject({ probability: 0, standardError: 0 });
    expect(result.samples).toBeGreaterThan(100);
    expect(result.interval[0]).toBe(0);
    expect(result.interval[1]).toBeGreaterThan(0);
  });
});

describe('risk refuses', () => {
  const good = { outcome: 'TEST/3', horizon: 5 };
  it.each<[Record<string, unknown>, ...string[]]>([
    [{ outcome: 'TEST/33' }, 'outcome', "'TEST/33'", "'TEST/3'"],
    [{ outcome: ['TEST/1', 'Test//2'] }, 'outcome[1]', "'Test//2'", "'TEST/2'"],
    [{ outcome: [] }, 'outcome', 'none'],
    [{ outcome: undefined }, 'outcome', 'undefined'],
    [{ outcome: 40 }, 'outcome', '39'],
    [{ outcome: 'SNOMED/22298006' }, 'SNOMED/22298006', 'no token'],
    [{ horizon: undefined }, 'horizon', 'undefined'],
    [{ horizon: 0 }, 'horizon', 'from 1 to 63'],
    [{ horizon: 64 }, 'horizon', 'from 1 to 63', '64'],
    [{ samples: 0 }, 'samples'],
    [{ samples: 50, maxSamples: 40 }, 'maxSamples', '50'],
    [{ tolerance: 0 }, 'tolerance'],
    [{ tolerance: NaN }, 'tolerance', 'NaN'],
    [{ estimator: 'guess' }, 'estimator', "'reach'", 'guess'],
    [{ stop: 'TEST/99' }, 'stop', 'TEST/99'],
    [{ stop: () => true }, 'stop', 'a function'],
    [{ seed: 0.5 }, 'seed'],
    [{ temperature: 0.5 }, 'temperature'],
    [{ topK: 5 }, 'topK'],
    [{ outcome: Array.from({ length: 40 }, (_, i) => i), estimator: 'reach' }, 'outcome', '40 tokens'],
  ])('%o', async (options, ...texts) => {
    let events = 0;
    const asked = { ...good, onProgress: () => events++, ...options } as RiskOptions;
    await expectClmbrError(model.risk(history, asked), 'INVALID_ARGUMENT', ...texts);
    expect(events).toBe(0);
  });

  it('to run without options', async () => {
    await expectClmbrError(
      model.risk(history, undefined as unknown as RiskOptions),
      'INVALID_ARGUMENT',
      'outcome',
      'horizon',
    );
  });

  it('patients without anything to go on from', async () => {
    await expectClmbrError(model.risk([unknown()], good), 'INVALID_INPUT', 'specialTokens');
  });

  it('to go on after an abort', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const onProgress = (): void => controller.abort(reason);
    const options = { ...good, samples: 1_000_000, signal: controller.signal, onProgress };
    await expect(model.risk(history, options)).rejects.toBe(reason);
    await expect(model.risk(history, options)).rejects.toBe(reason);
  });

  it('with what the caller threw', async () => {
    const failure = new Error('mine');
    const onProgress = (): void => {
      throw failure;
    };
    await expect(model.risk(history, { ...good, onProgress })).rejects.toBe(failure);
  });
});
