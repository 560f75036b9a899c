import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLlamaGguf } from '../../lib/architecture/check-gguf.ts';
import { ClmbrError } from '../../lib/errors.ts';
import { openGguf } from '../../lib/gguf/reader.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import type { BuiltEntry, BuiltGguf } from '../support/gguf-builder.ts';
import { buildGguf, ggufString, tinyLlama } from '../support/gguf-builder.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let files = 0;

async function write(content: Uint8Array | string): Promise<string> {
  const path = join(folder, `file-${files++}.gguf`);
  await writeFile(path, content);
  return path;
}

const open = async (gguf: BuiltGguf) => openGguf(await write(buildGguf(gguf)));

const oneEntry = (entry: Omit<BuiltEntry, 'key'>) => open({ entries: [{ key: 'k', ...entry }] });

describe('values', () => {
  it.each([
    ['UINT8', 255],
    ['INT8', -128],
    ['UINT16', 65_535],
    ['INT16', -32_768],
    ['UINT32', 4_294_967_295],
    ['INT32', -2_147_483_648],
    ['FLOAT32', Math.fround(0.1)],
    ['FLOAT64', 0.1],
    ['BOOL', true],
    ['BOOL', false],
    ['STRING', ''],
    ['STRING', 'é日本🙂\uFEFF'],
    ['UINT64', 18_446_744_073_709_551_615n],
    ['INT64', -9_223_372_036_854_775_808n],
  ] as const)('reads %s %s', async (type, value) => {
    const file = await oneEntry({ type, value });
    expect(file.metadata.get('k')).toBe(value);
    expect(file.metadataTypes.get('k')).toBe(type);
  });

  it.each([
    ['UINT8', Uint8Array.of(1, 255)],
    ['INT8', Int8Array.of(-1, 127)],
    ['UINT16', Uint16Array.of(65_535)],
    ['INT16', Int16Array.of(-5, 5, 7)],
    ['UINT32', Uint32Array.of(4_000_000_000)],
    ['INT32', Int32Array.of(-4, 4)],
    ['FLOAT32', Float32Array.of(0.5, NaN, -Infinity)],
    ['FLOAT64', Float64Array.of(0.1, 1e300)],
    ['UINT64', BigUint64Array.of(1n, 2n ** 64n - 1n)],
    ['INT64', BigInt64Array.of(-1n)],
    ['UINT32', new Uint32Array(0)],
    ['STRING', ['a', '', 'ö']],
    ['BOOL', [true, false]],
  ] as const)('reads an array of %s', async (elementType, value) => {
    // An odd number of bytes before the array: typed arrays must not depend on how it lies in the file.
    const pad: BuiltEntry = { key: 'odd', type: 'STRING', value: 'x'.repeat(files % 8) };
    const file = await open({ entries: [pad, { key: 'k', type: 'ARRAY', elementType, value }] });
    expect(file.metadata.get('k')).toEqual(value);
    expect(file.metadataTypes.get('k')).toBe(`ARRAY<${elementType}>`);
  });

  it('reads entries that lie far beyond the first read', async () => {
    const text = 'x'.repeat(700_000);
    const numbers = Uint32Array.from({ length: 300_000 }, (_, i) => i * 7);
    const strings = Array.from({ length: 50_000 }, (_, i) => `token ${i}`);
    const file = await open({
      entries: [
        { key: 'text', type: 'STRING', value: text },
        { key: 'numbers', type: 'ARRAY', elementType: 'UINT32', value: numbers },
        { key: 'strings', type: 'ARRAY', elementType: 'STRING', value: strings },
        { key: 'last', type: 'UINT8', value: 9 },
      ],
      tensors: [{ name: 't', shape: [8], bytes: 32 }],
    });
    expect(file.metadata.get('text')).toBe(text);
    expect(file.metadata.get('numbers')).toEqual(numbers);
    expect(file.metadata.get('strings')).toEqual(strings);
    expect(file.metadata.get('last')).toBe(9);
    expect(file.tensors.get('t')!.offset).toBe(file.fileSize - 32);
  });
});

