import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkLlamaGguf } from '../../lib/architecture/check-gguf.ts';
import type { ConvertOptions, ConvertProgress } from '../../lib/convert/convert.ts';
import { convertCheckpoint } from '../../lib/convert/convert.ts';
import { openGguf } from '../../lib/gguf/reader.ts';
import { readVocabularyTables } from '../../lib/gguf/vocabulary.ts';
import { vocabularyFromTables } from '../../lib/tokenizer/vocabulary.ts';
import type { CheckpointOptions } from '../support/checkpoint.ts';
import { tokenizerConfig, writeCheckpoint } from '../support/checkpoint.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let files = 0;

const generate = (options: CheckpointOptions = {}) => writeCheckpoint(join(folder, `checkpoint-${files++}`), options);
const newTarget = () => join(folder, `model-${files++}.gguf`);
const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

async function convert(options: CheckpointOptions, convertOptions: Partial<ConvertOptions> = {}) {
  const checkpoint = await generate(options);
  const result = await convertCheckpoint({ source: checkpoint.folder, target: newTarget(), ...convertOptions });
  const file = await openGguf(result.path);
  return { checkpoint, result, file, model: checkLlamaGguf(file), bytes: await readFile(result.path) };
}

describe('the file', () => {
  it('is the same for the same checkpoint, and says the digest and size that it has', async () => {
    const options = { vocabulary: true, dtype: 'BF16', seed: 4 } as const;
    const first = await convert(options, { type: 'q8_0' });
    const second = await convert(options, { type: 'q8_0' });
    expect(second.bytes.equals(first.bytes)).toBe(true);
    expect(first.result.sha256).toBe(await sha256(first.result.path));
    expect(first.result.bytes).toBe(first.bytes.length);
    expect(first.result).toMatchObject({ tensors: 21, vocabularySize: 40, parameters: first.model.parameters });
  });

  it('has the keys that llama.cpp asks for, our rule, and the digests of its sources', async () => {
    const rope_scaling = {
      rope_type: 'llama3',
      factor: 8.5,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
    };
    const { checkpoint, file, model } = await convert(
      { config: { rope_theta: 500_000, rope_scaling } },
      { ropeOriginalContext: 96 },
    );
    expect(Object.fromEntries(file.metadata)).toMatchObject({
      'general.architecture': 'llama',
      'general.file_type': 0,
      'llama.vocab_size': 40,
      'llama.context_length': 128,
      'llama.embedding_length': 64,
      'llama.block_count': 2,
      'llama.feed_forward_length': 96,
      'llama.attention.head_count': 4,
      'llama.attention.head_count_kv': 2,
      'llama.attention.key_length': 16,
      'llama.attention.value_length': 16,
      'llama.attention.layer_norm_rms_epsilon': Math.fround(1e-5),
      'llama.rope.dimension_count': 16,
      'llama.rope.freq_base': 500_000,
      'tokenizer.ggml.model': 'none',
      'tokenizer.ggml.bos_token_id': 0,
      'tokenizer.ggml.eos_token_id': 1,
      'clmbr.format_version': 1,
      'clmbr.source.files': ['config.json', 'model.safetensors'],
      'clmbr.source.sha256': await Promise.all(
        ['config.json', 'model.safetensors'].map((f) => sha256(join(checkpoint.folder, f))),
      ),
    });
    const rule = { type: 'llama3', factor: 8.5, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 96 };
    expect(model.hyperparameters.rope).toEqual({ theta: 500_000, scaling: rule });
    expect(file.tensors.get('rope_freqs.weight')).toMatchObject({ type: 'F32', shape: [8] });
  });

  it('has the linear rule in both sets of keys', async () => {
    const { file, model } = await convert({ config: { rope_scaling: { type: 'linear', factor: 2.3 } } });
    expect(file.metadata.get('llama.rope.scaling.type')).toBe('linear');
    expect(file.metadata.get('llama.rope.scaling.factor')).toBe(Math.fround(2.3));
    expect(model.hyperparameters.rope.scaling).toEqual({ type: 'linear', factor: 2.3 });
  });

  it('carries the vocabulary, or none', async () => {
    const { file, checkpoint } = await convert({ vocabulary: true });
    const vocabulary = vocabularyFromTables(readVocabularyTables(file)!, file.path);
    expect(vocabulary.size).toBe(40);
    expect(vocabulary.token(8)).toBe('TEST/0 || None || 1.0 - 1.5');
    const { file: bare } = await convert({});
    expect(readVocabularyTables(bare)).toBeNull();
    const odd = join(folder, `odd-${files++}`);
    await cp(checkpoint.folder, odd, { recursive: true });
    await writeFile(join(odd, 'tokenizer_config.json'), JSON.stringify(tokenizerConfig(39)));
    await expectClmbrError(
      convertCheckpoint({ source: odd, target: newTarget() }),
      'INVALID_VOCABULARY',
      '39 tokens',
      '40',
    );
  });

  it('keeps what the model card says', async () => {
    const { folder: source } = await generate();
    const card =
      '\n---\nlicense: CC-BY-NC-4.0\ntags:\n- x\n---\n\n# some-model\n\n    m = A.from_pretrained("Owner/some-model")\n';
    await writeFile(join(source, 'README.md'), card);
    const { path } = await convertCheckpoint({ source, target: newTarget() });
    expect(checkLlamaGguf(await openGguf(path)).metadata).toEqual({
      name: 'some-model',
      license: 'cc-by-nc-4.0',
      source: 'https://huggingface.co/Owner/some-model',
    });
  });

  it('may come from a folder of links, as caches have them', async () => {
    const { folder: source } = await generate({ vocabulary: true });
    const linked = join(folder, `linked-${files++}`);
    await mkdir(linked);
    for (const name of await readdir(source)) await symlink(join(source, name), join(linked, name));
    const direct = await convertCheckpoint({ source, target: newTarget() });
    const through = await convertCheckpoint({ source: linked, target: newTarget() });
    expect(through.sha256).toBe(direct.sha256);
  });
});

