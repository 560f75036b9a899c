import { readFile } from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ClmbrError, loadModel } from '../../lib/index.ts';
import type { ClmbrModel, LoadOptions, Patient } from '../../lib/index.ts';
import { addon } from '../../lib/native/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { bits, rowsOf } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const demo = 'examples/demo/demo.gguf';
const vocabularySize = 60;
let path: string;
beforeAll(async () => {
  const shape = { heads: 6, kvHeads: 2, headSize: 24, hiddenSize: 72, feedForward: 200, contextLength: 640 };
  ({ path } = await convertedModel(folder, 'model', { ...shape, layers: 3, vocabularySize }));
});
afterEach(() => vi.unstubAllEnvs());

const timelines = [1, 2, 5, 13, 31, 64, 97, 260].map((length) => randomIds(length, length, vocabularySize));

function cosine(a: Float32Array, b: Float32Array): number {
  const product = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

const cosines = async (one: ClmbrModel, other: ClmbrModel, patients: Patient[]): Promise<number[]> => {
  const [a, b] = [await one.embed(patients), await other.embed(patients)];
  return a.rows.map((_, i) => cosine(a.row(i), b.row(i)));
};

describe('int8', () => {
  it('says so, takes less memory, and leaves a model in F32 what it is', async () => {
    const exact = await load(demo, { device: 'cpu' });
    const before = rowsOf(await exact.embed(timelines)).map(bits);
    const model = await load(demo, { compute: 'int8' });
    expect(model.info).toMatchObject({ compute: 'int8', device: 'cpu', weightType: exact.info.weightType });
    expect(exact.info.compute).toBe('f32');
    expect(model.info.bytes).toBeLessThan(exact.info.bytes * 0.75);
    expect(rowsOf(await model.embed(timelines)).map(bits)).not.toEqual(before);
    expect(rowsOf(await exact.embed(timelines)).map(bits)).toEqual(before);
  });

  it('keeps the vectors and the perplexity of the trained demo model', async () => {
    const lines = (await readFile('examples/demo/patients.jsonl', 'utf8')).trim().split('\n');
    const patients = lines.map((line) => (JSON.parse(line) as { events: Patient }).events).slice(0, 60);
    const [exact, model] = [await load(demo, { device: 'cpu' }), await load(demo, { compute: 'int8' })];
    expect(Math.min(...(await cosines(model, exact, patients)))).toBeGreaterThan(0.9999);
    const perplexity = async (m: ClmbrModel) => (await m.evaluate(patients, { perplexity: true })).perplexity!.ppl!;
    const [found, expected] = [await perplexity(model), await perplexity(exact)];
    expect(found).not.toBe(expected);
    expect(Math.abs(found / expected - 1)).toBeLessThan(0.001);
  });

  it('stays near F32 on random weights', async () => {
    const found = await cosines(await load(path, { compute: 'int8' }), await load(path, { device: 'cpu' }), timelines);
    expect(Math.min(...found)).toBeGreaterThan(0.99);
    expect(Math.max(...found)).toBeLessThan(1 - 1e-9);
  });
});

describe('int8: a result has the same bits', () => {
  it('on every instruction set, for any threads, budget and companions', async () => {
    const { kernels } = addon().system();
    const found = new Map<string, unknown>();
    for (const name of [...kernels, '']) {
      vi.stubEnv('CLMBR_CPU', name);
      const alone = await load(path, { compute: 'int8', threads: 1, maxBatchTokens: 1 });
      if (name !== '') expect(alone.info.kernels).toBe(name);
      const together = await load(path, { compute: 'int8', threads: 3 });
      const rows: string[] = [];
      for (const ids of timelines) rows.push(...rowsOf(await alone.embed([ids])).map(bits));
      expect(
        rowsOf(await together.embed(timelines.toReversed()))
          .map(bits)
          .toReversed(),
      ).toEqual(rows);
      const next = (await together.evaluate(timelines, { topK: 5 })).patients;
      found.set(name, [rows, next]);
    }
    for (const name of kernels) expect(found.get(name), name).toEqual(found.get(''));
  });

  it('in a cached generation and one recomputation', async () => {
    const model = await load(path, { compute: 'int8', threads: 2 });
    for await (const future of model.generate(timelines[5]!, { samples: 3, maxEvents: 12, seed: 4 })) {
      const drawn = future.events.map(({ id }) => id);
      const whole = [...timelines[5]!, ...drawn];
      const { patients } = await model.evaluate([whole], { surprisal: true });
      const expected = patients[0]!.surprisal!.slice(-drawn.length).map(({ logProb }) => logProb);
      expect(future.events.map(({ logProb }) => logProb)).toEqual(expected);
    }
  });
});

describe('int8: minCosine', () => {
  it('accepts what is near enough, on drawn timelines and on those of the caller', async () => {
    const model = await load(demo, { compute: 'int8', minCosine: 0.999 });
    expect(model.info.compute).toBe('int8');
    await load(path, { compute: 'int8', minCosine: 0.9, calibration: timelines });
    // Nothing to compare in a timeline without tokens.
    await load(demo, { compute: 'int8', minCosine: 1, calibration: [[]] });
    // What the caller does with his list meanwhile changes nothing.
    const emptied = [...timelines];
    const failure = loadModel(path, { compute: 'int8', minCosine: 1, calibration: emptied });
    emptied.length = 0;
    await expectClmbrError(failure, 'LOW_ACCURACY', `${timelines.length} calibration timelines`);
  });

  it('refuses with the numbers', async () => {
    const error = await expectClmbrError(
      loadModel(path, { compute: 'int8', minCosine: 0.99999999, calibration: timelines.slice(4) }),
      'LOW_ACCURACY',
      'at least 0.99999999',
      '4 calibration timelines',
    );
    const [exact, model] = [await load(path, { device: 'cpu' }), await load(path, { compute: 'int8' })];
    const worst = Math.min(...(await cosines(model, exact, timelines.slice(4))));
    expect(error.details['cosine']).toBeCloseTo(worst, 6);
    await expectClmbrError(loadModel(path, { compute: 'int8', minCosine: 1 }), 'LOW_ACCURACY', '8 calibration');
  });

  it('passes an abort on', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const options = { compute: 'int8', minCosine: 0.5, signal: controller.signal } as const;
    const loading = loadModel(path, { ...options, onProgress: () => controller.abort(reason) });
    await expect(loading).rejects.toBe(reason);
  });
});

