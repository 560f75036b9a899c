/**
 * One file for each class of memory-safety defects that has been published of GGUF readers in C and C++, where it is not in reader.test.ts
 * or check-gguf.test.ts already: each ended a process or read beyond its memory somewhere; here it is an error with a name.
 */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkLlamaGguf } from '../../lib/architecture/check-gguf.ts';
import type { ClmbrErrorCode } from '../../lib/errors.ts';
import { openGguf } from '../../lib/gguf/reader.ts';
import { readVocabularyTables } from '../../lib/gguf/vocabulary.ts';
import { vocabularyFromTables } from '../../lib/tokenizer/vocabulary.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import type { BuiltEntry, BuiltGguf, BuiltTensor } from '../support/gguf-builder.ts';
import { buildGguf, ggufString, tinyLlama } from '../support/gguf-builder.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let files = 0;

async function load(content: Uint8Array): Promise<void> {
  const path = join(folder, `${files++}.gguf`);
  await writeFile(path, content);
  const file = await openGguf(path);
  const tables = readVocabularyTables(file);
  if (tables !== null) vocabularyFromTables(tables, path);
  checkLlamaGguf(file);
}

const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: bigint): Buffer => Buffer.from(BigUint64Array.of(value).buffer);
const f32 = (name: string, extra: Partial<BuiltTensor> = {}): BuiltTensor => ({
  name,
  shape: [8],
  bytes: 32,
  ...extra,
});
const uint = (key: string, value: number): BuiltEntry => ({ key, type: 'UINT32', value });

/** The smallest whole model with entries replaced or added. */
function model(...changed: BuiltEntry[]): Buffer {
  const { entries, tensors } = tinyLlama();
  const kept = entries.filter(({ key }) => !changed.some((one) => one.key === key));
  return buildGguf({ entries: [...kept, ...changed], tensors });
}

/** An entry whose key claims a length, behind a right header. */
function keyOfLength(length: bigint): Buffer {
  return Buffer.concat([buildGguf({ entryCount: 1n }), u64(length), Buffer.alloc(64, 'k')]);
}

/** An array value by its bytes: element type and count are what they say. */
const array = (element: number, count: bigint, body: Uint8Array = new Uint8Array(0)): BuiltEntry => ({
  key: 'k',
  type: 9,
  value: Buffer.concat([u32(element), u64(count), body]),
});

/** Arrays of arrays: 9 with one element each. */
function nested(depth: number): BuiltEntry {
  return array(9, 1n, Buffer.concat(Array.from({ length: depth }, () => Buffer.concat([u32(9), u64(1n)]))));
}

const gguf = (what: BuiltGguf): Buffer => buildGguf(what);

