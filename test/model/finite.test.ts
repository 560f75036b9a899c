// A broken weight must not hide in numbers that look right.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openGguf } from '../../lib/gguf/reader.ts';
import { loadModel } from '../../lib/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const ids = [1, 2, 3, 10, 5, 6];
let path: string;
let copies = 0;
beforeAll(async () => {
  ({ path } = await convertedModel(folder, 'model', { layers: 2 }));
});

/** A copy of the model in which the weights of a tensor are changed. */
async function copyWith(name: string, change: (weights: Float32Array) => unknown): Promise<string> {
  const { offset, byteLength } = (await openGguf(path)).tensors.get(name)!;
  const bytes = await readFile(path);
  const weights = new Float32Array(new Uint8Array(bytes.subarray(offset, offset + byteLength)).buffer);
  change(weights);
  bytes.set(new Uint8Array(weights.buffer), offset);
  const copy = join(folder, `${copies++}.gguf`);
  await writeFile(copy, bytes);
  return copy;
}

describe('weights', () => {
  it.each(['token_embd.weight', 'blk.0.attn_q.weight', 'blk.1.attn_norm.weight', 'output.weight'])(
    'that are no numbers are refused: %s',
    async (name) => {
      for (const value of [NaN, Infinity, -Infinity]) {
        const copy = await copyWith(name, (weights) => (weights[5] = value));
        for (const device of ['cpu', 'cpu-reference'] as const)
          await expectClmbrError(loadModel(copy, { device }), 'UNSUPPORTED_MODEL', name, 'expected finite weights');
      }
    },
  );
});

describe('weights so large that F32 cannot hold the scores', () => {
  it('give NaN, not vectors and probabilities that look right', async () => {
    const model = await load(await copyWith('blk.0.attn_q.weight', (weights) => weights.fill(3e38)));
    for (const pooling of ['last', 'mean', 'max'] as const)
      expect((await model.embed([ids], { pooling })).data.every(Number.isNaN), pooling).toBe(true);
    const { patients, perplexity } = await model.evaluate([ids], { topK: 5, perplexity: true });
    expect(patients[0]!.next.map(({ probability }) => probability)).toEqual([NaN, NaN, NaN, NaN, NaN]);
    expect(perplexity!.meanLogProb).toBeNaN();
  });

  it.each([{}, { topK: 5 }, { topP: 0.5 }, { temperature: 0 }])('give no futures: %j', async (options) => {
    // Two events of the vocabulary whose logits have opposite signs: one of them is no -Infinity.
    const copy = await copyWith('output.weight', (weights) => {
      weights.subarray(10 * 64, 11 * 64).fill(3e38);
      weights.subarray(11 * 64, 12 * 64).fill(-3e38);
    });
    const model = await load(copy);
    const draw = async (): Promise<void> => {
      for await (const future of model.generate(ids, { samples: 2, maxEvents: 3, seed: 1, ...options }))
        expect(future).toBeUndefined();
    };
    await expectClmbrError(draw(), 'UNSUPPORTED_MODEL', 'not finite');
  });
});
