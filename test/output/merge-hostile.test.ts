import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergeOutputs } from '../../lib/output/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { runMetadata, sampleRows, writeSamples } from './rows.ts';

const folder = await temporaryFolder();
const samples = sampleRows(40, 8, { label: 'categorical_value', ids: 'text' });
const metadata = { ...runMetadata, shard: { index: 0, count: 1 } };

/** The one shard of a run. */
async function shardOf(name: string): Promise<string> {
  const path = join(folder, name);
  await writeSamples(path, samples, { label: 'categorical_value', metadata, overwrite: true });
  return path;
}

async function replaceIn(path: string, from: Buffer, to: Buffer): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.indexOf(from);
  expect(at).toBeGreaterThan(0);
  to.copy(bytes, at);
  await writeFile(path, bytes);
}

describe('what a shard says of itself', () => {
  it('may be a number of shards that fits no memory', async () => {
    const path = await shardOf('many.jsonl');
    for (const count of [3e8, 4e9, 1e15]) {
      await writeFile(`${path}.meta.json`, JSON.stringify({ rows: 40, shard: { index: 0, count } }));
      const merged = mergeOutputs([path], join(folder, 'x.jsonl'), { overwrite: true });
      await expectClmbrError(merged, 'SHARD_MISMATCH', path, 'no shard');
    }
  });

  it('may have names that fill no message, and be nested too deeply to be written', async () => {
    const paths = await Promise.all(['0.jsonl', '1.jsonl'].map(shardOf));
    const write = (i: number, more: string) =>
      writeFile(`${paths[i]!}.meta.json`, `{"rows":40,"shard":{"index":${i},"count":2}${more}}`);
    await write(0, '');
    await write(1, Array.from({ length: 200 }, (_, i) => `,"${'n'.repeat(1000)}${i}":1`).join(''));
    const error = await expectClmbrError(mergeOutputs(paths, join(folder, 'x.jsonl')), 'SHARD_MISMATCH', '190 more');
    expect(error.message.length).toBeLessThan(2000);
    await write(0, `,"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    await expectClmbrError(mergeOutputs(paths, join(folder, 'x.jsonl')), 'FILE_UNREADABLE', 'no metadata');
  });
});

describe('a shard of NumPy', () => {
  it('whose numbers changed on the disk does not give other numbers', async () => {
    const path = await shardOf('flipped.npz');
    const bytes = await readFile(path);
    const out = join(folder, 'out.npz');
    await mergeOutputs([path], out);
    const expected = await readFile(out);
    let refused = 0;
    for (let at = 40; at < bytes.length; at += 997) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x10;
      await writeFile(path, changed);
      const outcome = await mergeOutputs([path], out, { overwrite: true }).then(
        () => 'merged',
        (error: { code: string }) => error.code,
      );
      if (outcome === 'merged') {
        expect((await readFile(out)).equals(expected)).toBe(true);
      } else {
        expect(['FILE_UNREADABLE', 'SHARD_MISMATCH']).toContain(outcome);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(5);
  });

  it('with arrays of other types or lengths is refused', async () => {
    for (const [name, from, to] of [
      ['vectors', "'<f4'", "'>f4'"],
      ['halves', "'<f4', 'fortran_order': False, 'shape': (40, 8)", "'<f4', 'fortran_order': False, 'shape': (8, 40)"],
      ['times', "'<M8[us]'", "'<M8[ns]'"],
      ['labels', '|b1', '<i1'],
      ['words', "'<U5', 'fortran_order'", "'<V5', 'fortran_order'"],
    ] as const) {
      const path = await shardOf(`${name}.npz`);
      const text = await readFile(path, 'latin1');
      if (!text.includes(from)) expect.fail(`${from} is not in the file`);
      await replaceIn(path, Buffer.from(from), Buffer.from(to));
      await expectClmbrError(mergeOutputs([path], join(folder, 'y.npz')), 'FILE_UNREADABLE', path);
    }
    expect(await readdir(folder)).not.toContain('y.npz');
  });
});

describe('a shard in Parquet', () => {
  it('cut or changed anywhere is refused in our words', async () => {
    const bytes = await readFile(await shardOf('p.parquet'));
    for (let at = 4; at < bytes.length; at += 97) {
      const path = join(folder, 'p.parquet');
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x55;
      await writeFile(path, changed);
      await mergeOutputs([path], join(folder, 'z.parquet'), { overwrite: true }).catch((error: { code: string }) => {
        expect(['FILE_UNREADABLE', 'SHARD_MISMATCH'], String(error)).toContain(error.code);
      });
    }
  });

  it('is refused where several of its columns are broken, and the process goes on', async () => {
    const path = await shardOf('q.parquet');
    const bytes = await readFile(path);
    for (const filling of [0x00, 0x55, 0xff]) {
      const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
      await writeFile(path, Buffer.from(bytes).fill(filling, 200, footer));
      await expectClmbrError(mergeOutputs([path], join(folder, 'z2.parquet')), 'FILE_UNREADABLE', path);
      // An error that nobody waits for would end the process now.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
});
