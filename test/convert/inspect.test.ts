import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { convertCheckpoint } from '../../lib/convert/convert.ts';
import { formatInspection } from '../../lib/convert/format-inspection.ts';
import { inspectModel } from '../../lib/convert/inspect.ts';
import { openGguf } from '../../lib/gguf/reader.ts';
import { writeCheckpoint } from '../support/checkpoint.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { buildGguf, tinyLlama } from '../support/gguf-builder.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const rope_scaling = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};
const checkpoint = await writeCheckpoint(join(folder, 'checkpoint'), {
  vocabulary: true,
  dtype: 'BF16',
  config: { rope_scaling },
});
const target = join(folder, 'model.gguf');
const converted = await convertCheckpoint({ source: checkpoint.folder, target, type: 'q8_0' });

it('says everything about a converted model, and survives JSON', async () => {
  const model = await inspectModel(target);
  expect(model).toMatchObject({
    path: target,
    bytes: converted.bytes,
    sha256: converted.sha256,
    format: { version: 3, alignment: 32 },
    architecture: 'llama',
    license: null,
    weightType: 'Q8_0',
    parameters: converted.parameters,
    hyperparameters: { contextLength: 128, hiddenSize: 64, layerCount: 2, headSize: 16, vocabularySize: 40, bosId: 0 },
    rope: { theta: 10_000, type: 'llama3', factor: 8, originalContextLength: 64 },
    vocabulary: { tokens: 40 },
  });
  const names = ['config.json', 'tokenizer_config.json', 'model.safetensors'];
  expect(model.convertedFrom.map((source) => source.name)).toEqual(names);
  for (const { name, sha256 } of model.convertedFrom) {
    expect(sha256).toBe(
      createHash('sha256')
        .update(await readFile(join(checkpoint.folder, name)))
        .digest('hex'),
    );
  }
  const file = await openGguf(target);
  expect(model.tensors.length).toBe(converted.tensors);
  for (const { name, type, shape, offset, bytes } of model.tensors) {
    const stored = { name, type, shape: shape.toReversed(), offset, byteLength: bytes };
    expect(stored).toEqual(file.tensors.get(name));
  }
  expect(JSON.parse(JSON.stringify(model))).toEqual(model);
});

it('leaves the digest out when it is not wanted', async () => {
  expect((await inspectModel(target, { digest: false })).sha256).toBeNull();
});

it('prints it as text', async () => {
  const text = formatInspection(await inspectModel(target));
  for (const part of [
    target,
    converted.sha256,
    'llama3, factor 8',
    '40 tokens',
    'not stated',
    '4 of 16, 2 for keys and values',
  ]) {
    expect(text).toContain(part);
  }
  const line = text.split('\n').find((one) => one.startsWith('blk.1.attn_k.weight'));
  expect(line).toMatch(/^blk\.1\.attn_k\.weight +Q8_0 +32 x 64 +\d+ +2176$/);
});

it('prints names out of a file without their control characters', async () => {
  const { entries, tensors } = tinyLlama();
  const path = join(folder, 'escape.gguf');
  await writeFile(
    path,
    buildGguf({ entries: [...entries, { key: 'general.name', type: 'STRING', value: '\u001b[2Jx\ny' }], tensors }),
  );
  const text = formatInspection(await inspectModel(path));
  expect(text).toContain('\\u001b[2Jx\\u000ay');
  expect(text).not.toContain('\u001b');
});

it('refuses what the engine would refuse', async () => {
  await expectClmbrError(inspectModel(join(checkpoint.folder, 'config.json')), 'NOT_A_MODEL', 'JSON');
  await expectClmbrError(inspectModel(join(checkpoint.folder, 'model.safetensors')), 'NOT_A_MODEL', 'clmbr convert');
  const vocabulary = [...(await openGguf(target)).metadata].filter(([key]) => key.startsWith('clmbr.vocabulary.'));
  const { entries, tensors } = tinyLlama();
  const path = join(folder, 'mismatch.gguf');
  const kinds = new Map<unknown, string>([
    [Uint8Array, 'UINT8'],
    [Uint32Array, 'UINT32'],
    [Float64Array, 'FLOAT64'],
  ]);
  const columns = vocabulary.map(([key, value]) => {
    if (typeof value === 'number') return { key, type: 'FLOAT64' as const, value };
    return { key, type: 'ARRAY' as const, elementType: kinds.get(value.constructor) as 'UINT8', value };
  });
  await writeFile(path, buildGguf({ entries: [...entries, ...columns], tensors }));
  await expectClmbrError(inspectModel(path), 'INVALID_VOCABULARY', '40 tokens', '10');
});
