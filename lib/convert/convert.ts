import { quoted } from '../files/quoted.ts';
import { realpath } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { checkLlamaGguf } from '../architecture/check-gguf.ts';
import type { LlamaHyperparameters } from '../architecture/llama.ts';
import { parameterCount, ropeFactorsName } from '../architecture/llama.ts';
import { ClmbrError } from '../errors.ts';
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkOptions,
  checkSignal,
  checkString,
  optional,
} from '../options.ts';
import { AtomicFile, assertWritableTarget } from '../files/atomic-write.ts';
import { sha256OfFile } from '../files/digest.ts';
import { openGguf } from '../gguf/reader.ts';
import { GgufWriter } from '../gguf/writer.ts';
import { loadVocabulary } from '../tokenizer/load.ts';
import type { Vocabulary } from '../tokenizer/vocabulary.ts';
import { vocabularyToTables } from '../tokenizer/vocabulary.ts';
import type { WeightType } from '../types.ts';
import type { Checkpoint } from './checkpoint.ts';
import { openCheckpoint } from './checkpoint.ts';
import { parseLlamaConfig } from './config.ts';
import type { SourceDigest } from './metadata.ts';
import { modelMetadata } from './metadata.ts';
import { readProvenance } from './model-card.ts';
import type { ConversionPlan } from './plan.ts';
import { planConversion } from './plan.ts';
import { RowConverter } from './tensor-rows.ts';

/** The types that {@link convertCheckpoint} writes, as they are asked for. */
export const convertTypes = { f32: 'F32', f16: 'F16', bf16: 'BF16', q8_0: 'Q8_0' } as const satisfies Record<
  string,
  WeightType
>;

export type ConvertType = keyof typeof convertTypes;

export interface ConvertProgress {
  /** `read`: the checkpoint is read once for its digests; `write`: weights are converted. */
  stage: 'read' | 'write';
  /** Bytes of the checkpoint. */
  done: number;
  total: number;
}

export interface ConvertOptions {
  /** Folder of a Hugging Face checkpoint: config.json, safetensors, and (for events) tokenizer_config.json. */
  source: string;
  /** The GGUF file to write. */
  target: string;
  /** Type of the matrices. Default: the checkpoint's own (F32 where its matrices differ in type). */
  type?: ConvertType | undefined;
  /** Tokens; replaces `original_max_position_embeddings` of the llama3 rotation. */
  ropeOriginalContext?: number | undefined;
  /** Replace the target if it is there. */
  overwrite?: boolean | undefined;
  onProgress?: ((progress: ConvertProgress) => void) | undefined;
  /** Aborts with its reason and leaves nothing behind. */
  signal?: AbortSignal | undefined;
}

export interface ConvertResult {
  path: string;
  /** Size of the file. */
  bytes: number;
  /** Of the file, hexadecimal. */
  sha256: string;
  type: WeightType;
  /** Number of tensors in the file. */
  tensors: number;
  /** Number of weights. */
  parameters: number;
  /** Number of tokens, or null when the checkpoint has no vocabulary: such a model works on token ids. */
  vocabularySize: number | null;
}

/**
 * Converts a Hugging Face checkpoint of a Llama model to one GGUF file, vocabulary included. The same checkpoint gives the same
 * bytes. The file appears under its name only when it is complete.
 *
 * @throws ClmbrError `INVALID_ARGUMENT`, `TARGET_EXISTS`, `WRITE_FAILED`, `FILE_UNREADABLE`, `NOT_A_MODEL`, `INVALID_CONFIG`,
 *   `INVALID_SAFETENSORS`, `INVALID_VOCABULARY`, `UNSUPPORTED_MODEL`; rejects with `signal.reason` when aborted.
 */
export async function convertCheckpoint(given: ConvertOptions): Promise<ConvertResult> {
  const options = checkConvertOptions(given);
  const type = resolveType(options.type);
  const target = resolve(options.target);
  options.signal?.throwIfAborted();
  await assertWritableTarget(target, options.overwrite ?? false);
  const checkpoint = await openCheckpoint(options.source);
  try {
    await refuseSourceAsTarget(checkpoint, target);
    const queryRows = checkpoint.tensors.get('model.layers.0.self_attn.q_proj.weight')?.shape[0];
    const { ropeOriginalContext } = options;
    const h = parseLlamaConfig(checkpoint.config, checkpoint.configPath, { queryRows, ropeOriginalContext });
    const plan = await planConversion(checkpoint, h, type);
    const vocabulary = await readVocabulary(checkpoint, h);
    return await writeModel(options, target, checkpoint, h, plan, vocabulary);
  } finally {
    await checkpoint.close();
  }
}

function checkConvertOptions(given: ConvertOptions): ConvertOptions {
  const options = checkOptions<ConvertOptions>(given ?? null, 'options', [
    'source',
    'target',
    'type',
    'ropeOriginalContext',
    'overwrite',
    'onProgress',
    'signal',
  ]);
  optional(options.type, undefined, (value) => checkString(value, 'type'));
  optional(options.ropeOriginalContext, undefined, (value) => checkInteger(value, 'ropeOriginalContext', 1, 1e9));
  optional(options.overwrite, false, (value) => checkBoolean(value, 'overwrite'));
  optional(options.onProgress, undefined, (value) => checkFunction(value, 'onProgress'));
  optional(options.signal, undefined, (value) => checkSignal(value, 'signal'));
  return { ...options, source: checkString(options.source, 'source'), target: checkString(options.target, 'target') };
}