describe('tensors', () => {
  it('lists names, types, shapes, and offsets from the start of the file', async () => {
    const content = buildGguf({
      entries: [{ key: 'general.alignment', type: 'UINT32', value: 64 }],
      alignment: 64,
      tensors: [
        { name: 'a', shape: [3, 2], bytes: 24 },
        { name: 'b', shape: [64, 2], type: 8, bytes: 2 * 2 * 34 },
        { name: 'c', shape: [256, 1, 1, 2], type: 12, bytes: 2 * 144 },
      ],
    });
    const path = await write(content);
    const file = await openGguf(path);
    const start = file.dataOffset;
    expect(start % 64).toBe(0);
    expect([...file.tensors.values()]).toEqual([
      { name: 'a', type: 'F32', shape: [3, 2], offset: start, byteLength: 24 },
      { name: 'b', type: 'Q8_0', shape: [64, 2], offset: start + 64, byteLength: 136 },
      { name: 'c', type: 'Q4_K', shape: [256, 1, 1, 2], offset: start + 256, byteLength: 288 },
    ]);
    expect(file).toMatchObject({ path, fileSize: content.length, version: 3, alignment: 64 });
    expect(typeof file.modifiedNs).toBe('bigint');
  });

  it('accepts version 2, tables in another order than the data, and a missing final padding', async () => {
    const tensors = [
      { name: 'second', shape: [1], bytes: new Uint8Array(4), offset: 32n },
      { name: 'first', shape: [1], bytes: new Uint8Array(4), offset: 0n },
    ];
    const file = await open({ version: 2, tensors, cut: 28 });
    expect(file.version).toBe(2);
    expect(file.tensors.get('second')!.offset - file.tensors.get('first')!.offset).toBe(32);
  });
});

const f32 = (name: string, extra: object = {}) => ({ name, shape: [8], bytes: 32, ...extra });

