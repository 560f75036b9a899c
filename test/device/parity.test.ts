import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { convertCheckpoint } from '../../lib/convert/convert.ts';
import type { ClmbrModel } from '../../lib/model/index.ts';
import type { WeightType } from '../../lib/types.ts';
import { golden, hasGolden } from '../support/golden.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { chosenShapes, randomShapes } from '../support/model-shapes.ts';
import { difference, rowsOf } from '../support/numbers.ts';
import { readF32Tensors } from '../support/safetensors-f32.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { device, perplexityTolerance, tolerance } from './device.ts';

const lengths = [1, 9, 33, 64, 128];

async function expectSameAsKernels(on: ClmbrModel, kernels: ClmbrModel, weightType: WeightType): Promise<void> {
  const { vocabularySize } = on.info;
  const patients = lengths.map((length, i) => randomIds(30 + i, length, vocabularySize));
  for (const options of [
    {},
    { pooling: 'none', representation: 'logits' },
    { pooling: 'mean' },
    { pooling: 'max', representation: 'logits' },
  ] as const) {
    const [found, expected] = [await on.embed(patients, options), await kernels.embed(patients, options)];
    expect(difference(rowsOf(found), rowsOf(expected)).error).toBeLessThanOrEqual(tolerance(weightType));
  }
  const [found, expected] = [
    await on.evaluate(patients, { perplexity: true, topK: 1 }),
    await kernels.evaluate(patients, { perplexity: true, topK: 1 }),
  ];
  expect(Math.abs(found.perplexity!.ppl / expected.perplexity!.ppl - 1)).toBeLessThan(perplexityTolerance(weightType));
  expect(found.perplexity!.tokens).toBe(expected.perplexity!.tokens);
}

describe(`generated models on ${device}`, async () => {
  const folder = await temporaryFolder();
  const load = modelLoader();
  const shapes = [...chosenShapes.filter(({ name }) => !name.startsWith('more inputs')), ...randomShapes(6)];

  it.each(shapes)('$name', async ({ name, ...options }) => {
    const { path } = await convertedModel(folder, name.replace(/\W+/g, '-'), options);
    const on = await load(path, { device, threads: 1 });
    // What is quantised decides, also where most tensors could not be.
    const type = options.type === 'q8_0' ? 'Q8_0' : on.info.weightType;
    await expectSameAsKernels(on, await load(path, { device: 'cpu', threads: 2 }), type);
  });
});

describe.runIf(hasGolden)(`the numbers of transformers on ${device}`, async () => {
  const folder = await temporaryFolder();
  const load = modelLoader();

  it.each(['gqa-llama3-f32', 'gqa-sharded-bf16', 'mha-tied-f16', 'mqa-wide-head-f32', 'one-layer-f32'])(
    '%s',
    async (name) => {
      const source = join(golden, 'models', name);
      const path = join(folder, `${name}.gguf`);
      await convertCheckpoint({ source, target: path });
      const model = await load(path, { device, threads: 1 });
      const text = readFileSync(join(source, 'expected.json'), 'utf8');
      const { sequences } = JSON.parse(text) as { sequences: number[][] };
      const expected = readF32Tensors(join(source, 'expected.safetensors'));
      for (const representation of ['hidden', 'logits'] as const) {
        const rows = rowsOf(await model.embed(sequences, { pooling: 'none', representation }));
        const { error } = difference(
          rows,
          sequences.flatMap((_, i) => expected.get(`${representation}.${i}`)!),
        );
        expect(error).toBeLessThanOrEqual(tolerance(model.info.weightType));
      }
    },
  );
});
