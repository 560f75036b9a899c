import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openGguf } from '../../lib/gguf/reader.ts';
import type { VocabularyTables } from '../../lib/gguf/types.ts';
import { readVocabularyTables, vocabularyMetadata } from '../../lib/gguf/vocabulary.ts';
import type { GgufEntry, GgufTensorPlan } from '../../lib/gguf/writer.ts';
import { GgufWriter, tensorBytes } from '../../lib/gguf/writer.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { buildGguf } from '../support/gguf-builder.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let files = 0;

class MemorySink {
  readonly pieces: Uint8Array[] = [];
  write(bytes: Uint8Array): Promise<void> {
    this.pieces.push(bytes.slice());
    return Promise.resolve();
  }
}

async function writeGguf(entries: GgufEntry[], tensors: GgufTensorPlan[], data: Uint8Array[]): Promise<string> {
  const sink = new MemorySink();
  const writer = new GgufWriter(sink, entries, tensors);
  await writer.writeHeader();
  for (const [i, { name }] of tensors.entries()) {
    writer.beginTensor(name);
    const half = data[i]!.length >> 1;
    await writer.write(data[i]!.subarray(0, half));
    await writer.write(data[i]!.subarray(half));
  }
  writer.finish();
  const content = Buffer.concat(sink.pieces);
  expect(content.length).toBe(writer.totalBytes);
  const path = join(folder, `${files++}.gguf`);
  await writeFile(path, content);
  return path;
}

it('writes what another implementation of the format writes', async () => {
  const sink = new MemorySink();
  const data = Uint8Array.from({ length: 24 }, (_, i) => i);
  const writer = new GgufWriter(
    sink,
    [
      { key: 'a', type: 'UINT32', value: 4_000_000_000 },
      { key: 'b', type: 'STRING', value: 'ü' },
      { key: 'c', type: 'ARRAY', value: ['x', ''] },
      { key: 'd', type: 'FLOAT32', value: 0.1 },
      { key: 'e', type: 'FLOAT64', value: 0.1 },
      { key: 'f', type: 'BOOL', value: true },
      { key: 'g', type: 'UINT64', value: 2n ** 60n },
      { key: 'h', type: 'ARRAY', value: Int32Array.of(-1, 2) },
    ],
    [{ name: 't', type: 'F32', shape: [3, 2] }],
  );
  await writer.writeHeader();
  writer.beginTensor('t');
  await writer.write(data);
  writer.finish();
  const expected = buildGguf({
    entries: [
      { key: 'a', type: 'UINT32', value: 4_000_000_000 },
      { key: 'b', type: 'STRING', value: 'ü' },
      { key: 'c', type: 'ARRAY', elementType: 'STRING', value: ['x', ''] },
      { key: 'd', type: 'FLOAT32', value: 0.1 },
      { key: 'e', type: 'FLOAT64', value: 0.1 },
      { key: 'f', type: 'BOOL', value: true },
      { key: 'g', type: 'UINT64', value: 2n ** 60n },
      { key: 'h', type: 'ARRAY', elementType: 'INT32', value: [-1, 2] },
    ],
    tensors: [{ name: 't', shape: [3, 2], bytes: data }],
  });
  expect(Buffer.concat(sink.pieces).equals(expected)).toBe(true);
});

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const column = fc.oneof(
  text,
  fc.double({ noNaN: true }),
  fc.uint8Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float64Array(),
);

it('whatever is written is read back: vocabularies of any columns and tensors of any size', async () => {
  const type = fc.constantFrom('F32', 'F16', 'BF16', 'Q8_0');
  const tensor = fc.record({ type, blocks: fc.integer({ min: 1, max: 3 }), rows: fc.integer({ min: 1, max: 5 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(text, column),
      fc.array(tensor, { minLength: 1, maxLength: 5 }),
      async (tables, list) => {
        const plans = list.map(({ type: one, blocks, rows }, i): GgufTensorPlan => {
          return { name: `t${i}`, type: one, shape: [one === 'Q8_0' ? 32 * blocks : blocks, rows] };
        });
        const data = plans.map((plan, i) => new Uint8Array(tensorBytes(plan)).fill(i + 1));
        const path = await writeGguf(vocabularyMetadata(tables as VocabularyTables), plans, data);
        const file = await openGguf(path);
        const read = readVocabularyTables(file);
        expect(Object.keys(read ?? {}).sort()).toEqual(Object.keys(tables).sort());
        for (const [name, value] of Object.entries(tables)) expect(read![name]).toEqual(value);
        expect([...file.tensors.values()].map(({ name, type: one, shape }) => ({ name, type: one, shape }))).toEqual(
          plans,
        );
      },
    ),
    { numRuns: 100, seed: 3 },
  );
});

describe('vocabulary tables', () => {
  it('are null in a file that has none', async () => {
    const path = await writeGguf([{ key: 'other', type: 'BOOL', value: true }], [], []);
    expect(readVocabularyTables(await openGguf(path))).toBeNull();
  });

  it('may have a column called __proto__', async () => {
    const tables = Object.fromEntries([['__proto__', 'text']]) as VocabularyTables;
    const read = readVocabularyTables(await openGguf(await writeGguf(vocabularyMetadata(tables), [], [])));
    expect(Object.keys(read!)).toEqual(['__proto__']);
  });

  it('refuse columns of other types by name', async () => {
    const path = await writeGguf([{ key: 'clmbr.vocabulary.codes', type: 'ARRAY', value: ['a'] }], [], []);
    const file = await openGguf(path);
    await expectClmbrError(
      () => readVocabularyTables(file),
      'INVALID_VOCABULARY',
      path,
      'clmbr.vocabulary.codes',
      'ARRAY<STRING>',
    );
  });
});

describe('a writer whose caller miscounts', () => {
  const plan: GgufTensorPlan[] = [{ name: 'a', type: 'F32', shape: [8] }];

  it('refuses too many bytes, too few, and another tensor', async () => {
    const writer = new GgufWriter(new MemorySink(), [], plan);
    await expectClmbrError(() => writer.beginTensor('b'), 'INTERNAL');
    const long = new GgufWriter(new MemorySink(), [], plan);
    long.beginTensor('a');
    await expectClmbrError(long.write(new Uint8Array(33)), 'INTERNAL', '"a"');
    const short = new GgufWriter(new MemorySink(), [], plan);
    short.beginTensor('a');
    await short.write(new Uint8Array(31));
    await expectClmbrError(() => short.finish(), 'INTERNAL', 'lacks 1 bytes');
    await expectClmbrError(() => new GgufWriter(new MemorySink(), [], plan).finish(), 'INTERNAL', '0 of 1');
  });
});
