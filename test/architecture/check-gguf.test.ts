import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CheckedModel } from '../../lib/architecture/check-gguf.ts';
import { checkLlamaGguf } from '../../lib/architecture/check-gguf.ts';
import { openGguf } from '../../lib/gguf/reader.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import type { BuiltEntry, BuiltTensor } from '../support/gguf-builder.ts';
import { buildGguf, tinyLlama } from '../support/gguf-builder.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let files = 0;

interface Change {
  /** Replace or add. */
  entries?: BuiltEntry[];
  tensors?: BuiltTensor[];
  without?: string[];
}

async function check(change: Change = {}): Promise<CheckedModel> {
  const { entries, tensors } = tinyLlama();
  const apply = <T>(items: T[], changed: T[], name: (item: T) => string): T[] => {
    const replaced = items.map((item) => changed.find((one) => name(one) === name(item)) ?? item);
    const added = changed.filter((one) => !items.some((item) => name(item) === name(one)));
    return [...replaced, ...added].filter((item) => !change.without?.includes(name(item)));
  };
  const content = buildGguf({
    entries: apply(entries, change.entries ?? [], (entry) => entry.key),
    tensors: apply(tensors, change.tensors ?? [], (tensor) => tensor.name),
  });
  const path = join(folder, `${files++}.gguf`);
  await writeFile(path, content);
  return checkLlamaGguf(await openGguf(path));
}

const uint = (key: string, value: number): BuiltEntry => ({ key, type: 'UINT32', value });
const float = (key: string, value: number): BuiltEntry => ({ key, type: 'FLOAT32', value });
const text = (key: string, value: string): BuiltEntry => ({ key, type: 'STRING', value });
const zeros = (name: string, shape: number[], bytes: number, type = 0): BuiltTensor => ({ name, shape, bytes, type });
const factors = (...values: number[]): BuiltTensor => {
  return { name: 'rope_freqs.weight', shape: [values.length], bytes: new Uint8Array(Float32Array.from(values).buffer) };
};
const own = (...entries: BuiltEntry[]): BuiltEntry[] => [uint('clmbr.format_version', 1), ...entries];
const double = (key: string, value: number): BuiltEntry => ({ key, type: 'FLOAT64', value });
const llama3Keys = own(
  text('clmbr.rope.type', 'llama3'),
  double('clmbr.rope.factor', 8),
  double('clmbr.rope.low_freq_factor', 1),
  double('clmbr.rope.high_freq_factor', 4),
  uint('clmbr.rope.original_context_length', 512),
);

