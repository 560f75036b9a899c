import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel, GenerateOptions } from '../../lib/model/index.ts';
import { golden, hasGolden } from '../support/golden.ts';
import { logitModel } from '../support/logit-model.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { seededRandom } from '../support/random.ts';
import { cumulative, philox, shapedProbabilities, softmax, uniform } from '../support/reference-sampler.ts';
import type { Shaping } from '../support/reference-sampler.ts';
import { chiSquareP, upperGamma } from '../support/statistics.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const draws = 20_000;

/** First events of many futures. */
async function firstEvents(model: ClmbrModel, history: number[], options: GenerateOptions = {}): Promise<number[]> {
  const ids: number[] = [];
  for await (const { sample, events } of model.generate(history, { samples: draws, maxEvents: 1, ...options }))
    ids[sample] = events[0]!.id;
  return ids;
}

function countsOf(ids: readonly number[], size: number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (const id of ids) counts[id]!++;
  return counts;
}

/** Log-probabilities of the next event, by id. */
async function exactLogProbs(model: ClmbrModel, history: number[]): Promise<number[]> {
  const { patients } = await model.evaluate([history], { topK: model.info.vocabularySize });
  const byId = patients[0]!.next.toSorted((a, b) => a.id - b.id);
  return byId.map(({ logProb }) => logProb);
}

describe('the yardsticks', () => {
  it('agree with published values', () => {
    // Known-answer tests of Random123.
    expect([...philox([0, 0], [0, 0, 0, 0])]).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    const most = 0xffffffff;
    expect([...philox([most, most], [most, most, most, most])]).toEqual([
      0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd,
    ]);
    // 95 % and 99.9 % of chi-square with 1 and 19 degrees of freedom.
    expect(upperGamma(0.5, 3.841459 / 2)).toBeCloseTo(0.05, 6);
    expect(upperGamma(9.5, 43.8202 / 2)).toBeCloseTo(0.001, 6);
  });
});

describe('20,000 draws', () => {
  const size = 40;
  let model: ClmbrModel;
  let known: ClmbrModel;
  const random = seededRandom(11);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const logits = Array.from({ length: size }, () => 2.5 * normal());

  beforeAll(async () => {
    const { path } = await convertedModel(folder, 'random', { vocabularySize: size, contextLength: 64 });
    model = await load(path, { threads: 1 });
    known = await load(await logitModel(folder, 'known', [logits]), { threads: 1 });
  });

  it.each([0, 1, 2])('come with the probabilities of the model: seed %i', async (seed) => {
    const history = randomIds(seed, 5 + 20 * seed, size);
    const probabilities = (await exactLogProbs(model, history)).map(Math.exp);
    expect(chiSquareP(countsOf(await firstEvents(model, history, { seed }), size), probabilities)).toBeGreaterThan(
      1e-3,
    );
  });

  it.each<Shaping & { forbid?: number[]; seed: number }>([
    { seed: 3, temperature: 0.7 },
    { seed: 4, temperature: 1.6, topK: 12 },
    { seed: 5, topP: 0.8 },
    { seed: 6, temperature: 1.2, topK: 25, topP: 0.9 },
    { seed: 7, forbid: [0, 1, 2, 3, 4, 5, 6, 20], temperature: 1.1, topP: 0.95 },
  ])('come with the probabilities of transformers: %o', async ({ seed, forbid = [], ...shaping }) => {
    const history = randomIds(seed, 12, size);
    const probabilities = shapedProbabilities(await exactLogProbs(model, history), { ...shaping, forbidden: forbid });
    const ids = await firstEvents(model, history, { ...shaping, forbid, seed });
    expect(chiSquareP(countsOf(ids, size), probabilities)).toBeGreaterThan(1e-3);
    for (const id of ids) expect(probabilities[id]).toBeGreaterThan(0);
  });

  it('come with the probabilities that follow an event drawn before', async () => {
    const history = randomIds(8, 30, size);
    const seconds = new Map<number, number[]>();
    for await (const { events } of model.generate(history, { samples: draws, maxEvents: 2, forbid: [1] }))
      seconds.set(events[0]!.id, [...(seconds.get(events[0]!.id) ?? []), events[1]!.id]);
    const [first, ids] = [...seconds].toSorted(([, a], [, b]) => b.length - a.length)[0]!;
    expect(ids.length).toBeGreaterThan(1000);
    const probabilities = shapedProbabilities(await exactLogProbs(model, [...history, first]), { forbidden: [1] });
    expect(chiSquareP(countsOf(ids, size), probabilities)).toBeGreaterThan(1e-3);
  });

  it('would not pass with a temperature that is off by 5 %, up or down', async () => {
    const probabilities = softmax(logits);
    const p = async (temperature: number): Promise<number> =>
      chiSquareP(countsOf(await firstEvents(known, [0], { temperature, seed: 9 }), size), probabilities);
    expect(await p(1)).toBeGreaterThan(1e-3);
    expect(await p(1.05)).toBeLessThan(1e-4);
    expect(await p(0.95)).toBeLessThan(1e-4);
  });

  it('are those that the documented generator gives, one by one', async () => {
    const ends = cumulative(softmax(logits));
    let checked = 0;
    for (const [sample, id] of (await firstEvents(known, [0], { seed: 10 })).entries()) {
      const u = uniform(10, sample, 0);
      if (ends.some((end) => Math.abs(end - u) < 1e-6)) continue;
      expect(id).toBe(ends.findIndex((end) => u < end));
      checked++;
    }
    expect(checked).toBeGreaterThan(0.99 * draws);
  });

  it('take the event and both halves of the seed into account', async () => {
    const seed = (5n << 32n) + 7n;
    const ends = cumulative(softmax(new Array<number>(size).fill(0)));
    const flat = await load(await logitModel(folder, 'flat', [new Array<number>(size).fill(0)]));
    for await (const { sample, events } of flat.generate([8], { samples: 50, maxEvents: 4, seed })) {
      for (const [event, { id }] of events.entries()) {
        const u = uniform(seed, sample, event);
        expect(id).toBe(ends.findIndex((end) => u < end));
      }
    }
  });
});

