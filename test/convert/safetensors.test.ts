import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../lib/convert/checkpoint.ts';
import { openSafetensors } from '../../lib/convert/safetensors.ts';
import { ClmbrError } from '../../lib/errors.ts';
import { encodeSafetensors, joinSafetensors, writeCheckpoint } from '../support/checkpoint.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let files = 0;

async function open(content: Uint8Array | string) {
  const path = join(folder, `${files++}.safetensors`);
  await writeFile(path, content);
  const file = await openSafetensors(path);
  await file.input.close();
  return file;
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => {
  return `{"dtype":"${dtype}","shape":[${shape.join(',')}],"data_offsets":[${begin},${end}]}`;
};
const file = (header: string, bytes = 8) => joinSafetensors(header, new Uint8Array(bytes));

describe('a safetensors file', () => {
  it('lists its tensors with offsets in the file, in any order, scalars and empty ones too', async () => {
    const tensors = [
      { name: 'b', dtype: 'F32', shape: [2, 1], bytes: new Uint8Array(8) },
      { name: 'a', dtype: 'BF16', shape: [], bytes: new Uint8Array(2) },
      { name: 'none', dtype: 'F16', shape: [0, 5], bytes: new Uint8Array(0) },
    ];
    const opened = await open(encodeSafetensors(tensors));
    const start = opened.input.size - 10;
    expect(
      opened.tensors.map(({ name, dtype, shape, offset, byteLength }) => [name, dtype, shape, offset, byteLength]),
    ).toEqual([
      ['b', 'F32', [2, 1], start, 8],
      ['a', 'BF16', [], start + 8, 2],
      ['none', 'F16', [0, 5], start + 10, 0],
    ]);
  });

  it('may begin with bytes that other formats begin with', async () => {
    // A header of 0x0480 bytes begins like a pickle, one of 0x8b1f like gzip.
    for (const length of [0x0480, 0x8b1f]) {
      const header = `{"a":${entry(0, 8)}}`.padEnd(length);
      expect((await open(file(header))).tensors.length).toBe(1);
    }
  });

  it.each<[string, Uint8Array, ...string[]]>([
    ['seven bytes', Buffer.from('1234567'), '7 bytes'],
    ['a header longer than the file', file('{}').subarray(0, 9), 'length of its header'],
    ['a header of 2^64 - 1', Buffer.concat([Buffer.alloc(8, 0xff), Buffer.from('{}')]), 'length of its header'],
    ['a header that is no JSON', file('{"a":'), 'not valid JSON'],
    ['a header that is a list', file('[]'), 'not a JSON object'],
    [
      'a header that is not UTF-8',
      Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([0x7b, 0xff, 0x7d])]),
      'not valid JSON',
    ],
    ['deep nesting', file(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 'not valid JSON'],
    ['a tensor twice', file(`{"a":${entry(0, 8)},"a":${entry(0, 8)}}`), '"a" twice'],
    ['a tensor twice in disguise', file(`{"a":${entry(0, 8)}, "\\u0061" :${entry(0, 8)}}`), '"a" twice'],
    ['a field twice', file('{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}'), '"shape" twice'],
    [
      'an unknown field',
      file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"strides":[1]}}'),
      '"a"',
      'strides',
    ],
    ['metadata that is no text', file(`{"__metadata__":{"n":1},"a":${entry(0, 8)}}`), '__metadata__'],
    ['a tensor that is a number', file('{"a":1}'), 'tensor "a"'],
    ['an unknown type', file(`{"a":${entry(0, 8, [2], 'F31')}}`), 'tensor "a"', 'F31'],
    ['a negative size', file(`{"a":${entry(0, 8, [-2])}}`), 'tensor "a"', 'shape'],
    ['half a size', file(`{"a":${entry(0, 8, [0.5, 4])}}`), 'tensor "a"', 'shape'],
    ['sizes whose product overflows', file(`{"a":${entry(0, 8, [2 ** 40, 2 ** 40])}}`), 'tensor "a"', 'expected'],
    ['offsets that are no pair', file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[8]}}'), 'data_offsets'],
    ['offsets the wrong way round', file(`{"a":${entry(8, 0, [2])}}`), 'tensor "a"', '-8 bytes', '8'],
    ['bytes that are not the shape', file(`{"a":${entry(0, 8, [3])}}`), '8 bytes', '12', '[3]'],
    ['an overlap', file(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12), 'tensor "b"', 'overlaps'],
    ['a hole', file(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12), 'tensor "b"', 'hole'],
    ['a hole at the start', file(`{"a":${entry(4, 8)}}`), 'tensor "a"', 'hole'],
    ['data that is cut off', file(`{"a":${entry(0, 8)}}`, 7), 'incomplete'],
    ['bytes after the data', file(`{"a":${entry(0, 8)}}`, 9), 'something follows'],
  ])('is refused with %s', async (_, content, ...texts) => {
    await expectClmbrError(open(content), 'INVALID_SAFETENSORS', ...texts);
  });

  it.each<[string, string | Uint8Array, string]>([
    ['an HTML page', '<html>', 'HTML page'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', 'git lfs pull'],
    ['nothing', '', 'empty file'],
    ['a pickle', Uint8Array.of(0x80, 0x02, 0x7d, 0x71, 0, 0, 0, 0, 0, 0x2e), 'pickle'],
  ])('is not %s', async (_, content, text) => {
    await expectClmbrError(open(content), 'NOT_A_MODEL', text);
  });

  it('gives a ClmbrError or sound tensors whatever bytes of the header change', async () => {
    const tensors = [0, 1, 2].map((i) => ({
      name: `t${i}`,
      dtype: 'F32',
      shape: [2, i + 1],
      bytes: new Uint8Array(8 * i + 8),
    }));
    const whole = encodeSafetensors(tensors);
    const edit = fc.record({ at: fc.nat(whole.length - 49), value: fc.nat(255) });
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        const bytes = Buffer.from(whole);
        for (const { at, value } of edits) bytes[at] = value;
        const opened = await open(bytes).catch((error: unknown) => {
          if (!(error instanceof ClmbrError)) throw error;
          refused += 1;
          return null;
        });
        for (const { offset, byteLength } of opened?.tensors ?? []) {
          expect(offset + byteLength).toBeLessThanOrEqual(bytes.length);
        }
      }),
      { numRuns: 400, seed: 2 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});

