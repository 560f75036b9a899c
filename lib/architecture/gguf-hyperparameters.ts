import { quoted } from '../files/quoted.ts';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ClmbrError } from '../errors.ts';
import { unreadable } from '../files/input-file.ts';
import { MetadataReader } from '../gguf/metadata.ts';
import type { GgufFile, GgufTensor } from '../gguf/types.ts';
import { checkHyperparameters } from './limits.ts';
import type { LlamaHyperparameters } from './llama.ts';
import { ropeFactorsName } from './llama.ts';
import type { RopeScaling } from './rope.ts';
import { llama3Factors } from './rope.ts';

/** The layout of our own keys that this version reads and writes. */
export const clmbrFormatVersion = 1;

const keys = {
  contextLength: 'llama.context_length',
  hiddenSize: 'llama.embedding_length',
  layerCount: 'llama.block_count',
  headCount: 'llama.attention.head_count',
  kvHeadCount: 'llama.attention.head_count_kv',
  headSize: 'llama.rope.dimension_count',
  feedForwardSize: 'llama.feed_forward_length',
  vocabularySize: 'llama.vocab_size',
  rmsNormEpsilon: 'llama.attention.layer_norm_rms_epsilon',
  theta: 'llama.rope.freq_base',
  factor: 'clmbr.rope.factor',
  lowFreqFactor: 'clmbr.rope.low_freq_factor',
  highFreqFactor: 'clmbr.rope.high_freq_factor',
  originalContextLength: 'clmbr.rope.original_context_length',
  bosId: 'tokenizer.ggml.bos_token_id',
  eosId: 'tokenizer.ggml.eos_token_id',
} as const;

/** Keys that change nothing when they hold this value; anything else is mathematics that we do not have. */
const neutral: readonly [string, number | boolean | string][] = [
  ['llama.expert_count', 0],
  ['llama.expert_used_count', 0],
  ['llama.attention.causal', true],
  ['llama.attention.sliding_window', 0],
  ['llama.use_parallel_residual', false],
  ['llama.tensor_data_layout', 'Meta AI original pth'],
];

/** Describe the file and do not change what is computed. */
const ignored: ReadonlySet<string> = new Set([
  'llama.rope.scaling.original_context_length',
  'llama.rope.scaling.finetuned',
]);

function unsupported(file: GgufFile, key: string, found: unknown, expected: string): ClmbrError {
  return new ClmbrError('UNSUPPORTED_MODEL', `${file.path}: key "${key}" is ${quoted(found)}, expected ${expected}.`, {
    details: { path: file.path, key, expected, found },
  });
}

/**
 * The hyper-parameters of a GGUF file of architecture `llama`, ours or llama.cpp's.
 *
 * @throws ClmbrError `UNSUPPORTED_MODEL` for mathematics that the engine does not have, `INVALID_GGUF` for missing keys,
 *   keys of the wrong type, and values that contradict one another.
 */
export function readLlamaHyperparameters(file: GgufFile): LlamaHyperparameters {
  const metadata = new MetadataReader(file);
  const architecture = metadata.optionalText('general.architecture');
  if (architecture !== 'llama') {
    throw unsupported(
      file,
      'general.architecture',
      architecture === undefined ? 'missing' : quoted(architecture),
      '"llama"',
    );
  }
  const headCount = metadata.integer(keys.headCount);
  const hiddenSize = metadata.integer(keys.hiddenSize);
  const h: LlamaHyperparameters = {
    contextLength: metadata.integer(keys.contextLength),
    hiddenSize,
    layerCount: metadata.integer(keys.layerCount),
    headCount,
    kvHeadCount: metadata.optionalInteger(keys.kvHeadCount) ?? headCount,
    headSize: readHeadSize(metadata, hiddenSize, headCount),
    feedForwardSize: metadata.integer(keys.feedForwardSize),
    vocabularySize: readVocabularySize(file, metadata),
    rmsNormEpsilon: Math.fround(metadata.number(keys.rmsNormEpsilon)),
    tiedEmbeddings: !file.tensors.has('output.weight'),
    rope: { theta: metadata.number(keys.theta), scaling: { type: 'default' } },
    ...optionalIds(metadata),
  };
  h.rope.scaling = readScaling(file, metadata, h.headSize);
  refuseOtherMathematics(file, metadata);
  checkHyperparameters(h, { path: file.path, code: 'INVALID_GGUF', keys });
  checkFactors(file, h);
  return h;
}

