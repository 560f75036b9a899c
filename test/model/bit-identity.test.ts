import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ClmbrModel, EmbedOptions } from '../../lib/model/index.ts';
import { addon } from '../../lib/native/index.ts';
import type { CheckpointOptions } from '../support/checkpoint.ts';
import type { ConvertType } from '../../lib/convert/convert.ts';
import { convertedModel, modelLoader, randomIds, ropeConfigs } from '../support/model.ts';
import { bits, rowsOf } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const vocabularySize = 40;

/** Sizes that fill no tile, with and without weights that are widened in blocks. */
const shape: CheckpointOptions = {
  heads: 6,
  kvHeads: 2,
  headSize: 24,
  hiddenSize: 72,
  feedForward: 100,
  contextLength: 640,
  vocabularySize,
  config: ropeConfigs.llama3,
};
const weightTypes: ConvertType[] = ['f32', 'f16', 'bf16', 'q8_0'];
const paths = new Map<ConvertType, string>();
beforeAll(async () => {
  for (const type of weightTypes) {
    // Q8_0 needs rows that its blocks fill.
    const sizes = type === 'q8_0' ? { hiddenSize: 96, feedForward: 128 } : {};
    paths.set(type, (await convertedModel(folder, type, { ...shape, ...sizes, type })).path);
  }
});

const embedBits = async (model: ClmbrModel, patients: number[][], options?: EmbedOptions): Promise<string[]> =>
  rowsOf(await model.embed(patients, options)).map(bits);

/** Timelines around every boundary of the engine, and a few in between. */
const timelines = [1, 2, 7, 8, 12, 13, 31, 32, 33, 64, 96, 97, 130, 255, 257, 300, 513, 640].map((length) =>
  randomIds(length, length, vocabularySize),
);

describe.each(weightTypes)('%s: a vector has the same bits', (type) => {
  let alone: string[];
  beforeAll(async () => {
    const model = await load(paths.get(type)!, { threads: 1, maxBatchTokens: 1 });
    alone = [];
    for (const ids of timelines) alone.push(...(await embedBits(model, [ids])));
    expect(new Set(alone).size).toBe(timelines.length);
  });

  it('whatever the companions, their order, the threads and the budget', async () => {
    const models = new Map<string, Promise<ClmbrModel>>();
    const modelOf = (threads: number, maxBatchTokens: number): Promise<ClmbrModel> => {
      const key = `${threads} ${maxBatchTokens}`;
      if (!models.has(key)) models.set(key, load(paths.get(type)!, { threads, maxBatchTokens }));
      return models.get(key)!;
    };
    const cohorts = fc.array(fc.nat(timelines.length - 1), { minLength: 1, maxLength: 12 });
    const property = fc.asyncProperty(
      cohorts,
      fc.constantFrom(1, 2, 3, 4, 32),
      fc.constantFrom(1, 40, 700, 100_000),
      async (cohort, threads, budget) => {
        const model = await modelOf(threads, budget);
        const found = await embedBits(
          model,
          cohort.map((i) => timelines[i]!),
        );
        expect(found).toEqual(cohort.map((i) => alone[i]!));
      },
    );
    await fc.assert(property, { numRuns: 12, seed: 3 });
  });

  it('in calls that run at once', async () => {
    const model = await load(paths.get(type)!, { threads: 3, maxBatchTokens: 500 });
    const calls = await Promise.all(timelines.toReversed().map((ids) => embedBits(model, [ids])));
    expect(calls.flat().toReversed()).toEqual(alone);
  });

  it('as the last row of all rows', async () => {
    const model = await load(paths.get(type)!, { threads: 2 });
    const some = timelines.slice(2, 15);
    const all = await embedBits(model, some, { pooling: 'none' });
    let end = 0;
    const last = some.map((ids) => all[(end += ids.length) - 1]!);
    expect(last).toEqual(alone.slice(2, 15));
  });

  it('as a row of a longer timeline', async () => {
    const model = await load(paths.get(type)!, { threads: 2 });
    const long = timelines.at(-1)!;
    const rows = await embedBits(model, [long], { pooling: 'none' });
    for (const length of [1, 11, 32, 256, 257, 512, 513])
      expect(await embedBits(model, [long.slice(0, length)])).toEqual([rows[length - 1]]);
  });

  it.each(['hidden', 'logits'] as const)('pooled to %s with and without companions', async (representation) => {
    const [one, other] = [await load(paths.get(type)!, { threads: 1 }), await load(paths.get(type)!, { threads: 4 })];
    for (const pooling of ['last', 'mean', 'max'] as const) {
      const options = { pooling, representation };
      const together = await embedBits(other, timelines.slice(0, 13), options);
      for (const [i, ids] of timelines.slice(0, 13).entries())
        expect(await embedBits(one, [ids], options)).toEqual([together[i]]);
    }
  });
});

describe('instruction sets', () => {
  afterEach(() => vi.unstubAllEnvs());
  const { kernels } = addon().system();

  it('more than one is here to compare', () => {
    expect(kernels).toContain('scalar');
    expect(kernels.length).toBeGreaterThan(process.arch === 'x64' || process.arch === 'arm64' ? 1 : 0);
  });

  it.each(weightTypes)('%s: all give the same bits', async (type) => {
    const found = new Map<string, string[]>();
    for (const name of kernels) {
      vi.stubEnv('CLMBR_CPU', name);
      const model = await load(paths.get(type)!, { threads: 2 });
      expect(model.info.kernels).toBe(name);
      const some = timelines.slice(0, 15);
      found.set(name, [
        ...(await embedBits(model, some)),
        ...(await embedBits(model, some, { pooling: 'mean', representation: 'logits' })),
        ...(await embedBits(model, some.slice(0, 9), { pooling: 'none', representation: 'logits' })),
        JSON.stringify((await model.evaluate(some, { topK: 5 })).patients),
      ]);
    }
    for (const name of kernels) expect(found.get(name), name).toEqual(found.get('scalar'));
  });

  it('one that the processor does not have is refused by name', async () => {
    vi.stubEnv('CLMBR_CPU', 'abacus');
    await expect(load(paths.get('f32')!)).rejects.toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      message: expect.stringContaining('abacus') as string,
    });
  });
});
