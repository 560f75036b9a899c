import { describe, expect, it } from 'vitest';
import { parseLlamaConfig } from '../../lib/convert/config.ts';
import { expectClmbrError } from '../support/expect-error.ts';

const base = {
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 128,
  vocab_size: 40,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
};
const llama3 = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 64 };

/** Undefined removes a key, as JSON would. */
const parse = (change: object = {}, context = {}) => {
  return parseLlamaConfig(
    JSON.parse(JSON.stringify({ ...base, ...change })) as Record<string, unknown>,
    'config.json',
    context,
  );
};

describe('config.json', () => {
  it('gives hyper-parameters', () => {
    expect(parse()).toEqual({
      contextLength: 128,
      hiddenSize: 64,
      layerCount: 2,
      headCount: 4,
      kvHeadCount: 2,
      headSize: 16,
      feedForwardSize: 96,
      vocabularySize: 40,
      rmsNormEpsilon: Math.fround(1e-5),
      tiedEmbeddings: false,
      rope: { theta: 10_000, scaling: { type: 'default' } },
    });
  });

  it('may leave out or null what has a default', () => {
    expect(parse({ num_key_value_heads: null }).kvHeadCount).toBe(4);
    expect(parse({ num_key_value_heads: undefined, hidden_act: undefined }).kvHeadCount).toBe(4);
    expect(parse({ head_dim: null }).headSize).toBe(16);
    expect(parse({ head_dim: 32 }).headSize).toBe(32);
    expect(parse({ bos_token_id: 0, eos_token_id: [1] })).toMatchObject({ bosId: 0, eosId: 1 });
    expect(parse({ bos_token_id: null, tie_word_embeddings: true })).toMatchObject({ tiedEmbeddings: true });
    expect(
      parse({ sliding_window: null, attention_bias: false, partial_rotary_factor: 1.0, pretraining_tp: 1 }),
    ).toEqual(parse());
    expect(parse({ layer_types: ['full_attention', 'full_attention'], dtype: 'bfloat16' })).toEqual(parse());
  });

  it('takes the size of a head from the weights where it does not say', () => {
    expect(parse({}, { queryRows: 96 }).headSize).toBe(24);
    expect(parse({ head_dim: 16 }, { queryRows: 96 }).headSize).toBe(16);
  });

  it.each<[object, object]>([
    [{ rope_scaling: null }, { type: 'default' }],
    [{ rope_scaling: { rope_type: 'default' } }, { type: 'default' }],
    [{ rope_scaling: { type: 'linear', factor: 2.5 } }, { type: 'linear', factor: 2.5 }],
    [{ rope_scaling: { type: 'linear', rope_type: 'linear', factor: 2 } }, { type: 'linear', factor: 2 }],
    [
      { rope_scaling: { rope_type: 'llama3', ...llama3 } },
      { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 64 },
    ],
    [{ rope_theta: undefined, rope_parameters: { rope_theta: 10000, rope_type: 'default' } }, { type: 'default' }],
    [{ rope_theta: undefined, rope_parameters: { rope_theta: 10000 } }, { type: 'default' }],
    [{ rope_parameters: { rope_theta: 10000, rope_type: 'linear', factor: 3 } }, { type: 'linear', factor: 3 }],
  ])('understands %j', (change, scaling) => {
    expect(parse(change).rope).toEqual({ theta: 10_000, scaling });
  });

  it('takes another original context for the llama3 rule alone', async () => {
    const rope = { rope_scaling: { rope_type: 'llama3', ...llama3 } };
    expect(parse(rope, { ropeOriginalContext: 8192 }).rope.scaling).toMatchObject({ originalContextLength: 8192 });
    await expectClmbrError(
      () => parse({}, { ropeOriginalContext: 8192 }),
      'INVALID_ARGUMENT',
      'ropeOriginalContext',
      'default',
    );
    await expectClmbrError(() => parse(rope, { ropeOriginalContext: 0.5 }), 'INVALID_ARGUMENT', '0.5');
  });

  it.each<[object, ...string[]]>([
    [{ model_type: 'mistral' }, 'model_type', 'mistral'],
    [{ model_type: undefined }, 'model_type', 'null'],
    [{ architectures: ['LlamaForSequenceClassification'] }, 'architectures', 'LlamaForSequenceClassification'],
    [{ hidden_act: 'gelu' }, 'hidden_act', 'gelu', 'silu'],
    [{ attention_bias: true }, 'attention_bias'],
    [{ mlp_bias: true }, 'mlp_bias'],
    [{ sliding_window: 4096 }, 'sliding_window', '4096'],
    [{ partial_rotary_factor: 0.5 }, 'partial_rotary_factor', '0.5'],
    [{ quantization_config: { bits: 4 } }, 'quantization_config', 'bits'],
    [{ auto_map: { AutoModel: 'x.Y' } }, 'auto_map'],
    [{ pruned_heads: { 0: [1] } }, 'pruned_heads'],
    [{ layer_types: ['full_attention', 'sliding_attention'] }, 'layer_types', 'sliding_attention'],
    [{ eos_token_id: [1, 2] }, 'eos_token_id', '[1,2]'],
    [{ head_dim: 12 }, 'head_dim', '12', 'multiple of 8'],
    [{ head_dim: 512 }, 'head_dim', '512', '256'],
    [{ hidden_size: 100_000, head_dim: 16 }, 'hidden_size', '65536'],
    [{ rope_scaling: { rope_type: 'yarn', factor: 2 } }, 'rope_type', 'yarn'],
    [{ rope_scaling: { rope_type: 'dynamic', factor: 2 } }, 'rope_type', 'dynamic'],
    [{ rope_scaling: { rope_type: 'toString' } }, 'rope_type', 'toString'],
    [{ rope_scaling: { factor: 2 } }, 'rope_type', 'null'],
    [{ rope_scaling: { type: 'linear', rope_type: 'llama3', ...llama3 } }, 'rope_scaling.type', 'linear'],
    [
      { rope_scaling: { rope_type: 'llama3', ...llama3, attention_factor: 1.2 } },
      'rope_scaling.attention_factor',
      '1.2',
    ],
    [{ rope_scaling: { rope_type: 'default', mscale: 1 } }, 'mscale'],
    [
      { rope_parameters: { rope_theta: 10000, rope_type: 'default', partial_rotary_factor: 0.5 } },
      'partial_rotary_factor',
    ],
    [{ rope_parameters: { full_attention: { rope_theta: 10000 }, rope_theta: 10000 } }, 'rope_type'],
  ])('is refused for mathematics that is not implemented: %j', async (change, ...texts) => {
    await expectClmbrError(() => parse(change), 'UNSUPPORTED_MODEL', 'config.json', ...texts);
  });

  it.each<[object, ...string[]]>([
    [{ rope_theta: undefined }, 'missing "rope_theta"'],
    [{ rope_theta: null }, 'missing "rope_theta"'],
    [{ rope_theta: '10000' }, '"rope_theta" is "10000"'],
    [{ rope_theta: -1 }, '"rope_theta" is -1'],
    [{ rope_theta: 1e39 }, 'rope_theta', 'F32'],
    [{ rope_theta: 5, rope_parameters: { rope_theta: 6 } }, 'rope_theta', '5', '6'],
    [{ rope_scaling: 'llama3' }, 'rope_scaling', 'object'],
    [{ rope_scaling: { rope_type: 'llama3', ...llama3, factor: undefined } }, 'missing "rope_scaling.factor"'],
    [{ rope_scaling: { rope_type: 'llama3', ...llama3, high_freq_factor: 1 } }, 'high_freq_factor', '1'],
    [
      { rope_scaling: { rope_type: 'llama3', ...llama3, original_max_position_embeddings: 1.5 } },
      'original_max',
      '1.5',
    ],
    [{ rope_scaling: { rope_type: 'linear', factor: 0 } }, 'rope_scaling.factor', '0'],
    [{ hidden_size: undefined }, 'missing "hidden_size"'],
    [{ hidden_size: 64.5 }, 'hidden_size', '64.5'],
    [{ hidden_size: 0 }, 'hidden_size', '0'],
    [{ vocab_size: -3 }, 'vocab_size', '-3'],
    [{ num_attention_heads: 5 }, 'head'],
    [{ num_key_value_heads: 3 }, 'num_key_value_heads', '3', 'divisor'],
    [{ rms_norm_eps: undefined }, 'missing "rms_norm_eps"'],
    [{ rms_norm_eps: 2 }, 'rms_norm_eps', '2'],
    [{ tie_word_embeddings: 'yes' }, 'tie_word_embeddings', 'yes'],
    [{ bos_token_id: 40 }, 'bos_token_id', '40'],
    [{ max_position_embeddings: undefined }, 'missing "max_position_embeddings"'],
  ])('is refused for values without sense: %j', async (change, ...texts) => {
    await expectClmbrError(() => parse(change), 'INVALID_CONFIG', 'config.json', ...texts);
  });
});