describe('a folder', () => {
  const checkpoint = async (index: unknown): Promise<string> => {
    const path = join(folder, `sharded-${files++}`);
    await writeCheckpoint(path, { shards: 2 });
    if (index !== undefined) await writeFile(join(path, 'model.safetensors.index.json'), JSON.stringify(index));
    return path;
  };
  const open2 = async (path: string) => {
    const opened = await openCheckpoint(path);
    await opened.close();
    return opened;
  };

  it('of shards has the tensors of all of them', async () => {
    const opened = await open2(await checkpoint(undefined));
    expect(opened.files.length).toBe(2);
    expect(opened.tensors.size).toBe(21);
  });

  it.each<[string, unknown, ...string[]]>([
    ['without a map', {}, 'weight_map'],
    ['with an empty map', { weight_map: {} }, 'weight_map', 'empty'],
    ['that leads out of the folder', { weight_map: { a: '../x.safetensors' } }, '"a"', '../x.safetensors'],
    ['with an absolute path', { weight_map: { a: '/etc/x.safetensors' } }, '"a"'],
    ['with a drive', { weight_map: { a: 'C:x.safetensors' } }, '"a"'],
    ['with a backslash', { weight_map: { a: '..\\x.safetensors' } }, '"a"'],
    ['with a pickle', { weight_map: { a: 'pytorch_model.bin' } }, '"a"', 'pytorch_model.bin'],
    ['with a number', { weight_map: { a: 1 } }, '"a"', '1'],
    [
      'that lacks tensors',
      { weight_map: { 'lm_head.weight': 'model-00001-of-00002.safetensors' } },
      'does not mention it',
    ],
  ])('with an index %s is refused', async (_, index, ...texts) => {
    await expectClmbrError(openCheckpoint(await checkpoint(index)), 'INVALID_SAFETENSORS', 'index.json', ...texts);
  });

  it('whose shard is missing names it', async () => {
    const path = await checkpoint({ weight_map: { a: 'model-00009-of-00009.safetensors' } });
    await expectClmbrError(
      openCheckpoint(path),
      'FILE_UNREADABLE',
      'model-00009-of-00009.safetensors',
      'does not exist',
    );
  });

  it('of pickles, of nothing, and a file are named', async () => {
    const path = join(folder, 'pickles');
    await mkdir(path);
    await expectClmbrError(openCheckpoint(path), 'NOT_A_MODEL', 'config.json');
    await writeFile(join(path, 'config.json'), '{}');
    await writeFile(join(path, 'pytorch_model.bin'), 'x');
    await expectClmbrError(openCheckpoint(path), 'NOT_A_MODEL', 'pytorch_model.bin', 'pickle', 'safe_serialization');
    await expectClmbrError(openCheckpoint(join(path, 'config.json')), 'INVALID_ARGUMENT', 'is a file');
    await expectClmbrError(openCheckpoint(join(path, 'none')), 'FILE_UNREADABLE', 'does not exist');
  });
});
