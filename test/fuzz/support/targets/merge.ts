import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ParquetFile } from '../../../../lib/data/parquet/index.ts';
import { InputFile } from '../../../../lib/files/input-file.ts';
import { outputFilesOf } from '../../../../lib/output/format.ts';
import { createRowWriter, mergeOutputs } from '../../../../lib/output/index.ts';
import type { OutputRow } from '../../../../lib/output/index.ts';
import { readZipDirectory } from '../../../../lib/output/merge/zip-directory.ts';
import { zip } from '../../../../lib/output/zip.ts';
import { demand, refusal } from '../judge.ts';
import { mutateBytes } from '../mutate-bytes.ts';
import { mutateNode, toNode, write } from '../mutate-json.ts';
import { mutateParquet, takeApart } from '../mutate-parquet.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';

/** Values of patients that no error may show. */
const secrets = ['zorblax', '7351984', 'quux-81'];
const formats = ['npz', 'npy', 'parquet', 'jsonl'] as const;
const dimensions = 5;
const count = 40;

async function writeShard(path: string, index: number): Promise<void> {
  const isText = !path.endsWith('.npz');
  const rows = Array.from({ length: count }, (_, i): OutputRow => {
    const patient = isText ? `zorblax ${i}` : 7_351_984_000n + BigInt(i);
    const label = i % 3 === 0 ? null : `quux-81${i}`;
    return {
      patient,
      time: i % 4 === 0 ? null : 1000n * BigInt(i),
      tokens: i,
      truncated: i % 2 === 0,
      dropped: 1,
      label,
    };
  });
  const metadata = { clmbr: '0.0.0', settings: { pooling: 'last' }, shard: { index, count: 2 } };
  const writer = await createRowWriter(path, { dimensions, label: 'categorical_value', metadata });
  const data = Float32Array.from({ length: count * dimensions }, (_, i) => i / 7 + index);
  const positions = rows.map((_, i) => 2 * i + index);
  await writer.append({ rows, data, dimensions }, positions);
  await writer.commit();
}

interface Entry {
  name: string;
  content: Buffer;
}

async function entriesOf(path: string): Promise<Entry[]> {
  const file = await InputFile.open(path);
  const entries: Entry[] = [];
  for (const [name, { offset, bytes }] of (await readZipDirectory(file))!) {
    const content = Buffer.alloc(bytes);
    await file.read(content, offset);
    entries.push({ name, content });
  }
  await file.close();
  return entries;
}

/** An archive whose checksums are right, with one thing in it changed. */
async function mutateArchive(random: Random, original: readonly Entry[]): Promise<Buffer> {
  const entries = original.map(({ name, content }) => ({ name, content: Buffer.from(content) }));
  const at = random.below(entries.length);
  const one = entries[at]!;
  const action = random.below(8);
  if (action === 0) entries.splice(at, 1);
  else if (action === 1) entries.push({ ...one, name: random.pick(entries).name });
  else if (action === 2) one.name = random.pick(['', '__proto__.npy', 'label_missing.npy', 'float_value.npy', 'x.npy']);
  else if (action < 6) {
    const text = one.content.toString('latin1');
    const [from, to] = random.pick([
      [/<i8|<i4|<f4|<M8\[us\]|\|b1/, random.pick(['<i8', '<f4', '>f4', '<f2', '<U1', '|S4', '|O8', '<M8[ns]', '<c8'])],
      [/'<U\d+'/, `'<U${random.pick([0, 1, 7, 2 ** 31, 1e300])}'`],
      [/\(\d+,/, `(${random.pick(['0', '1', '39', '41', '80', '-1', '1e3', '9'.repeat(30), '4294967296'])},`],
      [/, \d*\), /, `, ${random.pick(['0', '1', '10', '5, 1', ''])}), `],
      [/False/, 'True'],
    ] as const);
    one.content = Buffer.from(text.replace(from, to), 'latin1');
  } else one.content = Buffer.from(mutateBytes(random, one.content));
  const pieces: Buffer[] = [];
  const given = entries.map(({ name, content }) => ({
    ...{ name: name || 'unnamed', bytes: content.length },
    content: () => [content] as unknown as AsyncIterable<Uint8Array>,
  }));
  for await (const piece of zip(given)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function mutateFile(
  random: Random,
  path: string,
  original: Buffer,
): Promise<{ bytes: Uint8Array; isBlind: boolean }> {
  if (random.chance(0.3)) return { bytes: mutateBytes(random, original), isBlind: true };
  if (path.endsWith('.parquet')) return { bytes: mutateParquet(random, takeApart(original)), isBlind: false };
  if (path.endsWith('.npz')) return { bytes: await mutateArchive(random, await entriesOf(path)), isBlind: false };
  if (path.endsWith('.json'))
    return {
      bytes: Buffer.from(write(mutateNode(random, toNode(JSON.parse(original.toString()))))),
      isBlind: false,
    };
  return { bytes: mutateBytes(random, original), isBlind: true };
}

async function checkMerged(out: string, rows: number): Promise<void> {
  demand(rows === 2 * count || !out.endsWith('.npz'), `${rows} rows were written`);
  if (out.endsWith('.jsonl')) {
    const lines = (await readFile(out, 'latin1')).split('\n');
    demand(lines.pop() === '' && lines.length === rows, 'lines are lost');
    const numbers = lines.map((line) => Number(/^\{"row":(\d+),/.exec(line)?.[1]));
    demand(
      numbers.every((row, i) => i === 0 || row > numbers[i - 1]!),
      'rows are not in order',
    );
  }
  if (!out.endsWith('.parquet')) return;
  const file = await ParquetFile.open(out);
  let read = 0;
  for await (const batch of file.batches({ tokens: 'int64' })) read += batch.rows;
  await file.close();
  demand(read === rows, `${rows} rows were written, ${read} can be read`);
}

/** Outputs of shards in every format, one file of which is damaged. */
export const merge: Target = async (scratch) => {
  const originals = join(scratch, 'shards');
  const folder = join(scratch, 'case');
  await mkdir(originals);
  const expected = new Map<string, Buffer>();
  for (const format of formats) {
    const paths = [0, 1].map((index) => join(originals, `${index}.${format}`));
    for (const [index, path] of paths.entries()) await writeShard(path, index);
    const out = join(scratch, `expected.${format}`);
    await mergeOutputs(paths, out);
    for (const file of outputFilesOf(out))
      expected.set(basename(file).replace('expected', 'out'), await readFile(file));
  }
  return async (random, keep) => {
    const format = random.pick(formats);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    const paths = [0, 1].map((index) => join(folder, `${index}.${format}`));
    const files = paths.flatMap(outputFilesOf);
    for (const file of files) await writeFile(file, await readFile(join(originals, basename(file))));
    const chosen = random.pick(files);
    const original = await readFile(chosen);
    const { bytes, isBlind } = await mutateFile(random, chosen, original);
    keep(basename(chosen), bytes);
    await writeFile(chosen, bytes);
    const out = join(folder, `out.${format}`);
    try {
      const { rows } = await mergeOutputs(paths, out);
      await checkMerged(out, rows);
      if (isBlind && chosen.endsWith('.npz'))
        for (const file of outputFilesOf(out))
          demand((await readFile(file)).equals(expected.get(basename(file))!), 'damage gave other numbers');
      return 'accepted';
    } catch (error) {
      const left = (await readdir(folder)).filter((name) => !files.includes(join(folder, name)));
      demand(left.length === 0, `left behind: ${left.join(' ')}`);
      return refusal(error, ['SHARD_MISMATCH', 'FILE_UNREADABLE'], secrets);
    }
  };
};
