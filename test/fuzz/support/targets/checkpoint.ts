import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import type { ClmbrErrorCode } from '../../../../lib/errors.ts';
import { checkLlamaGguf } from '../../../../lib/architecture/check-gguf.ts';
import { llamaTensors } from '../../../../lib/architecture/llama.ts';
import type { ConvertResult } from '../../../../lib/convert/convert.ts';
import { convertCheckpoint, convertTypes } from '../../../../lib/convert/convert.ts';
import { openGguf } from '../../../../lib/gguf/reader.ts';
import { joinSafetensors, writeCheckpoint } from '../../../support/checkpoint.ts';
import { checkpoints } from '../corpus.ts';
import { demand, refusal } from '../judge.ts';
import { mutateBytes, otherInteger, readInteger, writeInteger } from '../mutate-bytes.ts';
import { mutateNode, oddTexts, toNode, write } from '../mutate-json.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';

const indexName = 'model.safetensors.index.json';

type Folder = Map<string, Buffer>;

const codes: readonly ClmbrErrorCode[] = [
  ...(['FILE_UNREADABLE', 'NOT_A_MODEL', 'INVALID_CONFIG', 'INVALID_SAFETENSORS', 'INVALID_VOCABULARY'] as const),
  'UNSUPPORTED_MODEL',
];

/** Settings that config.json may have besides those that the generated ones hold. */
const otherSettings = {
  rope_parameters: { rope_type: 'default', rope_theta: 10000 },
  head_dim: 8,
  attention_bias: true,
  sliding_window: 4,
  layer_types: ['full_attention'],
  pruned_heads: { 0: [1] },
  partial_rotary_factor: 0.5,
  eos_token_id: [1, 2],
  tie_word_embeddings: true,
};

function parts(file: Buffer): { header: string; data: Buffer } {
  const end = 8 + Number(file.readBigUInt64LE(0));
  return { header: file.toString('utf8', 8, end), data: file.subarray(end) };
}

function mutateSafetensors(random: Random, file: Buffer): Buffer {
  const { header, data } = parts(file);
  switch (random.below(6)) {
    case 0: {
      const bytes = Buffer.from(file);
      writeInteger(bytes, 0, 8, otherInteger(random, readInteger(bytes, 0, 8)));
      return bytes;
    }
    case 1:
      return mutateBytes(random, file);
    case 2:
      return joinSafetensors(header, mutateBytes(random, data));
    case 3:
      return joinSafetensors(mutateBytes(random, Buffer.from(header)).toString('latin1'), data);
    default:
      return joinSafetensors(write(mutateNode(random, toNode(JSON.parse(header)))), data);
  }
}

function mutateText(random: Random, name: string, file: Buffer): Buffer {
  if (random.chance(0.15)) return mutateBytes(random, file);
  const json = JSON.parse(file.toString()) as Record<string, unknown>;
  if (name === indexName && random.chance(0.4)) {
    const places = json['weight_map'] as Record<string, string>;
    places[random.pick(Object.keys(places))] = random.pick(oddTexts);
    return Buffer.from(JSON.stringify(json));
  }
  if (name === 'config.json' && random.chance(0.3)) {
    const [key, value] = random.pick(Object.entries(otherSettings));
    return Buffer.from(write(mutateNode(random, toNode({ ...json, [key]: value }), random.below(2))));
  }
  return Buffer.from(write(mutateNode(random, toNode(json))));
}

function mutateFolder(random: Random, original: Folder): Folder {
  const folder = new Map(original);
  for (let i = random.pick([1, 1, 2]); i > 0 && folder.size > 0; i--) {
    // An index is one file among several, and everything depends on it.
    const index = folder.has(indexName) && random.chance(0.3) ? indexName : undefined;
    const name = index ?? random.pick([...folder.keys()]);
    const file = folder.get(name)!;
    // Unchanged originals only: what is mutated already need not be readable any more.
    if (random.chance(0.02)) folder.delete(name);
    else if (random.chance(0.02)) folder.set(name, folder.get(random.pick([...folder.keys()]))!);
    else if (file !== original.get(name)) folder.set(name, mutateBytes(random, file));
    else if (name.endsWith('.safetensors')) folder.set(name, mutateSafetensors(random, file));
    else folder.set(name, mutateText(random, name, file));
  }
  if (random.chance(0.1))
    folder.set('README.md', Buffer.from('---\nlicense: mit\n---\n# A\u001b[31m name\u2028here\n'));
  return folder;
}

/** Compares what was written with the checkpoint, read without the product's reader of it. */
async function checkConverted(folder: Folder, target: string, result: ConvertResult): Promise<void> {
  const written = await readFile(target);
  demand(written.length === result.bytes, `${written.length} bytes were written, ${result.bytes} were reported`);
  demand(createHash('sha256').update(written).digest('hex') === result.sha256, 'the SHA-256 is of another file');
  const { tensors, hyperparameters } = checkLlamaGguf(await openGguf(target));
  const expected = new Map(llamaTensors(hyperparameters).map((tensor) => [tensor.ggufName, tensor.hfName]));
  for (const [name, bytes] of folder) {
    if (!name.endsWith('.safetensors') || (folder.has('model.safetensors') && name !== 'model.safetensors')) continue;
    const { header, data } = parts(bytes);
    const entries = JSON.parse(header) as Record<string, { dtype: string; data_offsets: [number, number] }>;
    for (const tensor of tensors) {
      const source = entries[expected.get(tensor.name)!];
      if (source === undefined || source.dtype !== tensor.type || tensor.permutedHeads > 0) continue;
      const found = written.subarray(tensor.offset, tensor.offset + tensor.byteLength);
      demand(found.equals(data.subarray(...source.data_offsets)), `tensor ${tensor.name} has other weights`);
    }
  }
}

async function readFolder(path: string): Promise<Folder> {
  const names = (await readdir(path)).sort();
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(path, name))] as const)));
}

/** Checkpoints through the converter; nothing may be left in the target's folder when it fails. */
export const checkpoint: Target = async (scratch) => {
  const originals: Folder[] = [];
  for (const [i, options] of checkpoints.entries()) {
    await writeCheckpoint(join(scratch, `valid-${i}`), options);
    originals.push(await readFolder(join(scratch, `valid-${i}`)));
  }
  const [source, out] = [join(scratch, 'case'), join(scratch, 'out')];
  const target = join(out, 'model.gguf');
  return async (random, keep) => {
    const folder = mutateFolder(random, random.pick(originals));
    const type = random.pick([undefined, ...(Object.keys(convertTypes) as (keyof typeof convertTypes)[])]);
    for (const path of [source, out]) {
      await rm(path, { recursive: true, force: true });
      await mkdir(path);
    }
    for (const [name, content] of folder) {
      keep(name, content);
      await writeFile(join(source, name), content);
    }
    keep('type.txt', String(type));
    const result = await convertCheckpoint({ source, target, type }).catch((error: unknown) => refusal(error, codes));
    const left = await readdir(out);
    demand((await readdir(source)).length === folder.size, 'the folder of the checkpoint was changed');
    if (typeof result === 'string') {
      demand(left.length === 0, `${result}, but ${left.join(', ')} was left behind`);
      return result;
    }
    demand(left.join() === 'model.gguf', `beside the target there is ${left.join(', ')}`);
    await checkConverted(folder, target, result);
    return 'accepted';
  };
};
