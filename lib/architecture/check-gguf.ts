import { quoted } from '../files/quoted.ts';
import { ClmbrError } from '../errors.ts';
import { isWeightType } from '../gguf/tensor-types.ts';
import type { GgufFile, GgufTensor, GgufValue, VocabularyTables } from '../gguf/types.ts';
import { readVocabularyTables } from '../gguf/vocabulary.ts';
import type { WeightType } from '../types.ts';
import { readLlamaHyperparameters } from './gguf-hyperparameters.ts';
import type { LlamaHyperparameters, LlamaTensor, TensorRole } from './llama.ts';
import { llamaTensors, parameterCount, ropeFactorsName } from './llama.ts';

export interface CheckedTensor {
  /** Name in the file. */
  name: string;
  role: TensorRole;
  /** From 0; -1 where the tensor belongs to no layer. */
  layer: number;
  type: WeightType;
  /** 1 for the weights of a norm. */
  rows: number;
  columns: number;
  /** From the start of the file, in bytes. */
  offset: number;
  byteLength: number;
  /**
   * Not 0: the rows of each of so many heads are in llama.cpp's order, row `2i + j` of a head being row `j * headSize / 2 + i`
   * of the checkpoint, so that the two elements that rotate together are neighbours.
   */
  permutedHeads: number;
}

/** Everything that the engine relies on; it was all checked against the file. */
export interface CheckedModel {
  file: { path: string; size: number; modifiedNs: bigint; changedNs: bigint };
  hyperparameters: LlamaHyperparameters;
  tensors: CheckedTensor[];
  /** The type that holds most of the weights. */
  weightType: WeightType;
  /** Number of weights; a tied output matrix counts once. */
  parameters: number;
  metadata: { name?: string; license?: string; source?: string };
  vocabularyTables: VocabularyTables | null;
}

function invalid(file: GgufFile, tensor: string, message: string, details: Record<string, unknown> = {}): ClmbrError {
  return new ClmbrError('INVALID_GGUF', `${file.path}: tensor ${quoted(tensor)} ${message}.`, {
    details: { path: file.path, tensor, ...details },
  });
}

function unsupported(file: GgufFile, tensor: string, message: string): ClmbrError {
  return new ClmbrError('UNSUPPORTED_MODEL', `${file.path}: tensor ${quoted(tensor)} ${message}.`, {
    details: { path: file.path, tensor },
  });
}

function checkTensor(file: GgufFile, expected: LlamaTensor): CheckedTensor {
  const found: GgufTensor | undefined = file.tensors.get(expected.ggufName);
  const shape = expected.shape.toReversed();
  if (found === undefined) {
    throw invalid(file, expected.ggufName, `is missing, expected with shape [${shape.join(', ')}]`, {
      expected: shape,
    });
  }
  // Sizes of 1 at the end mean nothing: ggml drops them.
  const actual = [...found.shape];
  while (actual.length > shape.length && actual.at(-1) === 1) actual.pop();
  if (actual.length !== shape.length || actual.some((size, i) => size !== shape[i])) {
    throw invalid(file, found.name, `has shape [${found.shape.join(', ')}], expected [${shape.join(', ')}]`, {
      expected: shape,
      found: found.shape,
    });
  }
  const isNorm = shape.length === 1;
  if (!isWeightType(found.type))
    throw unsupported(file, found.name, `is ${found.type}, expected F32, F16, BF16 or Q8_0`);
  if (isNorm && found.type !== 'F32') throw unsupported(file, found.name, `is ${found.type}, expected F32 for a norm`);
  return {
    name: found.name,
    role: expected.role,
    layer: expected.layer ?? -1,
    type: found.type,
    rows: isNorm ? 1 : expected.shape[0]!,
    columns: shape[0]!,
    offset: found.offset,
    byteLength: found.byteLength,
    permutedHeads: expected.permutedHeads,
  };
}

function refuseOthers(file: GgufFile, expected: ReadonlySet<string>): void {
  for (const name of file.tensors.keys()) {
    if (expected.has(name) || name === ropeFactorsName) continue;
    const what = name.endsWith('.bias')
      ? 'is a bias, which is not implemented'
      : 'does not belong to this architecture';
    throw unsupported(file, name, what);
  }
}

function mainType(tensors: readonly CheckedTensor[]): WeightType {
  const elements = new Map<WeightType, number>();
  for (const { type, rows, columns } of tensors) {
    if (rows > 1) elements.set(type, (elements.get(type) ?? 0) + rows * columns);
  }
  return [...elements].reduce((best, entry) => (entry[1] > best[1] ? entry : best), ['F32', 0] as [
    WeightType,
    number,
  ])[0];
}

function text(value: GgufValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * Checks that a GGUF file holds a Llama model that the engine computes exactly, and lists what the engine needs.
 *
 * @throws ClmbrError `UNSUPPORTED_MODEL` where the mathematics is not implemented, `INVALID_GGUF` where file and
 *   hyper-parameters disagree; both name the key or tensor, what was expected and what was found.
 */
export function checkLlamaGguf(file: GgufFile): CheckedModel {
  const hyperparameters = readLlamaHyperparameters(file);
  // A tensor per layer and more: checked before as many names are made.
  if (file.tensors.size < hyperparameters.layerCount) {
    throw invalid(
      file,
      `blk.${file.tensors.size}.attn_norm.weight`,
      `is missing: there are ${file.tensors.size} tensors in all`,
    );
  }
  const expected = llamaTensors(hyperparameters);
  refuseOthers(file, new Set(expected.map((tensor) => tensor.ggufName)));
  const tensors = expected.map((tensor) => checkTensor(file, tensor));
  const name = text(file.metadata.get('general.name'));
  const license = text(file.metadata.get('general.license'));
  const source = text(file.metadata.get('general.source.url') ?? file.metadata.get('general.source'));
  return {
    file: {
      path: file.path,
      size: file.fileSize,
      modifiedNs: file.modifiedNs ?? 0n,
      changedNs: file.changedNs ?? 0n,
    },
    hyperparameters,
    tensors,
    weightType: mainType(tensors),
    parameters: parameterCount(hyperparameters),
    metadata: { ...(name && { name }), ...(license && { license }), ...(source && { source }) },
    vocabularyTables: readVocabularyTables(file),
  };
}
