/**
 * A plain Llama in F64 that reads a Hugging Face checkpoint itself: no code of lib/, no blocking, no packing. What it computes is what the
 * engine must compute. With a `fault` it computes one well-known mistake instead, to show that a comparison would notice.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type Fault = 'no-rope-scaling' | 'interleaved-pairs' | 'wrong-key-head' | 'sees-the-future' | 'no-rotation';

interface Matrix {
  rows: number;
  columns: number;
  values: Float64Array;
}

export interface ReferenceLlama {
  config: Record<string, unknown>;
  weights: Map<string, Matrix>;
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest number that F16 holds, ties to even; of positive numbers in its normal range. */
function roundToHalf(value: number): number {
  if (value === 0) return 0;
  const step = 2 ** (Math.max(Math.floor(Math.log2(value)), -14) - 10);
  const whole = Math.floor(value / step);
  const rest = value / step - whole;
  return (rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole) * step;
}

function decode(dtype: string, bytes: Buffer): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dtype === 'F32') return Float64Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
  if (dtype === 'F16')
    return Float64Array.from({ length: bytes.length / 2 }, (_, i) => halfToNumber(view.getUint16(2 * i, true)));
  if (dtype !== 'BF16') throw new Error(`the reference does not read ${dtype}`);
  const word = new DataView(new ArrayBuffer(4));
  return Float64Array.from({ length: bytes.length / 2 }, (_, i) => {
    word.setUint32(0, view.getUint16(2 * i, true) * 65536);
    return word.getFloat32(0);
  });
}

/** There and back again through blocks of 32 signed bytes with a scale in F16, along rows. */
function throughQ8({ values, columns }: Matrix): void {
  if (columns % 32 !== 0) return;
  for (let start = 0; start < values.length; start += 32) {
    const block = values.subarray(start, start + 32);
    const scale = Math.fround(Math.max(...block.map(Math.abs)) / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    const stored = roundToHalf(scale);
    for (let i = 0; i < 32; i++) {
      const scaled = Math.fround(block[i]! * inverse);
      block[i] = Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5) * stored;
    }
  }
}

/** Reads a checkpoint; with `q8` its matrices are rounded as a Q8_0 file holds them. */
export async function readReference(folder: string, { q8 = false } = {}): Promise<ReferenceLlama> {
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  const weights = new Map<string, Matrix>();
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.safetensors') && one.startsWith('model'))) {
    const file = await readFile(join(folder, name));
    const headerEnd = 8 + Number(file.readBigUInt64LE(0));
    const header = JSON.parse(file.toString('utf8', 8, headerEnd)) as Record<
      string,
      { dtype: string; shape: number[]; data_offsets: [number, number] }
    >;
    for (const [tensor, { dtype, shape, data_offsets: offsets }] of Object.entries(header)) {
      if (tensor === '__metadata__') continue;
      const values = decode(dtype, file.subarray(headerEnd + offsets[0], headerEnd + offsets[1]));
      const matrix = { rows: shape.length === 1 ? 1 : shape[0]!, columns: shape.at(-1)!, values };
      if (q8 && shape.length === 2) throughQ8(matrix);
      weights.set(tensor, matrix);
    }
  }
  return { config, weights };
}

/** weights x vector */
function multiply({ rows, columns, values }: Matrix, vector: Float64Array): Float64Array {
  const result = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = 0; i < columns; i++) sum += values[row * columns + i]! * vector[i]!;
    result[row] = sum;
  }
  return result;
}

function rmsNorm(x: Float64Array, weight: Matrix, epsilon: number): Float64Array {
  let squares = 0;
  for (const value of x) squares += value * value;
  const factor = 1 / Math.sqrt(squares / x.length + epsilon);
  return x.map((value, i) => value * factor * weight.values[i]!);
}

/** Radians a token, for each pair of a head. Angles of the reference are F32, so these are rounded. */
function frequencies(config: Record<string, unknown>, headSize: number, fault: Fault | undefined): number[] {
  const scaling = config['rope_scaling'] as Record<string, number | string> | null | undefined;
  const theta = config['rope_theta'] as number;
  const kind = fault === 'no-rope-scaling' ? undefined : (scaling?.['rope_type'] ?? scaling?.['type']);
  return Array.from({ length: headSize / 2 }, (_, i) => {
    const plain = Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / headSize)));
    if (kind === 'linear') return Math.fround(plain / Number(scaling!['factor']));
    if (kind !== 'llama3') return plain;
    const [factor, low, high, original] = [
      'factor',
      'low_freq_factor',
      'high_freq_factor',
      'original_max_position_embeddings',
    ].map((key) => Number(scaling![key])) as [number, number, number, number];
    const turns = (original * plain) / (2 * Math.PI);
    if (turns < low) return Math.fround(plain / factor);
    if (turns > high) return plain;
    const share = (turns - low) / (high - low);
    return Math.fround(((1 - share) * plain) / factor + share * plain);
  });
}

