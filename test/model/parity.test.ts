import { describe, expect, it } from 'vitest';
import type { CheckpointTensor } from '../support/checkpoint.ts';
import { chosenShapes, randomShapes } from '../support/model-shapes.ts';
import { convertedModel, modelLoader, randomIds, ropeConfigs } from '../support/model.ts';
import { difference, expectSameNumbers, rowsOf } from '../support/numbers.ts';
import { readReference, referenceHidden, referenceLogits } from '../support/reference-llama.ts';
import type { Fault } from '../support/reference-llama.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();

describe('the engine computes what a plain Llama in F64 computes', () => {
  it.each([...chosenShapes, ...randomShapes(12)])('$name', async ({ name, ...options }) => {
    const { folder: checkpoint, path } = await convertedModel(folder, name.replace(/\W+/g, '-'), options);
    const model = await load(path, { threads: 2 });
    const reference = await readReference(checkpoint, { q8: options.type === 'q8_0' });
    const vocabularySize = options.vocabularySize!;
    const sequences = [1, 2, 31, 32, 33, 70].map((length) => randomIds(length, length, vocabularySize));
    const states = sequences.map((ids) => referenceHidden(reference, ids));
    const expected = states.flat();

    const hidden = await model.embed(sequences, { pooling: 'none' });
    expectSameNumbers(rowsOf(hidden), expected);
    const logits = await model.embed(sequences, { pooling: 'none', representation: 'logits' });
    expectSameNumbers(
      rowsOf(logits),
      expected.map((row) => referenceLogits(reference, row)),
    );
    // The last layer computes only rows that are read: that is another path than the one above.
    const last = await model.embed(sequences);
    expectSameNumbers(
      rowsOf(last),
      states.map((rows) => rows.at(-1)!),
    );
  });
});

describe('long timelines', () => {
  it('cross the blocks of keys and the chunks of rows', async () => {
    const options = {
      heads: 4,
      kvHeads: 2,
      headSize: 8,
      hiddenSize: 24,
      feedForward: 40,
      contextLength: 1200,
      config: ropeConfigs.llama3,
    };
    const { folder: checkpoint, path } = await convertedModel(folder, 'long', options);
    const model = await load(path, { threads: 2, maxBatchTokens: 4096 });
    const reference = await readReference(checkpoint);
    const sequences = [255, 256, 257, 511, 513, 1100].map((length) => randomIds(length, length, 40));
    const expected = sequences.flatMap((ids) => referenceHidden(reference, ids));
    expectSameNumbers(rowsOf(await model.embed(sequences, { pooling: 'none' })), expected);
  });
});

describe('weights far from the usual', () => {
  const enlarge = (pattern: RegExp, factor: number) => (tensors: CheckpointTensor[]) =>
    tensors.map((tensor) => {
      if (!pattern.test(tensor.name)) return tensor;
      const values = new Float32Array(tensor.bytes.slice().buffer).map((value) => value * factor);
      return { ...tensor, bytes: new Uint8Array(values.buffer) };
    });
  it.each([
    ['attention that sees one key only', /q_proj/, 16],
    ['gates that are open or shut', /gate_proj/, 1e6],
    ['states of very small numbers', /embed_tokens|o_proj|down_proj/, 1e-20],
    ['states of very large numbers', /embed_tokens|o_proj|down_proj/, 1e10],
  ])('%s', async (name, pattern, factor) => {
    const edit = enlarge(pattern, factor);
    const { folder: checkpoint, path } = await convertedModel(folder, name.replace(/\W+/g, '-'), { edit });
    const model = await load(path);
    const ids = randomIds(3, 60, 40);
    expectSameNumbers(
      rowsOf(await model.embed([ids], { pooling: 'none' })),
      referenceHidden(await readReference(checkpoint), ids),
    );
  });

  it('states of nothing at all give zeros, not NaN', async () => {
    const { path } = await convertedModel(folder, 'zero', { edit: enlarge(/embed_tokens/, 0) });
    const { data } = await (await load(path)).embed([randomIds(3, 40, 40)], { pooling: 'none' });
    expect(data.every((value) => value === 0)).toBe(true);
  });
});

describe('the comparison notices', () => {
  const ids = randomIds(7, 40, 45);
  const cases: [Fault, string][] = [
    ['no-rope-scaling', 'head 16, GQA, llama3'],
    ['no-rope-scaling', 'head 128, linear'],
    ['interleaved-pairs', 'head 16, GQA, llama3'],
    ['interleaved-pairs', 'head 8, MHA'],
    ['wrong-key-head', 'head 40, wider than the hidden size, BF16'],
    ['sees-the-future', 'head 8, MHA'],
    ['no-rotation', 'head 256, GQA, BF16, llama3'],
  ];
  it.each(cases)('%s in a model with %s', async (fault, name) => {
    const { name: _, ...options } = chosenShapes.find((shape) => shape.name === name)!;
    const { folder: checkpoint, path } = await convertedModel(folder, `${fault}-${name.replace(/\W+/g, '-')}`, options);
    const model = await load(path, { threads: 1 });
    const reference = await readReference(checkpoint);
    const rows = rowsOf(await model.embed([ids], { pooling: 'none' }));
    expect(difference(rows, referenceHidden(reference, ids)).error).toBeLessThan(1e-4);
    // A hundred times the bound: no mistake of this kind hides below it.
    expect(difference(rows, referenceHidden(reference, ids, fault)).error).toBeGreaterThan(1e-2);
  });

  it('a number that is not finite', () => {
    expect(difference([[1, NaN]], [[1, 1]]).error).toBe(Infinity);
  });
});
