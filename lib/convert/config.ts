import type { LlamaHyperparameters } from '../architecture/llama.ts';
import { checkHyperparameters } from '../architecture/limits.ts';
import { ConfigReader } from './config-reader.ts';
import { readRope, withOriginalContext } from './config-rope.ts';
import type { JsonObject } from './strict-json.ts';
import { isObject } from './strict-json.ts';

export const configKeys = {
  contextLength: 'max_position_embeddings',
  hiddenSize: 'hidden_size',
  layerCount: 'num_hidden_layers',
  headCount: 'num_attention_heads',
  kvHeadCount: 'num_key_value_heads',
  headSize: 'head_dim',
  feedForwardSize: 'intermediate_size',
  vocabularySize: 'vocab_size',
  rmsNormEpsilon: 'rms_norm_eps',
  theta: 'rope_theta',
  factor: 'rope_scaling.factor',
  lowFreqFactor: 'rope_scaling.low_freq_factor',
  highFreqFactor: 'rope_scaling.high_freq_factor',
  originalContextLength: 'rope_scaling.original_max_position_embeddings',
  bosId: 'bos_token_id',
  eosId: 'eos_token_id',
} as const;

/** Settings that change nothing when absent, null, or one of these; with any other value the mathematics is another. */
const neutral: Record<string, readonly unknown[]> = {
  attention_bias: [false],
  mlp_bias: [false],
  qkv_bias: [false],
  hidden_act: ['silu'],
  sliding_window: [],
  use_sliding_window: [false],
  partial_rotary_factor: [1],
  rope_interleaved: [false],
  no_rope_layers: [],
  quantization_config: [],
  is_encoder_decoder: [false],
  add_cross_attention: [false],
  is_causal: [true],
  num_local_experts: [0, 1],
  qk_norm: [false],
  use_qk_norm: [false],
  logit_scale: [1],
  logits_scaling: [1],
  embedding_multiplier: [1],
  residual_multiplier: [1],
  attention_multiplier: [],
  attn_logit_softcapping: [],
  final_logit_softcapping: [],
  query_pre_attn_scalar: [],
  attn_temperature_tuning: [false],
  alibi: [false],
  auto_map: [],
};

function refuseOtherMathematics(config: ConfigReader): void {
  const { json } = config;
  if (json['model_type'] !== 'llama') config.unsupported('model_type', '"llama"', json['model_type'] ?? null);
  const architectures = json['architectures'] ?? ['LlamaForCausalLM'];
  if (!Array.isArray(architectures) || architectures.length !== 1 || architectures[0] !== 'LlamaForCausalLM') {
    config.unsupported('architectures', '["LlamaForCausalLM"]', architectures);
  }
  for (const [key, values] of Object.entries(neutral)) {
    const value = json[key] ?? null;
    if (value === null || values.includes(value)) continue;
    const expected = values.length === 0 ? 'nothing' : values.map((one) => JSON.stringify(one)).join(' or ');
    config.unsupported(key, `${expected}; it would change what is computed and is not implemented`, value);
  }
  const pruned = json['pruned_heads'] ?? {};
  if (!isObject(pruned) || Object.keys(pruned).length > 0) config.unsupported('pruned_heads', '{}', pruned);
  const layerTypes = json['layer_types'] ?? [];
  if (!Array.isArray(layerTypes) || layerTypes.some((type) => type !== 'full_attention')) {
    config.unsupported('layer_types', '"full_attention" for every layer', layerTypes);
  }
}

/** Generation may end with one of several tokens elsewhere; here it is one. */
function readTokenId(config: ConfigReader, key: string): number | undefined {
  const value = config.json[key];
  if (!Array.isArray(value)) return config.optionalInteger(key);
  const [id] = value as unknown[];
  if (value.length !== 1 || !Number.isSafeInteger(id)) return config.unsupported(key, 'one token id', value);
  return id as number;
}

export interface ConfigContext {
  /** Rows of the query matrix of layer 0, as the checkpoint has it; the size of a head is taken from it. */
  queryRows?: number | undefined;
  ropeOriginalContext?: number | undefined;
}

/**
 * The hyper-parameters that a config.json of transformers describes.
 *
 * @throws ClmbrError `UNSUPPORTED_MODEL` for a model whose mathematics is not implemented, `INVALID_CONFIG` for missing,
 *   mistyped or contradicting values; each names the key.
 */
export function parseLlamaConfig(json: JsonObject, path: string, context: ConfigContext = {}): LlamaHyperparameters {
  const config = new ConfigReader(path, json);
  refuseOtherMathematics(config);
  const headCount = config.integer(configKeys.headCount);
  const hiddenSize = config.integer(configKeys.hiddenSize);
  const bosId = readTokenId(config, configKeys.bosId);
  const eosId = readTokenId(config, configKeys.eosId);
  const h: LlamaHyperparameters = {
    contextLength: config.integer(configKeys.contextLength),
    hiddenSize,
    layerCount: config.integer(configKeys.layerCount),
    headCount,
    kvHeadCount: config.optionalInteger(configKeys.kvHeadCount) ?? headCount,
    headSize: config.optionalInteger(configKeys.headSize) ?? (context.queryRows ?? hiddenSize) / headCount,
    feedForwardSize: config.integer(configKeys.feedForwardSize),
    vocabularySize: config.integer(configKeys.vocabularySize),
    rmsNormEpsilon: Math.fround(config.number(configKeys.rmsNormEpsilon)),
    tiedEmbeddings: config.boolean('tie_word_embeddings'),
    rope: withOriginalContext(readRope(config), context.ropeOriginalContext),
    ...(bosId === undefined ? {} : { bosId }),
    ...(eosId === undefined ? {} : { eosId }),
  };
  checkHyperparameters(h, { path, code: 'INVALID_CONFIG', keys: configKeys });
  return h;
}
