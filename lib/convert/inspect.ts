import type { CheckedModel } from '../architecture/check-gguf.ts';
import { checkLlamaGguf } from '../architecture/check-gguf.ts';
import type { LlamaHyperparameters } from '../architecture/llama.ts';
import { ClmbrError } from '../errors.ts';
import { checkBoolean, checkFunction, checkOptions, checkSignal, checkString, optional } from '../options.ts';
import { sha256OfFile } from '../files/digest.ts';
import { openGguf } from '../gguf/reader.ts';
import type { GgufFile } from '../gguf/types.ts';
import { vocabularyPrefix } from '../gguf/vocabulary.ts';
import { vocabularyFromTables } from '../tokenizer/vocabulary.ts';
import type { WeightType } from '../types.ts';

export interface InspectedTensor {
  name: string;
  type: string;
  /** `[rows, columns]`, or `[elements]`. */
  shape: number[];
  /** From the start of the file, in bytes. */
  offset: number;
  bytes: number;
}

/** What a GGUF file holds, in a form that `JSON.stringify` prints. */
export interface ModelInspection {
  path: string;
  /** Size of the file in bytes. */
  bytes: number;
  /** Hexadecimal; null unless it was asked for. */
  sha256: string | null;
  format: { version: number; alignment: number };
  architecture: 'llama';
  name: string | null;
  license: string | null;
  source: string | null;
  weightType: WeightType;
  /** Number of weights. */
  parameters: number;
  hyperparameters: Omit<LlamaHyperparameters, 'rope'>;
  rope: { theta: number; type: string; [setting: string]: unknown };
  /** Null where the file has none: such a model works on token ids. */
  vocabulary: { tokens: number } | null;
  /** Files of the checkpoint that it was converted from, with their SHA-256. */
  convertedFrom: { name: string; sha256: string }[];
  /** Metadata as stored; long values and the vocabulary are left out. */
  metadata: Record<string, string | number | boolean>;
  tensors: InspectedTensor[];
}

export interface InspectOptions {
  /** Compute the SHA-256 of the file, which reads all of it. Default true. */
  digest?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

const longestValue = 200;

function plainMetadata(file: GgufFile): ModelInspection['metadata'] {
  const plain: [string, string | number | boolean][] = [];
  for (const [key, value] of file.metadata) {
    if (key.startsWith(vocabularyPrefix)) continue;
    if (typeof value === 'bigint') plain.push([key, value.toString()]);
    else if (typeof value === 'string' && value.length > longestValue)
      plain.push([key, `${value.slice(0, longestValue)}...`]);
    else if (typeof value === 'object') plain.push([key, `${file.metadataTypes.get(key)} of ${value.length}`]);
    else plain.push([key, value]);
  }
  return Object.fromEntries(plain);
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function describeRope({ theta, scaling }: LlamaHyperparameters['rope']): ModelInspection['rope'] {
  return scaling.type === 'factors' ? { theta, type: 'factors', factors: [...scaling.factors] } : { theta, ...scaling };
}

function describeVocabulary(model: CheckedModel): ModelInspection['vocabulary'] {
  if (model.vocabularyTables === null) return null;
  const { path } = model.file;
  const tokens = vocabularyFromTables(model.vocabularyTables, path).size;
  const expected = model.hyperparameters.vocabularySize;
  if (tokens !== expected) {
    throw new ClmbrError(
      'INVALID_VOCABULARY',
      `${path} carries ${tokens} tokens, expected ${expected} as the model has.`,
      {
        details: { path, expected, found: tokens },
      },
    );
  }
  return { tokens };
}

/**
 * Reads a GGUF file as the engine would and says what is in it.
 *
 * @throws ClmbrError as for loading a model: `FILE_UNREADABLE`, `NOT_A_MODEL`, `INVALID_GGUF`, `INVALID_VOCABULARY`,
 *   `UNSUPPORTED_MODEL`; rejects with `signal.reason` when aborted.
 */
export async function inspectModel(path: string, given: InspectOptions = {}): Promise<ModelInspection> {
  checkString(path, 'path');
  const options = checkOptions<InspectOptions>(given, 'options', ['digest', 'signal', 'onProgress']);
  const digest = optional(options.digest, true, (value) => checkBoolean(value, 'digest'));
  const signal = optional(options.signal, undefined, (value) => checkSignal(value, 'signal'));
  const onProgress = optional(options.onProgress, undefined, (value) =>
    checkFunction<(done: number, total: number) => void>(value, 'onProgress'),
  );
  const file = await openGguf(path);
  const model = checkLlamaGguf(file);
  const { rope, ...hyperparameters } = model.hyperparameters;
  const names = texts(file.metadata.get('clmbr.source.files'));
  const digests = texts(file.metadata.get('clmbr.source.sha256'));
  return {
    path: file.path,
    bytes: file.fileSize,
    sha256: digest ? await sha256OfFile(path, { signal, onProgress }) : null,
    format: { version: file.version, alignment: file.alignment },
    architecture: 'llama',
    name: model.metadata.name ?? null,
    license: model.metadata.license ?? null,
    source: model.metadata.source ?? null,
    weightType: model.weightType,
    parameters: model.parameters,
    hyperparameters,
    rope: describeRope(rope),
    vocabulary: describeVocabulary(model),
    convertedFrom: names.map((name, i) => ({ name, sha256: digests[i] ?? '' })),
    metadata: plainMetadata(file),
    tensors: [...file.tensors.values()].map(({ name, type, shape, offset, byteLength }) => {
      return { name, type, shape: shape.toReversed(), offset, bytes: byteLength };
    }),
  };
}
