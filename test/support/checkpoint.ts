import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom } from './random.ts';

export type CheckpointType = 'F32' | 'F16' | 'BF16';

export interface CheckpointTensor {
  name: string;
  dtype: string;
  shape: number[];
  bytes: Uint8Array;
}

export interface CheckpointOptions {
  seed?: number;
  hiddenSize?: number;
  layers?: number;
  heads?: number;
  kvHeads?: number;
  /** Default: hiddenSize / heads. */
  headSize?: number;
  feedForward?: number;
  /** Number of tokens, the seven special ones included. */
  vocabularySize?: number;
  contextLength?: number;
  dtype?: CheckpointType;
  tied?: boolean;
  /** More than one: model-0000i-of-0000n.safetensors with an index. */
  shards?: number;
  /** Write a tokenizer_config.json. */
  vocabulary?: boolean;
  /** Replaces keys of config.json; undefined removes one. */
  config?: Record<string, unknown>;
  /** Changes the tensors before they are written. */
  edit?: (tensors: CheckpointTensor[]) => CheckpointTensor[];
}

export interface GeneratedCheckpoint {
  folder: string;
  config: Record<string, unknown>;
  tensors: Map<string, CheckpointTensor>;
  /** The weights as F32, which holds those of every type exactly. */
  values: Map<string, Float32Array>;
}

const defaults = {
  seed: 1,
  hiddenSize: 64,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  feedForward: 96,
  vocabularySize: 40,
  contextLength: 128,
  dtype: 'F32',
  tied: false,
  shards: 1,
  vocabulary: false,
} as const;

/** Bits of a number that F16 holds exactly and that is 0 or at least 2^-14. */
function exactFloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  const sign = (bits >>> 16) & 0x8000;
  return value === 0 ? sign : sign | (((bits & 0x7fffffff) - 0x38000000) >>> 13);
}

/** The bytes of numbers that the type holds exactly. */
export function encodeExactly(dtype: CheckpointType, values: Float32Array): Uint8Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  if (dtype === 'F32') return new Uint8Array(bits.slice().buffer);
  const half = dtype === 'BF16' ? Uint16Array.from(bits, (x) => x >>> 16) : Uint16Array.from(values, exactFloat16);
  return new Uint8Array(half.buffer);
}

/** Numbers in (-0.25, 0.25) that F16 and BF16 hold exactly; around 1 for a norm. */
function randomWeights(random: () => number, shape: number[]): Float32Array {
  const length = shape.reduce((product, size) => product * size, 1);
  const norm = shape.length === 1;
  return Float32Array.from({ length }, () => {
    const step = Math.round((random() - 0.5) * 255);
    return norm ? 1 + Math.round(step / 8) / 128 : step / 512;
  });
}

function tensorShapes(o: Required<Omit<CheckpointOptions, 'config' | 'edit'>>): [string, number[]][] {
  const [q, kv] = [o.heads * o.headSize, o.kvHeads * o.headSize];
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [o.vocabularySize, o.hiddenSize]]];
  for (let i = 0; i < o.layers; i++) {
    const layer = `model.layers.${i}.`;
    shapes.push(
      [`${layer}input_layernorm.weight`, [o.hiddenSize]],
      [`${layer}self_attn.q_proj.weight`, [q, o.hiddenSize]],
      [`${layer}self_attn.k_proj.weight`, [kv, o.hiddenSize]],
      [`${layer}self_attn.v_proj.weight`, [kv, o.hiddenSize]],
      [`${layer}self_attn.o_proj.weight`, [o.hiddenSize, q]],
      [`${layer}post_attention_layernorm.weight`, [o.hiddenSize]],
      [`${layer}mlp.gate_proj.weight`, [o.feedForward, o.hiddenSize]],
      [`${layer}mlp.up_proj.weight`, [o.feedForward, o.hiddenSize]],
      [`${layer}mlp.down_proj.weight`, [o.hiddenSize, o.feedForward]],
    );
  }
  shapes.push(['model.norm.weight', [o.hiddenSize]]);
  if (!o.tied) shapes.push(['lm_head.weight', [o.vocabularySize, o.hiddenSize]]);
  return shapes;
}

/** A safetensors file, tensors in the order given. */
export function encodeSafetensors(tensors: readonly CheckpointTensor[]): Buffer {
  let end = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const { name, dtype, shape, bytes } of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  return joinSafetensors(JSON.stringify(header), Buffer.concat(tensors.map((tensor) => tensor.bytes)));
}

/** A safetensors file from the text of its header, whatever that says. */
export function joinSafetensors(header: string, data: Uint8Array): Buffer {
  const text = Buffer.from(header, 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** A vocabulary of every kind of entry, as long as asked. */
export function tokenizerConfig(size: number): Record<string, unknown> {
  const tokens = Array.from({ length: size - 7 }, (_, i) => {
    const common = { description: i % 5 === 0 ? `event ${i}` : null, stats: [] };
    const code = `TEST/${Math.floor(i / 3)}`;
    if (i % 3 === 0) return { code, type: 'code', ...common, tokenization: {} };
    if (i % 3 === 1) {
      const range = { unit: 'None', range_start: i, range_end: i + 0.5 };
      return { code, type: 'numerical_range', ...common, tokenization: range };
    }
    return { code, type: 'categorical', ...common, tokenization: { categories: [`value ${i}`] } };
  });
  return { timestamp: '2024-01-01T00:00:00', metadata: {}, tokens };
}

async function writeTensors(folder: string, tensors: readonly CheckpointTensor[], shards: number): Promise<void> {
  if (shards === 1) return writeFile(join(folder, 'model.safetensors'), encodeSafetensors(tensors));
  const map: Record<string, string> = {};
  for (let i = 0; i < shards; i++) {
    const name = `model-${String(i + 1).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}.safetensors`;
    const own = tensors.filter((_, index) => index % shards === i);
    for (const tensor of own) map[tensor.name] = name;
    await writeFile(join(folder, name), encodeSafetensors(own));
  }
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));
}

/** Writes a Hugging Face checkpoint of a small Llama with random weights. */
export async function writeCheckpoint(folder: string, options: CheckpointOptions = {}): Promise<GeneratedCheckpoint> {
  const merged = { ...defaults, ...options };
  const o = { ...merged, headSize: merged.headSize ?? merged.hiddenSize / merged.heads };
  const random = seededRandom(o.seed);
  const values = new Map(
    tensorShapes(o).map(([name, shape]) => [name, { shape, numbers: randomWeights(random, shape) }]),
  );
  const generated = [...values].map(([name, { shape, numbers }]): CheckpointTensor => {
    return { name, dtype: o.dtype, shape, bytes: encodeExactly(o.dtype, numbers) };
  });
  const tensors = options.edit?.(generated) ?? generated;
  const config: Record<string, unknown> = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    hidden_size: o.hiddenSize,
    intermediate_size: o.feedForward,
    num_hidden_layers: o.layers,
    num_attention_heads: o.heads,
    num_key_value_heads: o.kvHeads,
    head_dim: o.headSize,
    max_position_embeddings: o.contextLength,
    vocab_size: o.vocabularySize,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    rope_scaling: null,
    tie_word_embeddings: o.tied,
    bos_token_id: 0,
    eos_token_id: 1,
    ...options.config,
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeTensors(folder, tensors, o.shards);
  if (o.vocabulary) {
    await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(tokenizerConfig(o.vocabularySize)));
  }
  return {
    folder,
    config,
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    values: new Map([...values].map(([name, { numbers }]) => [name, numbers])),
  };
}
