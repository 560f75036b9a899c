import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkLlamaGguf } from '../../lib/architecture/check-gguf.ts';
import type { ConvertOptions } from '../../lib/convert/convert.ts';
import { convertCheckpoint } from '../../lib/convert/convert.ts';
import { dequantizeQ8 } from '../../lib/convert/q8.ts';
import { openGguf } from '../../lib/gguf/reader.ts';
import type { CheckpointOptions, GeneratedCheckpoint } from '../support/checkpoint.ts';
import { writeCheckpoint } from '../support/checkpoint.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let files = 0;

const generate = (options: CheckpointOptions = {}) => writeCheckpoint(join(folder, `checkpoint-${files++}`), options);
const newTarget = () => join(folder, `model-${files++}.gguf`);

async function convert(options: CheckpointOptions, convertOptions: Partial<ConvertOptions> = {}) {
  const checkpoint = await generate(options);
  const result = await convertCheckpoint({ source: checkpoint.folder, target: newTarget(), ...convertOptions });
  const file = await openGguf(result.path);
  return { checkpoint, result, file, model: checkLlamaGguf(file), bytes: await readFile(result.path) };
}

/** The numbers of a tensor of a GGUF file, whatever their type. */
function decode(type: string, bytes: Uint8Array): Float32Array {
  // Not slice(), which for a Buffer is a view.
  const copy = new Uint8Array(bytes);
  if (type === 'F32') return new Float32Array(copy.buffer);
  if (type === 'Q8_0') {
    const values = new Float32Array((copy.length / 34) * 32);
    dequantizeQ8(copy, values);
    return values;
  }
  const half = new Uint16Array(copy.buffer);
  if (type === 'BF16') return new Float32Array(Uint32Array.from(half, (x) => x << 16).buffer);
  return Float32Array.from(half, (h) => {
    const [sign, exponent, mantissa] = [h >> 15 ? -1 : 1, (h >> 10) & 31, h & 1023];
    return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
  });
}

/** Undoes llama.cpp's order of rows, written down from its definition: reshape to (heads, size / 2, 2), swap, reshape. */
function unpermute(values: Float32Array, heads: number, columns: number): Float32Array {
  const size = values.length / columns / heads;
  const result = new Float32Array(values.length);
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < size / 2; i++) {
      for (let j = 0; j < 2; j++) {
        const from = (head * size + 2 * i + j) * columns;
        result.set(values.subarray(from, from + columns), (head * size + (j * size) / 2 + i) * columns);
      }
    }
  }
  return result;
}

const hfNames: Record<string, string> = {
  tokenEmbedding: 'model.embed_tokens',
  outputNorm: 'model.norm',
  output: 'lm_head',
  attentionNorm: 'input_layernorm',
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  attentionOutput: 'self_attn.o_proj',
  feedForwardNorm: 'post_attention_layernorm',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
};

/** Every weight of the file beside that of the checkpoint. */
function pairs(checkpoint: GeneratedCheckpoint, model: ReturnType<typeof checkLlamaGguf>, bytes: Uint8Array) {
  return model.tensors.map((tensor) => {
    const prefix = tensor.layer < 0 ? '' : `model.layers.${tensor.layer}.`;
    const expected = checkpoint.values.get(`${prefix}${hfNames[tensor.role]}.weight`)!;
    const stored = decode(tensor.type, bytes.subarray(tensor.offset, tensor.offset + tensor.byteLength));
    const values = tensor.permutedHeads === 0 ? stored : unpermute(stored, tensor.permutedHeads, tensor.columns);
    return { tensor, values, expected };
  });
}

/** Says where numbers differ first, instead of printing both arrays. */
function expectSame(values: Float32Array, expected: Float32Array, name: string): void {
  expect(values.length).toBe(expected.length);
  const at = values.findIndex((value, i) => !Object.is(value, expected[i]));
  if (at >= 0) expect.fail(`${name} has ${values[at]} at ${at}, expected ${expected[at]}`);
}