describe('a model that is whole', () => {
  it('gives hyper-parameters and the table that the engine reads by', async () => {
    const model = await check();
    expect(model.hyperparameters).toEqual({
      contextLength: 32,
      hiddenSize: 16,
      layerCount: 1,
      headCount: 2,
      kvHeadCount: 1,
      headSize: 8,
      feedForwardSize: 24,
      vocabularySize: 10,
      rmsNormEpsilon: Math.fround(1e-5),
      tiedEmbeddings: false,
      rope: { theta: 10_000, scaling: { type: 'default' } },
    });
    const table = model.tensors.map((t) => [t.role, t.layer, t.rows, t.columns, t.permutedHeads]);
    expect(table).toEqual([
      ['tokenEmbedding', -1, 10, 16, 0],
      ['attentionNorm', 0, 1, 16, 0],
      ['query', 0, 16, 16, 2],
      ['key', 0, 8, 16, 1],
      ['value', 0, 8, 16, 0],
      ['attentionOutput', 0, 16, 16, 0],
      ['feedForwardNorm', 0, 1, 16, 0],
      ['gate', 0, 24, 16, 0],
      ['up', 0, 24, 16, 0],
      ['down', 0, 16, 24, 0],
      ['outputNorm', -1, 1, 16, 0],
      ['output', -1, 10, 16, 0],
    ]);
    for (const tensor of model.tensors) {
      expect(tensor.byteLength).toBe(tensor.rows * tensor.columns * 4);
      expect(tensor.offset + tensor.byteLength).toBeLessThanOrEqual(model.file.size);
    }
    expect(model).toMatchObject({ weightType: 'F32', vocabularyTables: null, metadata: {} });
    expect(model.parameters).toBe(model.tensors.reduce((sum, { rows, columns }) => sum + rows * columns, 0));
  });

  it('may tie its embeddings, name itself, and hold several types', async () => {
    const model = await check({
      entries: [
        text('general.name', 'n'),
        text('general.license', 'mit'),
        text('general.source.url', 's'),
        uint('tokenizer.ggml.eos_token_id', 1),
      ],
      tensors: [zeros('token_embd.weight', [16, 10], 320, 30), zeros('blk.0.ffn_up.weight', [16, 24], 768, 1)],
      without: ['output.weight'],
    });
    expect(model.hyperparameters).toMatchObject({ tiedEmbeddings: true, eosId: 1 });
    expect(model.metadata).toEqual({ name: 'n', license: 'mit', source: 's' });
    expect(model.tensors.map((tensor) => tensor.type).slice(0, 3)).toEqual(['BF16', 'F32', 'F32']);
    expect(model.weightType).toBe('F32');
  });

  it('may leave out what its tensors tell: heads of keys as many as of queries, entries as the embedding has', async () => {
    const { hyperparameters } = await check({
      tensors: [zeros('blk.0.attn_k.weight', [16, 16], 1024), zeros('blk.0.attn_v.weight', [16, 16], 1024)],
      without: ['llama.attention.head_count_kv', 'llama.vocab_size'],
    });
    expect(hyperparameters).toMatchObject({ headCount: 2, kvHeadCount: 2, vocabularySize: 10 });
  });

  it('may have heads that are not hidden size / heads', async () => {
    const lengths = ['llama.attention.key_length', 'llama.attention.value_length', 'llama.rope.dimension_count'];
    const model = await check({
      entries: lengths.map((key) => uint(key, 24)),
      tensors: [
        zeros('blk.0.attn_q.weight', [16, 48], 3072),
        zeros('blk.0.attn_k.weight', [16, 24], 1536),
        zeros('blk.0.attn_v.weight', [16, 24], 1536),
        zeros('blk.0.attn_output.weight', [48, 16], 3072),
      ],
    });
    expect(model.hyperparameters.headSize).toBe(24);
  });

  it("takes llama.cpp's divisors where our rule is not given", async () => {
    const { rope } = (await check({ tensors: [factors(1, 1, 2, 8)] })).hyperparameters;
    expect(rope.scaling).toEqual({ type: 'factors', factors: Float32Array.of(1, 1, 2, 8) });
  });

  it('takes our rule where it is given', async () => {
    const plain = (await check({ entries: llama3Keys })).hyperparameters.rope;
    expect(plain.scaling).toMatchObject({ type: 'llama3', factor: 8, originalContextLength: 512 });
  });

  it.each([
    [[text('llama.rope.scaling.type', 'linear'), float('llama.rope.scaling.factor', 4)], { type: 'linear', factor: 4 }],
    [[float('llama.rope.scale_linear', 4)], { type: 'linear', factor: 4 }],
    [[text('llama.rope.scaling.type', 'none'), float('llama.rope.scaling.factor', 4)], { type: 'default' }],
    [[uint('llama.expert_count', 0)], { type: 'default' }],
  ])('reads %j', async (entries, scaling) => {
    expect((await check({ entries: entries as BuiltEntry[] })).hyperparameters.rope.scaling).toEqual(scaling);
  });
});