interface GoldenCase extends Required<Omit<Shaping, 'forbidden'>> {
  logits: number[];
  probabilities: number[];
}

describe.runIf(hasGolden)('distributions of transformers', () => {
  const cases = hasGolden
    ? (JSON.parse(readFileSync(join(golden, 'sampling', 'sampling.json'), 'utf8')) as GoldenCase[])
    : [];

  it('are those of the reference sampler', () => {
    expect(cases).toHaveLength(9);
    for (const { logits, probabilities, ...shaping } of cases) {
      const shaped = shapedProbabilities(logits, shaping);
      for (const [id, probability] of probabilities.entries())
        expect(Math.abs(shaped[id]! - probability)).toBeLessThan(1e-6);
    }
  });

  it('are those that are drawn from, within 1e-6: events on both sides of every boundary', async () => {
    const seeds = numbersOfSeeds(2_000_000);
    const model = await load(
      await logitModel(
        folder,
        'golden',
        cases.map(({ logits }) => logits),
      ),
    );
    const distances: number[] = [];
    for (const [row, { logits: _, probabilities, ...shaping }] of cases.entries()) {
      const ends = cumulative(probabilities);
      const possible = [...probabilities.keys()].filter((id) => probabilities[id]! > 0);
      for (const boundary of possible.slice(0, -1)) {
        for (const { seed, u } of seeds.around(ends[boundary]!, (number) => isClear(number, ends))) {
          distances.push(Math.abs(ends[boundary]! - u));
          const { value } = await model.generate([row], { ...shaping, seed, maxEvents: 1 }).next();
          expect({ row, drawn: value!.events[0]!.id }).toEqual({ row, drawn: possible.find((id) => u < ends[id]!) });
        }
      }
    }
    distances.sort((a, b) => a - b);
    expect(distances.length).toBeGreaterThan(350);
    expect(distances[Math.floor(0.5 * distances.length)]).toBeLessThan(1e-6);
    expect(distances.at(-1)).toBeLessThan(1e-5);
  });
});

/** Whether what is drawn is certain, though probabilities are given in F32. */
function isClear(u: number, ends: readonly number[]): boolean {
  return ends.every((end) => Math.abs(end - u) > 5e-7);
}

/** The first random number of sample 0 for many seeds, to look up seeds by it. */
function numbersOfSeeds(count: number) {
  const numbers = Float64Array.from({ length: count }, (_, seed) => uniform(seed, 0, 0));
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  // Close enough to order for buckets: sorting so many by a comparison takes seconds.
  const buckets = new Uint32Array(count + 2);
  for (const u of numbers) buckets[Math.floor(u * count) + 1]!++;
  for (let i = 1; i < buckets.length; i++) buckets[i]! += buckets[i - 1]!;
  const next = buckets.slice();
  for (let seed = 0; seed < count; seed++) order[next[Math.floor(numbers[seed]! * count)]!++] = seed;
  const near = (u: number): { seed: number; u: number }[] => {
    const middle = Math.min(count - 1, Math.max(0, Math.floor(u * count)));
    const [from, to] = [buckets[Math.max(0, middle - 20)]!, buckets[Math.min(count, middle + 21)]!];
    return Array.from(order.subarray(from, to), (seed) => ({ seed, u: numbers[seed]! }));
  };
  return {
    /** The nearest usable ones below and above. */
    around(u: number, isUsable: (u: number) => boolean) {
      const candidates = near(u).filter((candidate) => isUsable(candidate.u));
      const below = candidates.filter((c) => c.u < u).reduce((a, b) => (b.u > a.u ? b : a));
      const above = candidates.filter((c) => c.u > u).reduce((a, b) => (b.u < a.u ? b : a));
      return [below, above];
    },
  };
}
