import { quoted } from '../files/quoted.ts';
import type { LlamaHyperparameters, LlamaTensor } from '../architecture/llama.ts';
import { llamaTensors, ropeFactorsName } from '../architecture/llama.ts';
import { llama3Factors } from '../architecture/rope.ts';
import { ClmbrError } from '../errors.ts';
import type { GgufTensorPlan } from '../gguf/writer.ts';
import type { WeightType } from '../types.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { FloatType } from './floats.ts';
import { q8BlockSize } from './q8.ts';
import type { SafetensorsTensor } from './safetensors.ts';
import type { TensorJob } from './tensor-rows.ts';

/** What goes into the GGUF file: its tensor table, and where the data of each tensor comes from. */
export interface ConversionPlan {
  /** The type asked for, or the checkpoint's own. */
  type: WeightType;
  /** Divisors of the rotation frequencies, written first; null where there is no such rule. */
  ropeFactors: Float32Array | null;
  tensors: GgufTensorPlan[];
  /** One for each tensor of the checkpoint, in the order of `tensors`. */
  jobs: (TensorJob & { name: string })[];
}

const outputName = 'lm_head.weight';
/** Old versions of transformers stored the rotation frequencies; they follow from config.json. */
const frequencies = /\.rotary_emb\.inv_freq$/;

function checkpointError(
  tensor: SafetensorsTensor,
  message: string,
  details: Record<string, unknown> = {},
): ClmbrError {
  const { name, file } = tensor;
  return new ClmbrError('INVALID_SAFETENSORS', `${file.path}: tensor ${quoted(name)} ${message}.`, {
    details: { path: file.path, tensor: name, ...details },
  });
}

function findWeight(checkpoint: Checkpoint, expected: LlamaTensor): TensorJob['source'] {
  const tensor = checkpoint.tensors.get(expected.hfName);
  if (tensor === undefined) {
    throw new ClmbrError(
      'INVALID_SAFETENSORS',
      `${checkpoint.folder}: tensor "${expected.hfName}" is missing, expected with shape [${expected.shape.join(', ')}].`,
      { details: { path: checkpoint.folder, tensor: expected.hfName, expected: expected.shape } },
    );
  }
  if (tensor.shape.length !== expected.shape.length || tensor.shape.some((size, i) => size !== expected.shape[i])) {
    throw checkpointError(tensor, `has shape [${tensor.shape.join(', ')}], expected [${expected.shape.join(', ')}]`, {
      expected: expected.shape,
      found: tensor.shape,
    });
  }
  const { dtype } = tensor;
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
    throw new ClmbrError(
      'UNSUPPORTED_MODEL',
      `${tensor.file.path}: tensor ${quoted(tensor.name)} is ${dtype}, expected F32, F16 or BF16.`,
      { details: { path: tensor.file.path, tensor: tensor.name, found: dtype } },
    );
  }
  return { ...tensor, dtype };
}

function refuseOthers(checkpoint: Checkpoint, expected: ReadonlySet<string>): void {
  for (const tensor of checkpoint.tensors.values()) {
    if (expected.has(tensor.name) || frequencies.test(tensor.name)) continue;
    const what = tensor.name.endsWith('.bias')
      ? 'is a bias, which is not implemented'
      : 'does not belong to this architecture';
    throw new ClmbrError('UNSUPPORTED_MODEL', `${tensor.file.path}: tensor ${quoted(tensor.name)} ${what}.`, {
      details: { path: tensor.file.path, tensor: tensor.name },
    });
  }
}

/** The one type of all matrices, or F32, which holds them all, where they differ. */
function ownType(jobs: readonly { source: { dtype: FloatType; shape: number[] } }[]): WeightType {
  const types = new Set(jobs.filter(({ source }) => source.shape.length > 1).map(({ source }) => source.dtype));
  return types.size === 1 ? [...types][0]! : 'F32';
}

/** Norms stay F32, as llama.cpp has them; rows that Q8_0 blocks do not fill stay F16. */
function targetType(expected: LlamaTensor, type: WeightType): WeightType {
  if (expected.shape.length === 1) return 'F32';
  return type === 'Q8_0' && expected.shape[1]! % q8BlockSize !== 0 ? 'F16' : type;
}

/** With tied embeddings an output matrix of its own would be ignored by the reference: it may be there if it is the same. */
async function checkTiedOutput(checkpoint: Checkpoint, embedding: SafetensorsTensor): Promise<void> {
  const output = checkpoint.tensors.get(outputName);
  if (output === undefined) return;
  const differs = () =>
    checkpointError(output, 'differs from the embedding, but config.json says "tie_word_embeddings": true');
  if (output.dtype !== embedding.dtype || output.byteLength !== embedding.byteLength) throw differs();
  const step = 4 * 1024 * 1024;
  const [a, b] = [Buffer.alloc(Math.min(step, output.byteLength)), Buffer.alloc(Math.min(step, output.byteLength))];
  for (let at = 0; at < output.byteLength; at += step) {
    const length = Math.min(step, output.byteLength - at);
    await output.file.read(a.subarray(0, length), output.offset + at);
    await embedding.file.read(b.subarray(0, length), embedding.offset + at);
    if (!a.subarray(0, length).equals(b.subarray(0, length))) throw differs();
  }
}

/**
 * Matches the tensors of a checkpoint with what its hyper-parameters imply.
 *
 * @param type null for the checkpoint's own
 * @throws ClmbrError `INVALID_SAFETENSORS` for missing tensors and wrong shapes, `UNSUPPORTED_MODEL` for tensors that do not
 *   belong to the architecture (biases, adapters) and types that are not floating point.
 */
export async function planConversion(
  checkpoint: Checkpoint,
  h: LlamaHyperparameters,
  type: WeightType | null,
): Promise<ConversionPlan> {
  const expected = llamaTensors(h);
  const names = new Set(expected.map((tensor) => tensor.hfName));
  if (h.tiedEmbeddings) names.add(outputName);
  refuseOthers(checkpoint, names);
  const found = expected.map((tensor) => ({ tensor, source: findWeight(checkpoint, tensor) }));
  if (h.tiedEmbeddings) await checkTiedOutput(checkpoint, found[0]!.source);
  const chosen = type ?? ownType(found);
  const jobs = found.map(({ tensor, source }) => ({
    name: tensor.ggufName,
    source,
    type: targetType(tensor, chosen),
    rows: tensor.shape.length === 1 ? 1 : tensor.shape[0]!,
    columns: tensor.shape.at(-1)!,
    permutedHeads: tensor.permutedHeads,
  }));
  const { scaling, theta } = h.rope;
  const ropeFactors = scaling.type === 'llama3' ? llama3Factors(h.headSize, theta, scaling) : null;
  const tensors: GgufTensorPlan[] = jobs.map(({ name, type: one, source }) => ({
    name,
    type: one,
    shape: source.shape.toReversed(),
  }));
  if (ropeFactors !== null) tensors.unshift({ name: ropeFactorsName, type: 'F32', shape: [ropeFactors.length] });
  return { type: chosen, ropeFactors, tensors, jobs };
}