describe('tied embeddings', () => {
  const withOutput = (change: (bytes: Uint8Array) => void): CheckpointOptions['edit'] => {
    return (tensors) => {
      const bytes = tensors[0]!.bytes.slice();
      change(bytes);
      return [...tensors, { ...tensors[0]!, name: 'lm_head.weight', bytes }];
    };
  };

  it('leave out the output matrix, also where a copy is there', async () => {
    const alone = await convert({ tied: true });
    expect(alone.file.tensors.has('output.weight')).toBe(false);
    const copied = await convert({ tied: true, edit: withOutput(() => undefined) });
    expect(copied.result.tensors).toBe(alone.result.tensors);
  });

  it('refuse an output matrix that differs, and a missing one where they are not tied', async () => {
    const { folder: source } = await generate({
      tied: true,
      edit: withOutput((bytes) => (bytes[bytes.length - 2]! ^= 1)),
    });
    const attempt = convertCheckpoint({ source, target: newTarget() });
    await expectClmbrError(attempt, 'INVALID_SAFETENSORS', 'lm_head.weight', 'tie_word_embeddings');
    const missing = await generate({ tied: true, config: { tie_word_embeddings: false } });
    await expectClmbrError(
      convertCheckpoint({ source: missing.folder, target: newTarget() }),
      'INVALID_SAFETENSORS',
      'lm_head.weight',
      'missing',
    );
  });
});

