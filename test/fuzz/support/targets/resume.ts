import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { OutputRows } from '../../../../lib/output/index.ts';
import type { EmbeddingRun, PlacedPatient, RunIdentity } from '../../../../lib/run/index.ts';
import { runEmbedding, runFolderOf } from '../../../../lib/run/index.ts';
import { digestOf } from '../../../../lib/run/manifest.ts';
import { demand, refusal } from '../judge.ts';
import { mutateBytes, otherInteger } from '../mutate-bytes.ts';
import { mutateNode, oddValue, raw, toNode, write } from '../mutate-json.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';

/** Values of patients that no error may show. */
const secrets = ['zorblax', 'quux-81'];
const identity: RunIdentity = { model: 'ab', settings: { pooling: 'last' }, shard: null };
const dimensions = 4;
const patients = 12;

async function* patientsUpTo(stopAfter: number): AsyncGenerator<PlacedPatient<number>> {
  for (let i = 0; i < patients; i++) {
    // Lets what came before be written.
    await new Promise(setImmediate);
    if (i === stopAfter) throw new Error('stopped');
    const positions = [2 * i + 1, 2 * i].slice(i % 2);
    yield { patient: i, positions, labels: positions.map((row) => `quux-81${row}`) };
  }
}

function runOf(target: string, stopAfter = Infinity): EmbeddingRun<number, number> {
  return {
    ...{ target, identity, chunkPatients: 3, unfinished: 'resume' },
    output: { dimensions, label: 'categorical_value' },
    prepare: (patient) => patient,
    patients: patientsUpTo(stopAfter),
    async *embed(given): AsyncGenerator<OutputRows> {
      for await (const i of given) {
        const rows = Array.from({ length: 2 - (i % 2) }, (_, k) => ({
          ...{ patient: `zorblax ${i}`, time: BigInt(k), tokens: i, truncated: false, dropped: 0 },
        }));
        yield { rows, dimensions, data: Float32Array.from({ length: rows.length * dimensions }, (_, k) => i + k / 3) };
      }
    },
  };
}

/** A chunk with other contents and the digest of these. */
function mutateChunk(random: Random, original: Buffer): Buffer {
  const end = original.length - 36;
  const length = original.readUInt32LE(end);
  let records = original.subarray(0, end - length);
  let facts = original.toString('utf8', end - length, end);
  if (random.chance(0.5)) facts = write(mutateNode(random, toNode(JSON.parse(facts))));
  else if (random.chance(0.1)) facts = oddValue(random);
  else if (random.chance(0.5)) records = mutateBytes(random, records);
  else records = Buffer.from(records.toString('latin1').replace(/\[\d+,/, `[${otherInteger(random, 3n)},`), 'latin1');
  const text = Buffer.from(facts);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(random.chance(0.1) ? random.below(2 ** 32) : text.length);
  const content = Buffer.concat([records, text, size]);
  return Buffer.concat([content, createHash('sha256').update(content).digest()]);
}

/** A manifest with other contents and the digest of these. */
function mutateManifest(random: Random, original: Buffer): Buffer {
  if (random.chance(0.3)) return Buffer.from(write(mutateNode(random, toNode(JSON.parse(original.toString())))));
  const other = write(random.chance(0.2) ? raw(oddValue(random)) : mutateNode(random, toNode(identity)));
  let digest = '';
  try {
    digest = digestOf(JSON.parse(other) as RunIdentity);
  } catch {
    // What is no JSON has none.
  }
  return Buffer.from(`{"version":1,"identity":${other},"digest":"${digest}"}`);
}

/** Folders of unfinished runs. */
export const resume: Target = async (scratch) => {
  const whole = join(scratch, 'whole.jsonl');
  await runEmbedding(runOf(whole));
  const expected = await readFile(whole);
  const begun = join(scratch, 'begun.jsonl');
  await runEmbedding(runOf(begun, 10)).catch(() => undefined);
  const names = (await readdir(runFolderOf(begun))).sort();
  demand(names.length > 2, 'the run left no chunks');
  const folder = join(scratch, 'case');
  const target = join(folder, 'x.jsonl');
  return async (random, keep) => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    await cp(runFolderOf(begun), runFolderOf(target), { recursive: true });
    const chosen = join(runFolderOf(target), random.pick(names));
    const original = await readFile(chosen);
    const isBlind = random.chance(0.4);
    const mutate = isBlind ? mutateBytes : chosen.endsWith('.json') ? mutateManifest : mutateChunk;
    const bytes = mutate(random, original);
    keep(basename(chosen), bytes);
    if (random.chance(0.05)) await rm(chosen);
    else await writeFile(chosen, bytes);
    try {
      await runEmbedding(runOf(target));
      if (isBlind) demand((await readFile(target)).equals(expected), 'damage gave other rows');
      demand((await readdir(folder)).join() === 'x.jsonl', 'something was left behind');
      return 'accepted';
    } catch (error) {
      demand(!(await readdir(folder)).includes('x.jsonl'), 'a file was written');
      return refusal(error, ['RUN_DAMAGED', 'RUN_MISMATCH', 'FILE_UNREADABLE'], secrets);
    }
  };
};