describe('published classes of defects', () => {
  it.each<[string, Uint8Array, ClmbrErrorCode, ...string[]]>([
    ['counts: 2^64 - 1 entries', gguf({ entryCount: 2n ** 64n - 1n }), 'INVALID_GGUF', 'metadata count'],
    ['counts: 2^64 - 1 tensors', gguf({ tensorCount: 2n ** 64n - 1n }), 'INVALID_GGUF', 'tensor count'],
    ['counts: entries times their size wrap to 0', gguf({ entryCount: 2n ** 61n }), 'INVALID_GGUF', 'metadata count'],
    [
      'lengths: a key of 2^64 - 1 bytes, to which a final 0 is added',
      keyOfLength(2n ** 64n - 1n),
      'INVALID_GGUF',
      'metadata key 0',
    ],
    ['lengths: a key of 2^63 bytes', keyOfLength(2n ** 63n), 'INVALID_GGUF', 'metadata key 0'],
    [
      'lengths: a key of 2^32 + 1 bytes, which a 32-bit size cuts to 1',
      keyOfLength(2n ** 32n + 1n),
      'INVALID_GGUF',
      'metadata key 0',
    ],
    [
      'lengths: an array whose bytes wrap to a few',
      gguf({ entries: [array(10, 2n ** 61n + 1n, new Uint8Array(8))] }),
      'INVALID_GGUF',
      'key "k"',
    ],
    [
      'lengths: texts whose pointers wrap',
      gguf({ entries: [array(8, 2n ** 60n, new Uint8Array(32))] }),
      'INVALID_GGUF',
      'key "k"',
    ],
    [
      'lengths: a text in a list of 2^64 - 1 bytes',
      gguf({ entries: [array(8, 1n, u64(2n ** 64n - 1n))] }),
      'INVALID_GGUF',
      'key "k"',
    ],
    [
      'lengths: a tensor name of 64 bytes without room for its end',
      gguf({ tensors: [f32('n'.repeat(64))] }),
      'INVALID_GGUF',
      'name of tensor 0',
    ],
    [
      'offsets: one that wraps when padding is added',
      gguf({ tensors: [f32('a', { offset: 2n ** 64n - 1n })] }),
      'INVALID_GGUF',
      'tensor "a"',
    ],
    [
      'offsets: one that is negative as a signed number',
      gguf({ tensors: [f32('a', { offset: 2n ** 63n })] }),
      'INVALID_GGUF',
      'tensor "a"',
    ],
    [
      'sizes: elements that wrap to 1',
      gguf({ tensors: [f32('a', { shape: [2n ** 32n + 1n, 2n ** 32n - 1n, 2n] })] }),
      'INVALID_GGUF',
      'tensor "a"',
    ],
    [
      'sizes: a negative dimension',
      gguf({ tensors: [f32('a', { shape: [2n ** 63n] })] }),
      'INVALID_GGUF',
      'dimension 0',
    ],
    [
      'sizes: a sum over tensors beyond 2^63',
      gguf({
        tensors: Array.from({ length: 1025 }, (_, i) =>
          f32(`t${i}`, { shape: [2n ** 50n], bytes: 0, offset: BigInt(i) * 2n ** 52n }),
        ),
      }),
      'INVALID_GGUF',
    ],
    [
      'wrong types: the alignment as an array',
      gguf({ entries: [{ key: 'general.alignment', type: 'ARRAY', elementType: 'UINT32', value: [32] }] }),
      'INVALID_GGUF',
      'general.alignment',
    ],
    [
      'wrong types: the alignment as a text',
      gguf({ entries: [{ key: 'general.alignment', type: 'STRING', value: '32' }] }),
      'INVALID_GGUF',
      'general.alignment',
    ],
    [
      'wrong types: the architecture as an array',
      model({ key: 'general.architecture', type: 'ARRAY', elementType: 'UINT8', value: [108] }),
      'INVALID_GGUF',
      'general.architecture',
    ],
    [
      'wrong types: a size as an empty array',
      model({ key: 'llama.embedding_length', type: 'ARRAY', elementType: 'UINT32', value: [] }),
      'INVALID_GGUF',
      'embedding_length',
    ],
    [
      'wrong types: heads by layer, fewer than there are layers',
      model({ key: 'llama.attention.head_count', type: 'ARRAY', elementType: 'INT32', value: [] }),
      'INVALID_GGUF',
      'head_count',
    ],
    [
      'wrong types: a vocabulary of numbers where texts belong',
      model({ key: 'clmbr.vocabulary.codes', type: 'ARRAY', elementType: 'INT16', value: [1] }),
      'INVALID_VOCABULARY',
      'codes',
    ],
    [
      'wrong types: a column of the vocabulary that is a list of lists',
      model({ key: 'clmbr.vocabulary.version', type: 'ARRAY', elementType: 'STRING', value: ['1'] }),
      'INVALID_VOCABULARY',
      'version',
    ],
    [
      'division by zero: no heads for keys',
      model(uint('llama.attention.head_count_kv', 0)),
      'INVALID_GGUF',
      'head_count_kv',
    ],
    [
      'division by zero: a hidden size of 0',
      model(uint('llama.embedding_length', 0)),
      'INVALID_GGUF',
      'embedding_length',
    ],
    ['division by zero: a vocabulary of 0', model(uint('llama.vocab_size', 0)), 'INVALID_GGUF', 'vocab_size'],
    [
      'division by zero: a head size of 0',
      model(uint('llama.attention.key_length', 0), uint('llama.attention.value_length', 0)),
      'INVALID_GGUF',
      'is 0',
    ],
    [
      'zero dimensions: a last one',
      gguf({ tensors: [f32('a', { shape: [8, 1, 1, 0] })] }),
      'INVALID_GGUF',
      'dimension 3',
    ],
    [
      'zero dimensions: 2^32 - 1 of them',
      Buffer.concat([gguf({ tensorCount: 1n }), ggufString('a'), u32(2 ** 32 - 1), Buffer.alloc(64)]),
      'INVALID_GGUF',
      'dimensions',
    ],
    [
      'duplicates: a key and a tensor twice',
      gguf({ entries: [uint('a', 1), uint('a', 2)], tensors: [f32('a'), f32('a')] }),
      'INVALID_GGUF',
      'twice',
    ],
    ['empty keys', gguf({ entries: [uint('', 1)] }), 'INVALID_GGUF', 'empty'],
    [
      'alignment: 2^31, which wraps when it is added',
      model(uint('general.alignment', 2 ** 31)),
      'INVALID_GGUF',
      'general.alignment',
    ],
    ['block_count: 2^32 - 1', model(uint('llama.block_count', 2 ** 32 - 1)), 'UNSUPPORTED_MODEL', 'block_count'],
    [
      'block_count: more than the fixed table of layers that others have',
      model(uint('llama.block_count', 513)),
      'INVALID_GGUF',
      'missing',
    ],
    [
      'element types: an array of a type beyond the last',
      gguf({ entries: [array(13, 4n, new Uint8Array(64))] }),
      'INVALID_GGUF',
      '13',
    ],
    [
      'element types: an array of type 2^32 - 1',
      gguf({ entries: [array(2 ** 32 - 1, 4n, new Uint8Array(64))] }),
      'INVALID_GGUF',
      'key "k"',
    ],
    [
      'element types: a tensor of type -1',
      gguf({ tensors: [f32('a', { type: 2 ** 32 - 1 })] }),
      'INVALID_GGUF',
      'storage type',
    ],
    [
      'element types: a tensor of the first number after the last',
      gguf({ tensors: [f32('a', { type: 64 })] }),
      'INVALID_GGUF',
      'storage type',
    ],
    ['truncated: nothing behind the counts', gguf({ tensorCount: 1n, entryCount: 1n }), 'INVALID_GGUF', 'count'],
    ['truncated: the data of the last tensor', model().subarray(0, -1), 'INVALID_GGUF', 'incomplete'],
    ['nesting: arrays 100,000 deep', gguf({ entries: [nested(100_000)] }), 'INVALID_GGUF', 'key "k"'],
  ])('%s', async (_, content, code, ...texts) => {
    const before = process.memoryUsage().arrayBuffers;
    await expectClmbrError(load(content), code, ...texts);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26);
  });

  it('huge metadata: a text of 64 GiB in a file that has as many bytes is refused before memory is taken', async () => {
    const path = join(folder, 'sparse.gguf');
    const head = Buffer.concat([buildGguf({ entryCount: 1n }), ggufString('k'), u32(8), u64(2n ** 36n)]);
    await writeFile(path, head);
    const handle = await open(path, 'r+');
    await handle.truncate(2 ** 36 + 4096);
    await handle.close();
    const before = process.memoryUsage().rss;
    await expectClmbrError(openGguf(path), 'INVALID_GGUF', 'key "k"');
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28);
  });
});
