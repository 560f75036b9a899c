import { printable, quoted } from '../files/quoted.ts';
import type { RopeScaling, RopeSettings } from '../architecture/rope.ts';
import { ClmbrError } from '../errors.ts';
import type { ConfigReader } from './config-reader.ts';
import type { JsonObject } from './strict-json.ts';
import { isObject } from './strict-json.ts';

/** What a rope description of each type may hold; a key more would be a rule that we do not know. */
const ropeKeys: Record<string, readonly string[]> = {
  default: [],
  linear: ['factor'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'],
};

/** The description of the rotation: `rope_scaling` beside `rope_theta`, or, from newer versions, `rope_parameters` with both. */
function ropeDescription(config: ConfigReader): { key: string; json: JsonObject; theta: number } {
  const { json } = config;
  const given = ['rope_parameters', 'rope_scaling'].filter((key) => (json[key] ?? null) !== null);
  const key = given[0] ?? 'rope_scaling';
  const description = json[key] ?? {};
  if (!isObject(description)) return config.invalid(key, 'an object', description);
  if (given.length === 2 && JSON.stringify(json['rope_parameters']) !== JSON.stringify(json['rope_scaling'])) {
    return config.invalid(
      'rope_parameters',
      'the same as "rope_scaling" where both are given',
      json['rope_parameters'],
    );
  }
  const outer = json['rope_theta'] ?? undefined;
  const inner = description['rope_theta'];
  if (outer !== undefined && inner !== undefined && outer !== inner) {
    return config.invalid('rope_theta', `${quoted(inner)} as in "${key}"`, outer);
  }
  const theta =
    inner === undefined ? config.number('rope_theta') : config.number('rope_theta', description, `${key}.rope_theta`);
  return { key, json: description, theta };
}

/** How the checkpoint turns positions into angles; a setting without a known meaning is refused. */
export function readRope(config: ConfigReader): RopeSettings {
  const { key, json, theta } = ropeDescription(config);
  const onlyTheta = Object.keys(json).every((name) => name === 'rope_theta');
  const type = json['rope_type'] ?? json['type'] ?? (onlyTheta ? 'default' : null);
  if (json['type'] !== undefined && json['type'] !== type) {
    config.unsupported(`${key}.type`, `${quoted(type)} as in "rope_type"`, json['type']);
  }
  if (typeof type !== 'string' || !Object.hasOwn(ropeKeys, type)) {
    return config.unsupported(`${key}.rope_type`, '"default", "linear" or "llama3"', type);
  }
  const known = ['rope_type', 'type', 'rope_theta', ...ropeKeys[type]!];
  for (const [name, value] of Object.entries(json)) {
    if (known.includes(name) || (name === 'partial_rotary_factor' && value === 1)) continue;
    config.unsupported(`${key}.${printable(name.slice(0, 60))}`, `no such setting for rope type "${type}"`, value);
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
export function withOriginalContext(rope: RopeSettings, tokens: number | undefined): RopeSettings {
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
