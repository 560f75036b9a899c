import { execFileSync } from 'node:child_process';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../lib/cli/program.ts';
import { shardOf } from '../../lib/index.ts';
import { runMetadata, sampleRows, writeSamples } from '../output/rows.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let stderr = '';
beforeEach(() => {
  stderr = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

async function clmbr(...args: string[]): Promise<void> {
  await createProgram({ signal: new AbortController().signal }).parseAsync(['node', 'clmbr', ...args]);
}

describe('clmbr merge', () => {
  const samples = sampleRows(30, 3);
  const [whole, out] = [join(folder, 'x.parquet'), join(folder, 'merged.parquet')];
  const paths = [0, 1].map((index) => join(folder, `x.${index}.parquet`));

  it('puts shards together, and replaces what was there', async () => {
    const { report: _, ...metadata } = runMetadata;
    await writeSamples(whole, samples, { metadata });
    for (const [index, path] of paths.entries()) {
      const own = samples.rows.flatMap(({ patient }, i) => (shardOf(patient, 2) === index ? [i] : []));
      await writeSamples(path, samples, { metadata: { ...metadata, shard: { index, count: 2 } } }, own);
    }
    await clmbr('merge', paths[1]!, paths[0]!, '--out', out);
    expect(stderr).toMatch(/merged\.parquet: 30 rows of 2 shards, [0-9,]+ bytes\n$/);
    stderr = '';
    await clmbr('merge', ...paths, '--out', out, '--quiet');
    expect(stderr).toBe('');
    expect((await readFile(out)).equals(await readFile(whole))).toBe(true);
  });

  it('does not replace one of its shards', async () => {
    const before = await readFile(paths[0]!);
    await expectClmbrError(clmbr('merge', ...paths, '--out', paths[0]!), 'INVALID_ARGUMENT', 'another file', paths[0]!);
    expect((await readFile(paths[0]!)).equals(before)).toBe(true);
  });

  it.skipIf(process.platform === 'win32')('does not put a file in the place of a pipe', async () => {
    const pipe = join(folder, 'pipe.parquet');
    execFileSync('mkfifo', [pipe]);
    await expectClmbrError(clmbr('merge', ...paths, '--out', pipe), 'WRITE_FAILED', 'not a regular file');
    expect((await lstat(pipe)).isFIFO()).toBe(true);
  });

  it('refuses what is no set of shards', async () => {
    await expectClmbrError(clmbr('merge', paths[0]!, '--out', out), 'SHARD_MISMATCH', '1/2');
    await expect(clmbr('merge', paths[0]!, '--out', 'x.csv')).rejects.toThrow('--out is "x.csv"');
    await expect(clmbr('merge', 'x.npz', '--out', out)).rejects.toThrow('"x.npz" is no .parquet file');
  });
});
