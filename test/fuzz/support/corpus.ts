import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConvertType } from '../../../lib/convert/convert.ts';
import { convertCheckpoint } from '../../../lib/convert/convert.ts';
import type { CheckpointOptions } from '../../support/checkpoint.ts';
import { writeCheckpoint } from '../../support/checkpoint.ts';
import { buildGguf, tinyLlama } from '../../support/gguf-builder.ts';
import type { Specimen } from './mutate-gguf.ts';
import { specimen } from './mutate-gguf.ts';

const llama3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};
const small = { layers: 1, heads: 2, kvHeads: 1, contextLength: 32, vocabularySize: 31 };

/** Checkpoints of every kind, as small as they can be. */
export const checkpoints: readonly (CheckpointOptions & { type?: ConvertType })[] = [
  { ...small, hiddenSize: 16, feedForward: 24, vocabulary: true },
  { ...small, hiddenSize: 32, feedForward: 32, vocabulary: true, type: 'q8_0', config: { rope_scaling: llama3 } },
  {
    ...small,
    hiddenSize: 16,
    feedForward: 8,
    dtype: 'F16',
    tied: true,
    config: { rope_scaling: { type: 'linear', factor: 4 } },
  },
  { ...small, hiddenSize: 24, headSize: 8, feedForward: 16, dtype: 'BF16', shards: 3, layers: 2, vocabulary: true },
];

/** The GGUF files of these checkpoints, and one that was not made by the converter. */
export async function ggufCorpus(scratch: string): Promise<Specimen[]> {
  const files = [specimen(buildGguf(tinyLlama()))];
  for (const [i, { type, ...options }] of checkpoints.entries()) {
    const source = join(scratch, `checkpoint-${i}`);
    const target = join(scratch, `valid-${i}.gguf`);
    await writeCheckpoint(source, options);
    await convertCheckpoint({ source, target, type });
    files.push(specimen(await readFile(target)));
  }
  return files;
}