describe('weights', () => {
  const types = ['F32', 'F16', 'BF16'] as const;
  const wanted = [undefined, 'f32', 'f16', 'bf16'] as const;
  it.each(types.flatMap((dtype) => wanted.map((type) => ({ dtype, type }))))(
    'from $dtype to $type are exact where the type holds them',
    async ({ dtype, type }) => {
      const { checkpoint, result, model, bytes } = await convert({ dtype, layers: 2, kvHeads: 2, heads: 4 }, { type });
      expect(result.type).toBe(type === undefined ? dtype : type.toUpperCase());
      for (const { tensor, values, expected } of pairs(checkpoint, model, bytes)) {
        expect(tensor.type).toBe(tensor.rows === 1 ? 'F32' : result.type);
        expectSame(values, expected, tensor.name);
      }
    },
  );

  it('in Q8_0 are within half a step, and F16 where rows are not whole blocks', async () => {
    const { checkpoint, result, model, bytes } = await convert({ dtype: 'BF16', feedForward: 80 }, { type: 'q8_0' });
    expect(result.type).toBe('Q8_0');
    expect(model.weightType).toBe('Q8_0');
    for (const { tensor, values, expected } of pairs(checkpoint, model, bytes)) {
      const norm = tensor.role.endsWith('Norm');
      expect(tensor.type).toBe(norm ? 'F32' : tensor.role === 'down' ? 'F16' : 'Q8_0');
      if (tensor.type !== 'Q8_0') expectSame(values, expected, tensor.name);
      for (let block = 0; tensor.type === 'Q8_0' && block < expected.length; block += 32) {
        const largest = expected.subarray(block, block + 32).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        for (let i = block; i < block + 32; i++) {
          expect(Math.abs(values[i]! - expected[i]!)).toBeLessThanOrEqual(
            (largest / 127) * 0.5 + largest * 2 ** -11 + 1e-9,
          );
        }
      }
    }
  });

  it('come from shards as from one file, and from heads that are wider than hidden / heads', async () => {
    const shape = { headSize: 24, heads: 3, kvHeads: 1, hiddenSize: 32, feedForward: 40, seed: 9 };
    const { checkpoint, model, bytes } = await convert({ ...shape, shards: 3 });
    expect(model.hyperparameters).toMatchObject({ headSize: 24, headCount: 3, kvHeadCount: 1, hiddenSize: 32 });
    for (const { tensor, values, expected } of pairs(checkpoint, model, bytes))
      expectSame(values, expected, tensor.name);
  });

  it('that are larger than a chunk arrive whole', async () => {
    const big = { hiddenSize: 512, heads: 4, kvHeads: 4, feedForward: 512, layers: 1, vocabularySize: 2600 };
    const { checkpoint, model, bytes } = await convert(big);
    for (const { tensor, values, expected } of pairs(checkpoint, model, bytes))
      expectSame(values, expected, tensor.name);
  });

  it('of mixed types become F32', async () => {
    const mixed = await convert({
      dtype: 'BF16',
      edit: (tensors) =>
        tensors.map((t) => {
          if (t.name !== 'lm_head.weight') return t;
          const wide = Uint32Array.from(new Uint16Array(t.bytes.slice().buffer), (x) => x << 16);
          return { ...t, dtype: 'F32', bytes: new Uint8Array(wide.buffer) };
        }),
    });
    expect(mixed.result.type).toBe('F32');
    for (const { tensor, values, expected } of pairs(mixed.checkpoint, mixed.model, mixed.bytes))
      expectSame(values, expected, tensor.name);
  });

  it.each<[string, 'F32' | 'F16' | 'BF16', number[]]>([
    ['NaN', 'F32', [0, 0, 0xc0, 0x7f]],
    ['infinity', 'F32', [0, 0, 0x80, 0xff]],
    ['infinity', 'F16', [0, 0x7c]],
    ['NaN', 'BF16', [0x81, 0xff]],
  ])('with %s in %s are refused by tensor and place', async (_, dtype, pattern) => {
    const edit: CheckpointOptions['edit'] = (tensors) => {
      tensors
        .find((t) => t.name === 'model.layers.1.mlp.up_proj.weight')!
        .bytes.set(pattern, (64 * 3 + 5) * pattern.length);
      return tensors;
    };
    const { folder: source } = await generate({ dtype, edit });
    const target = newTarget();
    const texts = ['model.layers.1.mlp.up_proj.weight', 'infinity or NaN', 'row 3, column 5'];
    await expectClmbrError(convertCheckpoint({ source, target }), 'INVALID_SAFETENSORS', ...texts);
    expect((await readdir(folder)).filter((name) => name.includes(target.slice(-12)))).toEqual([]);
  });

  it('that the target type cannot hold are refused', async () => {
    const edit: CheckpointOptions['edit'] = (tensors) => {
      new DataView(tensors[0]!.bytes.buffer).setFloat32(4 * 65, 1e6, true);
      return tensors;
    };
    const { folder: source } = await generate({ edit });
    const attempt = convertCheckpoint({ source, target: newTarget(), type: 'f16' });
    await expectClmbrError(attempt, 'INVALID_SAFETENSORS', 'model.embed_tokens.weight', 'F16', 'row 1, column 1');
    await convertCheckpoint({ source, target: newTarget(), type: 'bf16' });
  });
});