describe('files that break the format', () => {
  it.each<[string, BuiltGguf, ...string[]]>([
    ['version 1', { version: 1 }, 'version 1', '2 or 3'],
    ['version 4', { version: 4 }, 'version 4'],
    ['big-endian', { version: 3 << 24 }, 'big-endian'],
    ['more entries than bytes', { entryCount: 2n ** 63n }, 'metadata count'],
    ['more tensors than bytes', { tensorCount: 2n ** 40n }, 'tensor count'],
    ['an entry too many', { entryCount: 1n, trailing: 20 }, 'metadata key 0'],
    ['an entry missing', { entryCount: 2n, entries: [{ key: 'abc', type: 'UINT64', value: 1n }], trailing: 7 }],
    ['an unknown value type', { entries: [{ key: 'k', type: 13, value: new Uint8Array(8) }] }, 'key "k"', '13'],
    ['a boolean of 2', { entries: [{ key: 'k', type: 'BOOL', value: 2 }] }, 'key "k"', '2'],
    ['an endless text', { entries: [{ key: 'k', type: 8, value: Buffer.alloc(8, 0xff) }] }, 'key "k"'],
    [
      'an endless array',
      { entries: [{ key: 'k', type: 'ARRAY', elementType: 'UINT64', value: [], count: 2n ** 61n }] },
      'key "k"',
    ],
    [
      'an endless list',
      { entries: [{ key: 'k', type: 'ARRAY', elementType: 'STRING', value: [], count: 2n ** 30n }] },
      'key "k"',
    ],
    [
      'an array of arrays',
      { entries: [{ key: 'k', type: 'ARRAY', elementType: 'ARRAY', value: [Buffer.alloc(12)] }] },
      'key "k"',
    ],
    [
      'text that is not UTF-8',
      { entries: [{ key: 'k', type: 8, value: ggufString(Uint8Array.of(0xc3, 0x28)) }] },
      'UTF-8',
      'key "k"',
    ],
    ['an empty key', { entries: [{ key: '', type: 'UINT64', value: 1n }] }, 'metadata key 0 is empty'],
    [
      'a key twice',
      { entries: [1, 2].map((value) => ({ key: 'twin', type: 'UINT8' as const, value })) },
      'key "twin"',
      'twice',
    ],
    ['alignment 0', { entries: [{ key: 'general.alignment', type: 'UINT32', value: 0 }] }, 'general.alignment'],
    ['alignment 48', { entries: [{ key: 'general.alignment', type: 'UINT32', value: 48 }] }, '48', 'power of two'],
    ['alignment 2^31', { entries: [{ key: 'general.alignment', type: 'UINT32', value: 2 ** 31 }] }, 'power of two'],
    ['alignment as UINT64', { entries: [{ key: 'general.alignment', type: 'UINT64', value: 32n }] }, 'UINT64'],
    ['a tensor twice', { tensors: [f32('a'), f32('a')] }, 'tensor "a"', 'twice'],
    ['a tensor without a name', { tensors: [f32('')] }, 'tensor 0 is empty'],
    ['a tensor with a long name', { tensors: [f32('n'.repeat(64))] }, 'name of tensor 0', '64'],
    ['no dimension', { tensors: [f32('a', { shape: [] })] }, 'tensor "a"', '0 dimensions'],
    ['five dimensions', { tensors: [f32('a', { shape: [8, 1, 1, 1, 1] })] }, '5 dimensions'],
    ['a size of 0', { tensors: [f32('a', { shape: [8, 0] })] }, 'dimension 1 of tensor "a"'],
    ['a size of 2^64 - 1', { tensors: [f32('a', { shape: [2n ** 64n - 1n] })] }, 'dimension 0 of tensor "a"'],
    ['sizes whose product overflows', { tensors: [f32('a', { shape: [2n ** 32n, 2n ** 32n] })] }, 'tensor "a"'],
    ['an unknown storage type', { tensors: [f32('a', { type: 99 })] }, 'tensor "a"', '99'],
    ['a withdrawn storage type', { tensors: [f32('a', { type: 4 })] }, 'storage type 4'],
    ['a row that is no whole block', { tensors: [f32('a', { shape: [33], type: 8 })] }, 'multiple of 32'],
    ['an offset outside', { tensors: [f32('a', { offset: 32n })] }, 'tensor "a"', 'hole'],
    ['an offset of 2^64 - 32', { tensors: [f32('a', { offset: 2n ** 64n - 32n })] }, 'tensor "a"'],
    ['overlapping tensors', { tensors: [f32('a'), f32('b', { offset: 0n })] }, 'overlaps'],
    ['a hole', { tensors: [f32('a'), f32('b', { offset: 64n })], trailing: 32 }, 'tensor "b"', 'hole', '64', '32'],
    [
      'an offset that is not aligned',
      { tensors: [f32('a', { shape: [1], bytes: 4 }), f32('b', { offset: 4n })] },
      'tensor "b"',
    ],
    ['data that is cut off', { tensors: [f32('a'), f32('b')], cut: 1 }, 'tensor "b"', 'incomplete'],
    ['bytes after the data', { tensors: [f32('a')], trailing: 1 }, 'nothing after them'],
  ])('%s', async (_, gguf, ...texts) => {
    const path = await write(buildGguf(gguf));
    await expectClmbrError(openGguf(path), 'INVALID_GGUF', path, ...texts);
  });

  it('any prefix of a model', async () => {
    const whole = buildGguf(tinyLlama());
    for (let length = 4; length < whole.length; length += 13) {
      const path = await write(whole.subarray(0, length));
      await expectClmbrError(openGguf(path), 'INVALID_GGUF', path);
    }
  });

  it('takes no memory for a length that the file does not have', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const entry: BuiltEntry = { key: 'k', type: 'ARRAY', elementType: 'FLOAT64', value: [], count: 2n ** 27n };
    await expectClmbrError(oneEntry(entry), 'INVALID_GGUF', 'key "k"');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  });
});