describe('tensors that do not fit', () => {
  const f32 = (name: string, shape: number[]) => ({
    name,
    dtype: 'F32',
    shape,
    bytes: new Uint8Array(shape.reduce((a, b) => a * b, 4)),
  });

  it.each<[string, CheckpointOptions, 'UNSUPPORTED_MODEL' | 'INVALID_SAFETENSORS', ...string[]]>([
    [
      'a bias',
      { edit: (t) => [...t, f32('model.layers.0.self_attn.q_proj.bias', [64])] },
      'UNSUPPORTED_MODEL',
      'q_proj.bias',
      'bias',
    ],
    [
      'an adapter',
      { edit: (t) => [...t, f32('model.layers.0.lora_A.weight', [4, 64])] },
      'UNSUPPORTED_MODEL',
      'lora_A',
    ],
    [
      'a layer more',
      { config: { num_hidden_layers: 1 } },
      'UNSUPPORTED_MODEL',
      'model.layers.1.input_layernorm.weight',
    ],
    [
      'a layer less',
      { config: { num_hidden_layers: 3 } },
      'INVALID_SAFETENSORS',
      'model.layers.2.input_layernorm.weight',
      'missing',
    ],
    ['another hidden size', { config: { hidden_size: 32 } }, 'INVALID_SAFETENSORS', '[40, 64]', '[40, 32]'],
    ['another head size', { config: { head_dim: 32 } }, 'INVALID_SAFETENSORS', 'q_proj', '[64, 64]', '[128, 64]'],
    [
      'integers',
      { edit: (t) => t.map((one, i) => (i === 0 ? { ...one, dtype: 'I32' } : one)) },
      'UNSUPPORTED_MODEL',
      'I32',
    ],
  ])('%s', async (_, options, code, ...texts) => {
    const { folder: source } = await generate(options);
    await expectClmbrError(convertCheckpoint({ source, target: newTarget() }), code, ...texts);
  });

  it('but old rotation frequencies are left out', async () => {
    const inv = f32('model.layers.0.self_attn.rotary_emb.inv_freq', [8]);
    const { result } = await convert({ edit: (tensors) => [...tensors, inv] });
    expect(result.tensors).toBe(21);
  });
});

describe('the target', () => {
  it('is not replaced unless asked, nor is a folder or a file of the checkpoint', async () => {
    const { folder: source } = await generate();
    const target = newTarget();
    await writeFile(target, 'precious');
    await expectClmbrError(convertCheckpoint({ source, target }), 'TARGET_EXISTS', target);
    expect(await readFile(target, 'utf8')).toBe('precious');
    const { bytes } = await convertCheckpoint({ source, target, overwrite: true });
    expect((await stat(target)).size).toBe(bytes);
    await expectClmbrError(convertCheckpoint({ source, target: folder, overwrite: true }), 'WRITE_FAILED', 'folder');
    const own = convertCheckpoint({ source, target: join(source, 'model.safetensors'), overwrite: true });
    await expectClmbrError(own, 'INVALID_ARGUMENT', 'model.safetensors');
    const nowhere = convertCheckpoint({ source, target: join(folder, 'no', 'such', 'x.gguf') });
    await expectClmbrError(nowhere, 'WRITE_FAILED', 'folder does not exist');
  });

  it('does not appear when it is aborted, and the reason comes back', async () => {
    const { folder: source } = await generate();
    const own = join(folder, `abort-${files++}`);
    await mkdir(own);
    const reason = new Error('enough');
    for (const stage of ['read', 'write'] as const) {
      const controller = new AbortController();
      const onProgress = (progress: ConvertProgress) => void (progress.stage === stage && controller.abort(reason));
      const attempt = convertCheckpoint({ source, target: join(own, 'x.gguf'), signal: controller.signal, onProgress });
      await expect(attempt).rejects.toBe(reason);
      expect(await readdir(own)).toEqual([]);
    }
    await expect(
      convertCheckpoint({ source, target: join(own, 'x.gguf'), signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
  });

  it('grows visibly', async () => {
    const seen: ConvertProgress[] = [];
    const { checkpoint } = await convert({ shards: 2 }, { onProgress: (progress) => seen.push(progress) });
    for (const stage of ['read', 'write']) {
      const own = seen.filter((progress) => progress.stage === stage);
      expect(own.length).toBeGreaterThan(1);
      expect(own.map((p) => p.done)).toEqual(own.map((p) => p.done).toSorted((a, b) => a - b));
      expect(own.at(-1)!.done).toBe(own.at(-1)!.total);
    }
    const weights = [...checkpoint.tensors.values()].reduce((sum, tensor) => sum + tensor.bytes.length, 0);
    expect(seen.at(-1)).toEqual({ stage: 'write', done: weights, total: weights });
  });

  it('has a known type', async () => {
    const { folder: source } = await generate();
    const attempt = convertCheckpoint({ source, target: newTarget(), type: 'q4_0' as 'q8_0' });
    await expectClmbrError(attempt, 'INVALID_ARGUMENT', 'q4_0', 'f32, f16, bf16, q8_0');
  });
});