function readHeadSize(metadata: MetadataReader, hiddenSize: number, headCount: number): number {
  const names = ['llama.attention.key_length', 'llama.attention.value_length', keys.headSize];
  const headSize = metadata.optionalInteger(names[0]!) ?? hiddenSize / headCount;
  for (const name of names.slice(1)) {
    const value = metadata.optionalInteger(name) ?? headSize;
    if (value !== headSize) metadata.fail(name, `${headSize}, the size of a head`, value);
  }
  return headSize;
}

/** llama.cpp writes the size as a key or leaves it to the length of the token list; the embedding must agree with either. */
function readVocabularySize(file: GgufFile, metadata: MetadataReader): number {
  const embedding = file.tensors.get('token_embd.weight')?.shape[1];
  const size = metadata.optionalInteger(keys.vocabularySize) ?? embedding;
  if (size === undefined) return metadata.fail(keys.vocabularySize, 'an integer');
  return size;
}

function optionalIds(metadata: MetadataReader): Pick<LlamaHyperparameters, 'bosId' | 'eosId'> {
  const bosId = metadata.optionalInteger(keys.bosId);
  const eosId = metadata.optionalInteger(keys.eosId);
  return { ...(bosId === undefined ? {} : { bosId }), ...(eosId === undefined ? {} : { eosId }) };
}

function readScaling(file: GgufFile, metadata: MetadataReader, headSize: number): RopeScaling {
  const version = metadata.optionalInteger('clmbr.format_version');
  const type = metadata.optionalText('clmbr.rope.type');
  if (type !== undefined && version !== clmbrFormatVersion) {
    const expected = `${clmbrFormatVersion}${version === undefined ? '' : '; another version of clmbr wrote the file'}`;
    throw unsupported(file, 'clmbr.format_version', version ?? 'missing', expected);
  }
  const standard = readStandardScaling(file, metadata);
  const ours = type === undefined ? null : readOwnScaling(file, metadata, type);
  const table = file.tensors.get(ropeFactorsName);
  if (table !== undefined && standard.type !== 'default') {
    throw unsupported(file, 'llama.rope.scaling.type', standard.type, `none beside the tensor "${ropeFactorsName}"`);
  }
  if (ours === null)
    return table === undefined ? standard : { type: 'factors', factors: readFactors(file, table, headSize) };
  const linear = ours.type === 'linear' ? Math.fround(ours.factor) : 1;
  const standardLinear = standard.type === 'linear' ? Math.fround(standard.factor) : 1;
  if (linear !== standardLinear)
    metadata.fail('llama.rope.scaling.factor', `${linear} as "clmbr.rope.type" says`, standardLinear);
  return ours;
}

/** Our own keys hold the rule itself, in double precision, so that it can be computed as the reference does. */
function readOwnScaling(file: GgufFile, metadata: MetadataReader, type: string): RopeScaling {
  if (type === 'default') return { type };
  if (type !== 'linear' && type !== 'llama3') {
    throw unsupported(file, 'clmbr.rope.type', `${quoted(type)}`, '"default", "linear" or "llama3"');
  }
  const factor = metadata.number(keys.factor);
  if (type === 'linear') return { type, factor };
  return {
    type,
    factor,
    lowFreqFactor: metadata.number(keys.lowFreqFactor),
    highFreqFactor: metadata.number(keys.highFreqFactor),
    originalContextLength: metadata.integer(keys.originalContextLength),
  };
}

