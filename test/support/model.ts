import { join } from 'node:path';
import { afterAll } from 'vitest';
import { convertCheckpoint } from '../../lib/convert/convert.ts';
import type { ConvertType } from '../../lib/convert/convert.ts';
import { loadModel } from '../../lib/model/index.ts';
import type { ClmbrModel, LoadOptions } from '../../lib/model/index.ts';
import type { CheckpointOptions } from './checkpoint.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { seededRandom } from './random.ts';

export interface ConvertedModel {
  /** The Hugging Face checkpoint. */
  folder: string;
  /** The GGUF file. */
  path: string;
}

/** Generates a checkpoint with random weights and converts it. */
export async function convertedModel(
  parent: string,
  name: string,
  { type, ...options }: CheckpointOptions & { type?: ConvertType } = {},
): Promise<ConvertedModel> {
  const folder = join(parent, name);
  await writeCheckpoint(folder, options);
  const path = join(parent, `${name}.gguf`);
  await convertCheckpoint({ source: folder, target: path, type });
  return { folder, path };
}

/** Loads models that are disposed of after the tests of the calling file. */
export function modelLoader(): (path: string, options?: LoadOptions) => Promise<ClmbrModel> {
  const models: ClmbrModel[] = [];
  afterAll(() => Promise.all(models.map((model) => model.dispose())));
  return async (path, options) => {
    const model = await loadModel(path, options);
    models.push(model);
    return model;
  };
}

/** Random token ids, always the same ones for a seed. */
export function randomIds(seed: number, length: number, vocabularySize: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length }, () => Math.floor(random() * vocabularySize));
}

/** Settings of config.json for each rule of rotation. */
export const ropeConfigs = {
  default: { rope_theta: 10000, rope_scaling: null },
  linear: { rope_theta: 10000, rope_scaling: { rope_type: 'linear', factor: 4 } },
  llama3: {
    rope_theta: 500000,
    rope_scaling: {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
    },
  },
} as const;
