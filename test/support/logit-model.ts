import { encodeExactly } from './checkpoint.ts';
import type { CheckpointTensor } from './checkpoint.ts';
import { convertedModel } from './model.ts';

/** Columns of the hidden state; there can be as many rows of logits. */
const hiddenSize = 64;

/**
 * A model whose logits are known: after token t they are `logits[t]`, whatever came before (a Markov chain), and all 0 after a token without
 * a row. Attention and feed-forward add nothing, token t is the unit vector t, and the head holds the logits.
 */
export async function logitModel(
  parent: string,
  name: string,
  logits: readonly (readonly number[])[],
  options: { vocabulary?: boolean; contextLength?: number } = {},
): Promise<string> {
  const vocabularySize = logits[0]!.length;
  const edit = (tensors: CheckpointTensor[]): CheckpointTensor[] =>
    tensors.map((tensor) => {
      const values = valuesOf(tensor, logits);
      return values === undefined ? tensor : { ...tensor, bytes: encodeExactly('F32', values) };
    });
  const config = { rms_norm_eps: 1e-12 };
  const shape = { hiddenSize, layers: 1, heads: 2, kvHeads: 1, feedForward: 8, vocabularySize };
  return (await convertedModel(parent, name, { ...shape, ...options, config, edit })).path;
}

function valuesOf({ name, shape }: CheckpointTensor, logits: readonly (readonly number[])[]): Float32Array | undefined {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (/o_proj|down_proj/.test(name)) return values;
  if (name === 'model.norm.weight') return values.fill(1);
  if (name === 'model.embed_tokens.weight') {
    for (let token = 0; token < Math.min(shape[0]!, hiddenSize); token++) values[token * hiddenSize + token] = 1;
    // Of a token beyond the columns nothing is known but its length, which may not be 0.
    for (let token = hiddenSize; token < shape[0]!; token++) values[token * hiddenSize + hiddenSize - 1] = 1;
    return values;
  }
  if (name !== 'lm_head.weight') return undefined;
  // The norm makes a unit vector as long as the root of its size, a power of two: nothing is rounded.
  for (const [token, row] of logits.entries())
    for (const [id, logit] of row.entries()) values[id * hiddenSize + token] = logit / Math.sqrt(hiddenSize);
  return values;
}
