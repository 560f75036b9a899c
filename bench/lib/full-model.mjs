// A checkpoint of the released model's exact shape with random weights.
import { openSync, writeSync, closeSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const hidden = 768;
const feedForward = 2688;
const vocabulary = 39_818;
const layers = 8;
const keyValue = 256;

const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: hidden,
  intermediate_size: feedForward,
  num_hidden_layers: layers,
  num_attention_heads: 12,
  num_key_value_heads: 4,
  head_dim: 64,
  vocab_size: vocabulary,
  max_position_embeddings: 4096,
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  rope_theta: 500000,
  rope_scaling: {
    rope_type: 'llama3',
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 4096,
  },
  tie_word_embeddings: false,
  bos_token_id: 0,
  eos_token_id: 1,
  torch_dtype: 'bfloat16',
};

function* tensors() {
  yield ['model.embed_tokens.weight', [vocabulary, hidden], 0.5];
  for (let layer = 0; layer < layers; layer++) {
    const name = (part) => `model.layers.${layer}.${part}.weight`;
    yield [name('self_attn.q_proj'), [hidden, hidden], 0.06];
    yield [name('self_attn.k_proj'), [keyValue, hidden], 0.06];
    yield [name('self_attn.v_proj'), [keyValue, hidden], 0.04];
    yield [name('self_attn.o_proj'), [hidden, hidden], 0.04];
    yield [name('mlp.gate_proj'), [feedForward, hidden], 0.04];
    yield [name('mlp.up_proj'), [feedForward, hidden], 0.04];
    yield [name('mlp.down_proj'), [hidden, feedForward], 0.02];
    yield [name('input_layernorm'), [hidden], 0];
    yield [name('post_attention_layernorm'), [hidden], 0];
  }
  yield ['model.norm.weight', [hidden], 0];
  yield ['lm_head.weight', [vocabulary, hidden], 0.05];
}

/** Numbers that look normal enough (the sum of three uniform ones), the same in every run. */
function randomNumbers(seed) {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  return () => uniform() + uniform() + uniform();
}

export function writeFullCheckpoint(folder) {
  const header = {};
  let offset = 0;
  for (const [name, shape] of tensors()) {
    const bytes = 2 * shape.reduce((product, n) => product * n, 1);
    header[name] = { dtype: 'BF16', shape, data_offsets: [offset, (offset += bytes)] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(join(folder, 'model.safetensors'), 'w');
  writeSync(file, length);
  writeSync(file, text);
  const random = randomNumbers(1);
  for (const [, shape, scale] of tensors()) {
    const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
    for (let i = 0; i < values.length; i++) values[i] = scale === 0 ? 1 + 0.1 * random() : scale * random();
    const bits = new Uint32Array(values.buffer);
    writeSync(
      file,
      Uint16Array.from(bits, (x) => (x + 0x8000) >>> 16),
    );
  }
  closeSync(file);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
}
