import type { LlamaHyperparameters } from '../architecture/llama.ts';
import { checkHyperparameters } from '../architecture/limits.ts';
import type { RopeScaling, RopeSettings } from '../architecture/rope.ts';
import { ClmbrError } from '../errors.ts';
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

/** What a rope description of each type may hold; a key more would be a rule that we do not know. */
const ropeKeys: Record<string, readonly string[]> = {
  default: [],
  linear: ['factor'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'],
};

/** Reads values of a config.json and words what is wrong with them. */
class ConfigReader {
  readonly path: string;
  readonly json: JsonObject;

  constructor(path: string, json: JsonObject) {
    this.path = path;
    this.json = json;
  }

  unsupported(key: string, expected: string, found: unknown): never {
    throw new ClmbrError('UNSUPPORTED_MODEL', `${this.path}: "${key}" is ${JSON.stringify(found)}, expected ${expected}.`, {
      details: { path: this.path, key, expected, found },
    });
  }

  invalid(key: string, expected: string, found: unknown): never {
    const shown = found === undefined || found === null ? `missing "${key}"` : `"${key}" is ${JSON.stringify(found)}`;
    throw new ClmbrError('INVALID_CONFIG', `${this.path}: ${shown}, expected ${expected}.`, {
      details: { path: this.path, key, expected, found },
    });
  }

  number(key: string, object: JsonObject = this.json, name: string = key): number {
    const value = object[key];
    return typeof value === 'number' && Number.isFinite(value) ? value : this.invalid(name, 'a finite number', value);
  }

  integer(key: string): number {
    const value = this.number(key);
    return Number.isSafeInteger(value) ? value : this.invalid(key, 'an integer', value);
  }

  optionalInteger(key: string): number | undefined {
    const value = this.json[key];
    return value === undefined || value === null ? undefined : this.integer(key);
  }

  boolean(key: string): boolean {
    const value = this.json[key] ?? false;
    return typeof value === 'boolean' ? value : this.invalid(key, 'true or false', value);
  }
}

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

/** The description of the rotation: `rope_scaling` beside `rope_theta`, or, from newer versions, `rope_parameters` with both. */
function ropeDescription(config: ConfigReader): { key: string; json: JsonObject; theta: number } {
  const { json } = config;
  const given = ['rope_parameters', 'rope_scaling'].filter((key) => (json[key] ?? null) !== null);
  const key = given[0] ?? 'rope_scaling';
  const description = json[key] ?? {};
  if (!isObject(description)) return config.invalid(key, 'an object', description);
  if (given.length === 2 && JSON.stringify(json['rope_parameters']) !== JSON.stringify(json['rope_scaling'])) {
    return config.invalid('rope_parameters', 'the same as "rope_scaling" where both are given', json['rope_parameters']);
  }
  const outer = json['rope_theta'] ?? undefined;
  const inner = description['rope_theta'];
  if (outer !== undefined && inner !== undefined && outer !== inner) {
    return config.invalid('rope_theta', `${JSON.stringify(inner)} as in "${key}"`, outer);
  }
  const theta = inner === undefined ? config.number('rope_theta') : config.number('rope_theta', description, `${key}.rope_theta`);
  return { key, json: description, theta };
}

function readRope(config: ConfigReader): RopeSettings {
  const { key, json, theta } = ropeDescription(config);
  const type = json['rope_type'] ?? json['type'] ?? (Object.keys(json).every((name) => name === 'rope_theta') ? 'default' : undefined);
  if (json['type'] !== undefined && json['type'] !== type) {
    config.unsupported(`${key}.type`, `${JSON.stringify(type)} as in "rope_type"`, json['type']);
  }
  const allowed = typeof type === 'string' && Object.hasOwn(ropeKeys, type) ? ropeKeys[type] : undefined;
  if (allowed === undefined) return config.unsupported(`${key}.rope_type`, '"default", "linear" or "llama3"', type ?? null);
  for (const [name, value] of Object.entries(json)) {
    if (['rope_type', 'type', 'rope_theta', ...allowed].includes(name)) continue;
    if (name === 'partial_rotary_factor' && value === 1) continue;
    config.unsupported(`${key}.${name}`, `no such setting for rope type "${type}"`, value);
  }
  const number = (name: string) => config.number(name, json, `${key}.${name}`);
  const scaling: RopeScaling =
    type === 'linear'
      ? { type, factor: number('factor') }
      : type === 'llama3'
        ? {
            type,
            factor: number('factor'),
            lowFreqFactor: number('low_freq_factor'),
            highFreqFactor: number('high_freq_factor'),
            originalContextLength: number('original_max_position_embeddings'),
          }
        : { type: 'default' };
  return { theta, scaling };
}

/** `--rope-original-context`: another context of the training than config.json says. */
function withOriginalContext(rope: RopeSettings, tokens: number | undefined): RopeSettings {
  if (tokens === undefined) return rope;
  if (!Number.isSafeInteger(tokens) || tokens < 1) {
    throw new ClmbrError('INVALID_ARGUMENT', `ropeOriginalContext is ${tokens}, expected a number of tokens from 1.`, {
      details: { option: 'ropeOriginalContext', found: tokens },
    });
  }
  if (rope.scaling.type !== 'llama3') {
    throw new ClmbrError(
      'INVALID_ARGUMENT',
      `ropeOriginalContext was given, but the checkpoint has rope type "${rope.scaling.type}", expected "llama3".`,
      { details: { option: 'ropeOriginalContext', found: rope.scaling.type } },
    );
  }
  return { theta: rope.theta, scaling: { ...rope.scaling, originalContextLength: tokens } };
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