describe('mathematics that is not implemented', () => {
  it.each<[string, Change, ...string[]]>([
    [
      'another architecture',
      { entries: [text('general.architecture', 'qwen2')] },
      'general.architecture',
      'qwen2',
      'llama',
    ],
    ['no architecture', { without: ['general.architecture'] }, 'general.architecture', 'missing'],
    ['experts', { entries: [uint('llama.expert_count', 8)] }, 'llama.expert_count', '8'],
    ['a sliding window', { entries: [uint('llama.attention.sliding_window', 4096)] }, 'sliding_window', '4096'],
    [
      'no causal mask',
      { entries: [{ key: 'llama.attention.causal', type: 'BOOL', value: false }] },
      'llama.attention.causal',
    ],
    ['an unknown key', { entries: [float('llama.logit_scale', 2)] }, 'llama.logit_scale'],
    ['yarn', { entries: [text('llama.rope.scaling.type', 'yarn')] }, 'llama.rope.scaling.type', 'yarn'],
    ['a rule of the future', { entries: own(text('clmbr.rope.type', 'spiral')) }, 'clmbr.rope.type', 'spiral'],
    [
      'a file of the future',
      { entries: [uint('clmbr.format_version', 2), text('clmbr.rope.type', 'default')] },
      'clmbr.format_version',
      '2',
    ],
    [
      'our keys without a version',
      { entries: [text('clmbr.rope.type', 'default')] },
      'clmbr.format_version',
      'missing',
    ],
    ['a bias', { tensors: [zeros('blk.0.attn_q.bias', [16], 64)] }, 'blk.0.attn_q.bias', 'bias'],
    ['a tensor more', { tensors: [zeros('blk.0.ffn_gate_inp.weight', [16], 64)] }, 'blk.0.ffn_gate_inp.weight'],
    ['a layer more', { tensors: [zeros('blk.1.attn_norm.weight', [16], 64)] }, 'blk.1.attn_norm.weight'],
    [
      'another storage type',
      { tensors: [zeros('blk.0.ffn_down.weight', [24, 16], 768, 25)] },
      'blk.0.ffn_down.weight',
      'I16',
    ],
    ['a norm in F16', { tensors: [zeros('output_norm.weight', [16], 32, 1)] }, 'output_norm.weight', 'F16'],
    ['heads of 4', { entries: [uint('llama.attention.head_count', 4)] }, '4', 'multiple of 8'],
    ['too many layers', { entries: [uint('llama.block_count', 1025)] }, 'llama.block_count', '1025', '1024'],
    ['a name that would clear the terminal', { tensors: [zeros('\u001b[2J\n', [8], 32)] }, '\\u001b[2J\\n'],
  ])('%s', async (_, change, ...texts) => {
    await expectClmbrError(check(change), 'UNSUPPORTED_MODEL', ...texts);
  });
});

