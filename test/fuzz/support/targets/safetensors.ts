import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCheckpoint } from '../../../../lib/convert/checkpoint.ts';
import { joinSafetensors } from '../../../support/checkpoint.ts';
import { demand, refusal } from '../judge.ts';
import { mutateBytes, otherInteger, readInteger, writeInteger } from '../mutate-bytes.ts';
import type { Node } from '../mutate-json.ts';
import { mutateNode, oddTexts, raw, toNode, write } from '../mutate-json.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';

const shardNames = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
const headers = [
  {
    a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    b: { dtype: 'BF16', shape: [4], data_offsets: [24, 32] },
    __metadata__: { format: 'pt' },
  },
  { c: { dtype: 'F16', shape: [1, 8], data_offsets: [0, 16] }, d: { dtype: 'F32', shape: [], data_offsets: [16, 20] } },
];
const sizes = [32, 20];
const index = {
  metadata: { total_size: 52 },
  weight_map: { a: shardNames[0], b: shardNames[0], c: shardNames[1], d: shardNames[1] },
};

function mutateShard(random: Random, header: Node, size: number): Buffer {
  const data = Buffer.alloc(random.chance(0.1) ? random.below(2 * size) : size, 1);
  if (random.chance(0.2)) {
    const file = joinSafetensors(write(header), data);
    writeInteger(file, 0, 8, otherInteger(random, readInteger(file, 0, 8)));
    return file;
  }
  const text = write(mutateNode(random, header));
  return joinSafetensors(random.chance(0.1) ? mutateBytes(random, Buffer.from(text)).toString('latin1') : text, data);
}

/** Paths that must not lead out of the folder. */
const paths = [
  '../x.safetensors',
  '/etc/x.safetensors',
  'C:\\x.safetensors',
  './model.safetensors',
  '..',
  shardNames[0],
];

function mutateIndex(random: Random): Buffer {
  if (random.chance(0.4)) {
    const place = random.pick([...paths, ...oddTexts]);
    const map = { ...index.weight_map, [random.pick(['a', 'd', 'e', '__proto__x'])]: place };
    return Buffer.from(write(toNode({ ...index, weight_map: map })));
  }
  const text = write(mutateNode(random, toNode(index)));
  return random.chance(0.1) ? mutateBytes(random, Buffer.from(text)) : Buffer.from(text);
}

/** Headers of safetensors and the index over them, without a conversion. */
export const safetensors: Target = async (scratch) => {
  const folder = join(scratch, 'case');
  await mkdir(folder);
  await writeFile(join(folder, 'config.json'), write(raw('{}')));
  const indexPath = join(folder, 'model.safetensors.index.json');
  return async (random, keep) => {
    const isIndex = random.chance(0.4);
    for (const [i, name] of shardNames.entries()) {
      const header = toNode(headers[i]);
      const isMutated = !isIndex && random.chance(0.6);
      const content = isMutated
        ? mutateShard(random, header, sizes[i]!)
        : joinSafetensors(write(header), Buffer.alloc(sizes[i]!));
      keep(name, content);
      await writeFile(join(folder, name), content);
    }
    const places = isIndex ? mutateIndex(random) : Buffer.from(JSON.stringify(index));
    keep('model.safetensors.index.json', places);
    await writeFile(indexPath, places);
    try {
      const { tensors, files, close } = await openCheckpoint(folder);
      try {
        demand(files.length <= 2 && tensors.size > 0, `${files.length} files, ${tensors.size} tensors`);
        for (const { input, tensors: own } of files) {
          let end = 0;
          for (const { name, offset, byteLength } of own.toSorted((a, b) => a.offset - b.offset)) {
            demand(offset >= end && byteLength >= 0, `tensor ${name} overlaps another`);
            end = offset + byteLength;
          }
          demand(end <= input.size, `the tensors end at ${end}, the file at ${input.size}`);
        }
      } finally {
        await close();
      }
      return 'accepted';
    } catch (error) {
      return refusal(error, ['INVALID_SAFETENSORS', 'FILE_UNREADABLE', 'NOT_A_MODEL']);
    } finally {
      await rm(indexPath, { force: true });
    }
  };
};