function resolveType(type: string | undefined): WeightType | null {
  if (type === undefined) return null;
  if (Object.hasOwn(convertTypes, type)) return convertTypes[type as ConvertType];
  throw new ClmbrError(
    'INVALID_ARGUMENT',
    `type is ${quoted(type)}, expected ${Object.keys(convertTypes).join(', ')}.`,
    {
      details: { option: 'type', found: type },
    },
  );
}

async function refuseSourceAsTarget(checkpoint: Checkpoint, target: string): Promise<void> {
  const real = await realpath(target).catch(() => target);
  for (const name of checkpoint.entries) {
    const path = resolve(checkpoint.folder, name);
    if (path !== target && (await realpath(path).catch(() => path)) !== real) continue;
    if (!/\.(json|safetensors|bin|md|txt)$/.test(name)) continue;
    throw new ClmbrError('INVALID_ARGUMENT', `The target ${target} is a file of the checkpoint itself.`, {
      details: { path: target },
    });
  }
}

async function readVocabulary(checkpoint: Checkpoint, h: LlamaHyperparameters): Promise<Vocabulary | null> {
  if (!checkpoint.entries.has('tokenizer_config.json')) return null;
  const path = join(checkpoint.folder, 'tokenizer_config.json');
  const vocabulary = await loadVocabulary(path);
  if (vocabulary.size !== h.vocabularySize) {
    throw new ClmbrError(
      'INVALID_VOCABULARY',
      `${path} has ${vocabulary.size} tokens, expected ${h.vocabularySize} as "vocab_size" of config.json says.`,
      { details: { path, expected: h.vocabularySize, found: vocabulary.size } },
    );
  }
  return vocabulary;
}

/** SHA-256 of every file that the model is made of, so that a GGUF file can be traced to its checkpoint. */
async function digestSources(options: ConvertOptions, checkpoint: Checkpoint): Promise<SourceDigest[]> {
  const total = checkpoint.files.reduce((sum, file) => sum + file.input.size, 0);
  const small = ['config.json', 'tokenizer_config.json'].filter((name) => checkpoint.entries.has(name));
  const digests: SourceDigest[] = [];
  for (const name of small) digests.push({ name, sha256: await sha256OfFile(join(checkpoint.folder, name)) });
  let before = 0;
  for (const { input } of checkpoint.files) {
    const onProgress = (done: number) => options.onProgress?.({ stage: 'read', done: before + done, total });
    digests.push({
      name: basename(input.path),
      sha256: await sha256OfFile(input.path, { signal: options.signal, onProgress }),
    });
    before += input.size;
  }
  return digests;
}

async function writeModel(
  options: ConvertOptions,
  target: string,
  checkpoint: Checkpoint,
  h: LlamaHyperparameters,
  plan: ConversionPlan,
  vocabulary: Vocabulary | null,
): Promise<ConvertResult> {
  const metadata = modelMetadata({
    hyperparameters: h,
    type: plan.type,
    provenance: await readProvenance(checkpoint, vocabulary),
    sources: await digestSources(options, checkpoint),
    vocabulary: vocabulary === null ? null : vocabularyToTables(vocabulary),
  });
  const { overwrite } = options;
  const sink: { file?: AtomicFile; write: (bytes: Uint8Array) => Promise<void> } = {
    write: async (bytes) => sink.file!.write(bytes),
  };
  const writer = new GgufWriter(sink, metadata, plan.tensors);
  const file = await AtomicFile.create(target, { overwrite, access: 'shared', expectedBytes: writer.totalBytes });
  sink.file = file;
  try {
    await writeTensors(options, plan, writer);
    for (const { input } of checkpoint.files) await input.assertUnchanged();
    options.signal?.throwIfAborted();
    // What was written is read back before it gets its name: a file that this package would refuse must not come out of it.
    checkLlamaGguf(await openGguf(file.temporary));
  } catch (error) {
    await file.discard();
    throw error;
  }
  const { bytes, sha256 } = await file.commit();
  return {
    path: target,
    bytes,
    sha256,
    type: plan.type,
    tensors: plan.tensors.length,
    parameters: parameterCount(h),
    vocabularySize: vocabulary?.size ?? null,
  };
}

async function writeTensors(options: ConvertOptions, plan: ConversionPlan, writer: GgufWriter): Promise<void> {
  const total = plan.jobs.reduce((sum, job) => sum + job.source.byteLength, 0);
  const converter = new RowConverter();
  let done = 0;
  await writer.writeHeader();
  if (plan.ropeFactors !== null) {
    writer.beginTensor(ropeFactorsName);
    await writer.write(new Uint8Array(plan.ropeFactors.buffer));
  }
  for (const job of plan.jobs) {
    writer.beginTensor(job.name);
    for await (const { bytes, sourceBytes } of converter.convert(job)) {
      options.signal?.throwIfAborted();
      await writer.write(bytes);
      done += sourceBytes;
      options.onProgress?.({ stage: 'write', done, total });
    }
  }
  writer.finish();
}