function readStandardScaling(file: GgufFile, metadata: MetadataReader): RopeScaling {
  const type = metadata.optionalText('llama.rope.scaling.type');
  const older = metadata.optionalNumber('llama.rope.scale_linear');
  const factor = metadata.optionalNumber('llama.rope.scaling.factor') ?? older;
  // A factor without a type means linear scaling to llama.cpp, and a type "none" switches any factor off.
  if (type === 'none' || (type === undefined && factor === undefined)) return { type: 'default' };
  if (type !== undefined && type !== 'linear') {
    throw unsupported(file, 'llama.rope.scaling.type', `${quoted(type)}`, '"none" or "linear"');
  }
  return { type: 'linear', factor: factor ?? metadata.fail('llama.rope.scaling.factor', 'a number') };
}

function refuseOtherMathematics(file: GgufFile, metadata: MetadataReader): void {
  for (const [key, value] of neutral) {
    const found = file.metadata.get(key);
    if (found !== undefined && found !== value)
      throw unsupported(file, key, found, `${value}, all that is implemented`);
  }
  const harmless = new Set([...neutral.map(([key]) => key), ...ignored]);
  const unknown = metadata.unused().find((key) => key.startsWith('llama.') && !harmless.has(key));
  if (unknown !== undefined) {
    throw new ClmbrError(
      'UNSUPPORTED_MODEL',
      `${file.path}: key ${quoted(unknown)} is not known for this architecture, so what it asks for cannot be computed.`,
      { details: { path: file.path, key: unknown } },
    );
  }
}

/** Reads headSize / 2 numbers, a few hundred bytes, at once: not worth making every caller wait for a promise. */
function readFactors(file: GgufFile, tensor: GgufTensor, headSize: number): Float32Array {
  const count = headSize / 2;
  if (tensor.type !== 'F32' || tensor.shape.length !== 1 || tensor.shape[0] !== count) {
    throw new ClmbrError(
      'INVALID_GGUF',
      `${file.path}: tensor "${tensor.name}" is ${tensor.type} [${tensor.shape.join(', ')}], expected F32 [${count}].`,
      { details: { path: file.path, tensor: tensor.name, expected: count, found: tensor.shape } },
    );
  }
  const factors = new Float32Array(count);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file.path, 'r');
    const status = fstatSync(descriptor, { bigint: true });
    const changed = Number(status.size) !== file.fileSize || (file.modifiedNs ?? status.mtimeNs) !== status.mtimeNs;
    if (changed || readSync(descriptor, factors, 0, factors.byteLength, tensor.offset) !== factors.byteLength) {
      throw new Error('it was changed while it was read');
    }
  } catch (cause) {
    throw unreadable(file.path, cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  const bad = factors.findIndex((value) => !(value > 0 && Number.isFinite(value)));
  if (bad >= 0) {
    throw new ClmbrError(
      'INVALID_GGUF',
      `${file.path}: tensor "${tensor.name}" has ${factors[bad]} at ${bad}, expected a number greater than 0.`,
      { details: { path: file.path, tensor: tensor.name, found: factors[bad] } },
    );
  }
  return factors;
}

/** Our files say the rotation twice, as the rule and as llama.cpp's divisors; both must mean the same model. */
function checkFactors(file: GgufFile, h: LlamaHyperparameters): void {
  const tensor = file.tensors.get(ropeFactorsName);
  const { scaling, theta } = h.rope;
  if (tensor === undefined || scaling.type === 'factors') return;
  const stored = readFactors(file, tensor, h.headSize);
  const expected = scaling.type === 'llama3' ? llama3Factors(h.headSize, theta, scaling) : stored.map(() => 1);
  const bad = stored.findIndex((value, i) => Math.abs(value - expected[i]!) > 1e-4 * expected[i]!);
  if (bad >= 0) {
    throw new ClmbrError(
      'INVALID_GGUF',
      `${file.path}: tensor "${tensor.name}" has ${stored[bad]} at ${bad}, expected ${expected[bad]} from the keys "clmbr.rope.*".`,
      { details: { path: file.path, tensor: tensor.name, expected: expected[bad], found: stored[bad] } },
    );
  }
}