describe('int8: refusals', () => {
  it.each<[LoadOptions, string]>([
    [{ compute: 'int4' as 'int8' }, "compute: expected one of 'f32', 'int8', found 'int4'"],
    [{ compute: 'int8', minCosine: 1.5 }, 'minCosine: expected a number from -1 to 1'],
    [{ minCosine: 0.9 }, "minCosine: expected compute: 'int8'"],
    [{ compute: 'int8', calibration: [] }, 'calibration: expected minCosine'],
    [{ compute: 'int8', minCosine: 0.9, calibration: [] }, 'calibration: expected at least one patient'],
    [{ compute: 'int8', minCosine: 0.9, calibration: 'x' as never }, 'calibration: expected an array of patients'],
    [
      { compute: 'int8', device: 'cpu-reference' },
      "compute: expected 'f32' on the device 'cpu-reference', found 'int8'",
    ],
    [{ compute: 'int8', device: 'cuda' }, "compute: expected 'f32' on the device 'cuda'"],
  ])('%j', async (options, text) => {
    await expectClmbrError(loadModel(path, options), 'INVALID_ARGUMENT', text);
  });

  it('of calibration patients name them as the caller does', async () => {
    const calibration = [
      [1, 2],
      [1, 2, 1_000_000],
    ];
    const failure = loadModel(path, { compute: 'int8', minCosine: 0.9, calibration });
    await expect(failure).rejects.toBeInstanceOf(ClmbrError);
    await expectClmbrError(failure, 'INVALID_INPUT');
  });
});