describe('files that are something else', () => {
  it.each<[string, Uint8Array | string, ...string[]]>([
    ['an empty file', '', 'empty file', 'again'],
    ['an HTML page', '\n<!DOCTYPE html><html><body>Log in</body></html>', 'HTML page', 'log in'],
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n',
      'Git LFS pointer',
      'git lfs pull',
    ],
    [
      'a ZIP pickle',
      Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), Buffer.alloc(60)]),
      'pickle',
      'safe_serialization',
    ],
    ['a bare pickle', Uint8Array.of(0x80, 0x02, 0x7d, 0x71, 0x00, 0x2e), 'pickle', 'safe_serialization'],
    ['safetensors', Buffer.from('\x02\0\0\0\0\0\0\0{}', 'latin1'), 'safetensors', 'clmbr convert'],
    ['zeros', Buffer.alloc(4096), 'zeros'],
    ['JSON', '{"error": "gated"}', 'JSON'],
    ['a refusal', 'Access to model X is restricted and you are not in the authorized list.', 'error message'],
    ['an old GGML file', 'ggml\0\0\0\0', 'first bytes are 67676d6c'],
    ['GGJT', 'tjgg....', 'GGJT'],
    ['noise', 'qwertyuiop', 'expected a GGUF file'],
    ['three bytes', 'GGU', 'expected a GGUF file'],
  ])('%s', async (_, content, ...texts) => {
    const path = await write(content);
    await expectClmbrError(openGguf(path), 'NOT_A_MODEL', path, ...texts);
  });

  it('a table of patients, of which nothing is shown', async () => {
    const path = await write('7,2024-01-01,LOINC/4548-4\n');
    const error = await expectClmbrError(openGguf(path), 'NOT_A_MODEL', `${path} is a text, expected`);
    expect(error.message).not.toContain(Buffer.from('7,20').toString('hex'));
  });

  it('a folder and a missing file', async () => {
    await expectClmbrError(openGguf(folder), 'FILE_UNREADABLE', 'it is a folder');
    await expectClmbrError(openGguf(join(folder, 'none.gguf')), 'FILE_UNREADABLE', 'does not exist');
  });

  it.runIf(process.platform === 'linux')('a device', async () => {
    await expectClmbrError(openGguf('/dev/zero'), 'FILE_UNREADABLE', 'not a regular file');
  });
});

describe('damage', () => {
  it('anywhere in the header gives a ClmbrError or a model that is whole', async () => {
    const whole = buildGguf(tinyLlama());
    const header = whole.length - 5_000;
    const interesting = fc.constantFrom(0, 1, 2, 4, 7, 8, 9, 0x20, 0x7f, 0x80, 0xff);
    const edit = fc.record({ at: fc.nat(header), value: fc.oneof(interesting, fc.nat(255)) });
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), fc.nat(20), async (edits, cut) => {
        const bytes = Buffer.from(whole);
        for (const { at, value } of edits) bytes[at] = value;
        const path = await write(cut === 0 ? bytes.subarray(0, edits[0]!.at) : bytes);
        try {
          const model = checkLlamaGguf(await openGguf(path));
          for (const tensor of model.tensors)
            expect(tensor.offset + tensor.byteLength).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          if (!(error instanceof ClmbrError)) throw error;
          refused += 1;
        }
      }),
      { numRuns: 600, seed: 7 },
    );
    expect(refused).toBeGreaterThan(300);
  });
});

it('reads the header of a large vocabulary in an instant', async () => {
  const bytes = (length: number) => new Uint8Array(length).fill(65);
  const path = await write(
    buildGguf({
      entries: [
        {
          key: 'a',
          type: 9,
          value: Buffer.concat([
            Buffer.from([0, 0, 0, 0]),
            Buffer.from(BigUint64Array.of(7_000_000n).buffer),
            bytes(7_000_000),
          ]),
        },
        {
          key: 'b',
          type: 'ARRAY',
          elementType: 'STRING',
          value: Array.from({ length: 40_000 }, (_, i) => `LOINC/${i}`),
        },
      ],
    }),
  );
  await openGguf(path);
  const start = performance.now();
  const file = await openGguf(path);
  expect(performance.now() - start).toBeLessThan(500);
  expect((file.metadata.get('a') as Uint8Array).length).toBe(7_000_000);
});