describe('contradictions', () => {
  it.each<[string, Change, ...string[]]>([
    ['a missing tensor', { without: ['blk.0.ffn_gate.weight'] }, 'blk.0.ffn_gate.weight', 'missing', '[16, 24]'],
    [
      'a wrong shape',
      { tensors: [zeros('blk.0.attn_k.weight', [16, 16], 1024)] },
      'blk.0.attn_k.weight',
      '[16, 16]',
      '[16, 8]',
    ],
    ['a transposed shape', { tensors: [zeros('blk.0.ffn_down.weight', [16, 24], 1536)] }, '[16, 24]', '[24, 16]'],
    [
      'another vocabulary size',
      { entries: [uint('llama.vocab_size', 11)] },
      'token_embd.weight',
      '[16, 10]',
      '[16, 11]',
    ],
    ['a missing key', { without: ['llama.embedding_length'] }, 'llama.embedding_length', 'missing'],
    ['a missing theta', { without: ['llama.rope.freq_base'] }, 'llama.rope.freq_base', 'missing'],
    [
      'a key of the wrong type',
      { entries: [float('llama.block_count', 1)] },
      'llama.block_count',
      'FLOAT32',
      'integer',
    ],
    ['a text for a number', { entries: [text('llama.rope.freq_base', '10000')] }, 'llama.rope.freq_base', 'STRING'],
    [
      'sizes by layer',
      { entries: [{ key: 'llama.feed_forward_length', type: 'ARRAY', elementType: 'UINT32', value: [24] }] },
      'ARRAY<UINT32>',
    ],
    ['no layers', { entries: [uint('llama.block_count', 0)] }, 'llama.block_count', '0'],
    ['more layers than tensors', { entries: [uint('llama.block_count', 1000)] }, 'missing', '12 tensors'],
    ['no heads', { entries: [uint('llama.attention.head_count', 0)] }, 'head_count'],
    [
      'a negative size',
      { entries: [{ key: 'llama.context_length', type: 'INT32', value: -1 }] },
      'llama.context_length',
      '-1',
    ],
    [
      'an infinite theta',
      { entries: [float('llama.rope.freq_base', Infinity)] },
      'llama.rope.freq_base',
      'Infinity',
      'finite',
    ],
    ['an epsilon that is no number', { entries: [float('llama.attention.layer_norm_rms_epsilon', NaN)] }, 'NaN'],
    ['an epsilon of 1', { entries: [float('llama.attention.layer_norm_rms_epsilon', 1)] }, 'from 0 to 1'],
    ['a negative epsilon', { entries: [float('llama.attention.layer_norm_rms_epsilon', -1)] }, '-1'],
    [
      'a factor whose angles are infinite',
      { entries: [text('llama.rope.scaling.type', 'linear'), float('llama.rope.scaling.factor', 1e-45)] },
      'factor',
      'angles',
    ],
    [
      'a factor whose angles are infinite at the end of the context alone',
      { entries: [text('llama.rope.scaling.type', 'linear'), float('llama.rope.scaling.factor', 1e-38)] },
      'factor',
      'angles',
    ],
    ['a divisor whose angles are infinite', { tensors: [factors(1e-45, 1, 1, 1)] }, 'angles'],
    ['theta 0', { entries: [float('llama.rope.freq_base', 0)] }, 'llama.rope.freq_base', 'greater than 0'],
    [
      'heads that do not group',
      { entries: [uint('llama.attention.head_count_kv', 3)] },
      'head_count_kv',
      '3',
      'divisor',
    ],
    [
      'keys and values of different size',
      { entries: [uint('llama.attention.value_length', 16)] },
      'value_length',
      '16',
      '8',
    ],
    [
      'a partial rotation',
      { entries: [uint('llama.rope.dimension_count', 4)] },
      'llama.rope.dimension_count',
      '4',
      '8',
    ],
    ['an end token outside', { entries: [uint('tokenizer.ggml.eos_token_id', 10)] }, 'eos_token_id', '10'],
    ['divisors of another length', { tensors: [factors(1, 1, 1)] }, 'rope_freqs.weight', '[3]', '[4]'],
    ['a divisor 0', { tensors: [factors(1, 1, 0, 1)] }, 'rope_freqs.weight', '0 at 2'],
    ['a divisor NaN', { tensors: [factors(1, 1, 1, NaN)] }, 'NaN at 3'],
    [
      'divisors that our rule does not give',
      { entries: llama3Keys, tensors: [factors(1, 1, 1, 7)] },
      'rope_freqs.weight',
      'clmbr.rope',
    ],
    [
      'divisors beside no rule',
      { entries: own(text('clmbr.rope.type', 'default')), tensors: [factors(1, 2, 2, 2)] },
      '2 at 1',
    ],
    [
      'two linear factors',
      {
        entries: [
          ...own(text('clmbr.rope.type', 'linear'), double('clmbr.rope.factor', 2)),
          float('llama.rope.scaling.factor', 3),
        ],
      },
      '3',
      '2',
    ],
    [
      'our rule in half',
      { entries: own(text('clmbr.rope.type', 'llama3'), double('clmbr.rope.factor', 8)) },
      'clmbr.rope.low_freq_factor',
      'missing',
    ],
    [
      'bands in the wrong order',
      { entries: [...llama3Keys.filter((e) => !e.key.includes('high')), double('clmbr.rope.high_freq_factor', 1)] },
      'high_freq_factor',
    ],
  ])('%s', async (_, change, ...texts) => {
    await expectClmbrError(check(change), 'INVALID_GGUF', ...texts);
  });
});
