import { llamaTensors } from '../../../../lib/architecture/llama.ts';
import { inverseFrequencies } from '../../../../lib/architecture/index.ts';
import { parseLlamaConfig } from '../../../../lib/convert/config.ts';
import { parseStrictJson } from '../../../../lib/convert/strict-json.ts';
import { demand, refusal } from '../judge.ts';
import { mutateBytes } from '../mutate-bytes.ts';
import { mutateNode, toNode, write } from '../mutate-json.ts';
import type { Target } from '../target.ts';

const plain = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  max_position_embeddings: 8192,
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  intermediate_size: 96,
  vocab_size: 301,
  rms_norm_eps: 1e-5,
  rope_theta: 500000,
  rope_scaling: null,
  bos_token_id: 1,
  eos_token_id: [2],
  tie_word_embeddings: false,
  hidden_act: 'silu',
  attention_bias: false,
  torch_dtype: 'float32',
};
const llama3 = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 512 };

/** One of every rule of rotation, old and new spellings. */
const originals = [
  plain,
  { ...plain, rope_scaling: { rope_type: 'llama3', ...llama3 } },
  { ...plain, rope_scaling: { type: 'linear', factor: 4 }, num_key_value_heads: null, head_dim: null },
  { ...plain, rope_theta: undefined, rope_parameters: { rope_type: 'llama3', rope_theta: 500000, ...llama3 } },
].map((one) => toNode(JSON.parse(JSON.stringify(one))));

/** config.json, without a checkpoint around it. */
export const config: Target = async () => {
  return async (random, keep) => {
    const text = Buffer.from(write(mutateNode(random, random.pick(originals))));
    const bytes = random.chance(0.1) ? mutateBytes(random, text) : text;
    keep('config.json', bytes);
    try {
      const json = parseStrictJson(bytes, 'config.json', 'INVALID_CONFIG');
      const h = parseLlamaConfig(json, 'config.json', random.chance(0.3) ? { queryRows: 64 } : {});
      for (const [name, value] of Object.entries(h))
        if (typeof value === 'number') demand(Number.isFinite(value) && value >= 0, `${name} is ${value}`);
      demand(h.headCount % h.kvHeadCount === 0 && h.headSize % 8 === 0, 'the heads do not fit together');
      demand(
        inverseFrequencies(h).every((one) => Number.isFinite(one)),
        'a frequency is not finite',
      );
      for (const { shape } of llamaTensors({ ...h, layerCount: 1 }))
        demand(Number.isSafeInteger(shape.reduce((a, b) => a * b, 1)), 'a shape is no shape');
      return 'accepted';
    } catch (error) {
      return refusal(error, ['INVALID_CONFIG', 'UNSUPPORTED_MODEL']);
    }
  };
};