function rotate(x: Float64Array, position: number, turns: number[], fault: Fault | undefined): void {
  if (fault === 'no-rotation') return;
  const half = turns.length;
  for (let start = 0; start < x.length; start += 2 * half) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * turns[i]!);
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
      const [one, other] =
        fault === 'interleaved-pairs' ? [start + 2 * i, start + 2 * i + 1] : [start + i, start + i + half];
      const [a, b] = [x[one]!, x[other]!];
      x[one] = a * cosine - b * sine;
      x[other] = b * cosine + a * sine;
    }
  }
}

interface Heads {
  count: number;
  keyValues: number;
  size: number;
}

function attend(
  q: Float64Array[],
  k: Float64Array[],
  v: Float64Array[],
  heads: Heads,
  fault: Fault | undefined,
): Float64Array[] {
  const { count, keyValues, size } = heads;
  return q.map((query, position) => {
    const result = new Float64Array(count * size);
    const visible = fault === 'sees-the-future' ? q.length : position + 1;
    for (let head = 0; head < count; head++) {
      const shared = fault === 'wrong-key-head' ? head % keyValues : Math.floor(head / (count / keyValues));
      const scores = Array.from({ length: visible }, (_, other) => {
        let sum = 0;
        for (let i = 0; i < size; i++) sum += query[head * size + i]! * k[other]![shared * size + i]!;
        return sum / Math.sqrt(size);
      });
      const largest = scores.reduce((a, b) => Math.max(a, b));
      const powers = scores.map((score) => Math.exp(score - largest));
      const total = powers.reduce((a, b) => a + b);
      for (const [other, power] of powers.entries())
        for (let i = 0; i < size; i++) result[head * size + i]! += (power / total) * v[other]![shared * size + i]!;
    }
    return result;
  });
}

/** Hidden states after the final norm, one for each token. */
export function referenceHidden(model: ReferenceLlama, ids: ArrayLike<number>, fault?: Fault): Float64Array[] {
  const { config } = model;
  const weight = (name: string): Matrix => {
    const found = model.weights.get(name);
    if (found === undefined) throw new Error(`the checkpoint has no ${name}`);
    return found;
  };
  const epsilon = config['rms_norm_eps'] as number;
  const count = config['num_attention_heads'] as number;
  const size = weight('model.layers.0.self_attn.q_proj.weight').rows / count;
  const heads = { count, size, keyValues: weight('model.layers.0.self_attn.k_proj.weight').rows / size };
  const turns = frequencies(config, size, fault);
  const embedding = weight('model.embed_tokens.weight');
  const add = (a: Float64Array, b: Float64Array) => a.map((value, i) => value + b[i]!);
  let x = Array.from(ids, (id) => embedding.values.slice(id * embedding.columns, (id + 1) * embedding.columns));
  for (let layer = 0; layer < (config['num_hidden_layers'] as number); layer++) {
    const own = (name: string) => weight(`model.layers.${layer}.${name}.weight`);
    const input = x.map((row) => rmsNorm(row, own('input_layernorm'), epsilon));
    const [q, k, v] = ['q', 'k', 'v'].map((name) => input.map((row) => multiply(own(`self_attn.${name}_proj`), row)));
    for (const rows of [q!, k!]) for (const [position, row] of rows.entries()) rotate(row, position, turns, fault);
    const attended = attend(q!, k!, v!, heads, fault);
    x = x.map((row, i) => add(row, multiply(own('self_attn.o_proj'), attended[i]!)));
    x = x.map((row) => {
      const normed = rmsNorm(row, own('post_attention_layernorm'), epsilon);
      const up = multiply(own('mlp.up_proj'), normed);
      const gated = multiply(own('mlp.gate_proj'), normed).map((g, i) => (g / (1 + Math.exp(-g))) * up[i]!);
      return add(row, multiply(own('mlp.down_proj'), gated));
    });
  }
  return x.map((row) => rmsNorm(row, weight('model.norm.weight'), epsilon));
}

/** Logits of the next token from a hidden state. */
export function referenceLogits(model: ReferenceLlama, hidden: Float64Array): Float64Array {
  const tied = model.config['tie_word_embeddings'] === true;
  return multiply(model.weights.get(tied ? 'model.embed_tokens.weight' : 'lm_head.weight')!, hidden);
}
