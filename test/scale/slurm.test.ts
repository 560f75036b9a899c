import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary.ts';

const script = fileURLToPath(new URL('../../examples/scale/slurm_array.sbatch', import.meta.url));
const hasBash = spawnSync('bash', ['-c', 'read -ra words <<<"a b"']).status === 0;
const folder = join(await temporaryFolder(), 'with spaces');
const bin = join(folder, 'bin');

/** Programs that write down how they were called, a line of JSON each time. */
async function standIn(name: string, output: string): Promise<void> {
  const code = `#!${process.execPath}
require('node:fs').appendFileSync(${JSON.stringify(join(folder, `${name}.calls`))}, JSON.stringify(process.argv.slice(2)) + '\\n');
process.stdout.write(${JSON.stringify(output)});\n`;
  await writeFile(join(bin, name), code);
  await chmod(join(bin, name), 0o755);
}

async function callsOf(name: string): Promise<string[][]> {
  const text = await readFile(join(folder, `${name}.calls`), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as string[]);
}

function bash(args: string[], env: Record<string, string> = {}): Promise<{ code: number; stderr: string }> {
  const path = `${bin}:${process.env['PATH']}`;
  return new Promise((resolve) => {
    const child = execFile('bash', args, { cwd: folder, env: { PATH: path, ...env } }, (_, __, stderr) =>
      resolve({ code: child.exitCode!, stderr }),
    );
  });
}

const parts = 'my features.parquet.shards';
const work = ['3', 'm.gguf', 'meds', 'my features.parquet', '--pooling', 'mean'];

describe.skipIf(!hasBash)('the Slurm job array', () => {
  beforeAll(async () => {
    await mkdir(bin, { recursive: true });
    await standIn('sbatch', '41;cluster\n');
    await standIn('clmbr', '');
  });

  it('submits a task for each shard, and a merge that waits for all of them', async () => {
    expect(await bash([script, ...work])).toEqual({ code: 0, stderr: '' });
    const [array, merge] = await callsOf('sbatch');
    expect(array).toEqual(['--parsable', '--array=0-2', `--output=${parts}/%a.log`, script, ...work]);
    expect(merge).toEqual(expect.arrayContaining(['--dependency=afterok:41', '--kill-on-invalid-dep=yes']));
    const command = merge!.at(-1)!.replace(/^--wrap=/, '');
    expect((await bash(['-c', command])).code).toBe(0);
    const shards = [0, 1, 2].map((i) => `${parts}/${i}-of-3.parquet`);
    expect((await callsOf('clmbr')).at(-1)).toEqual(['merge', ...shards, '--out', 'my features.parquet']);
  });

  it('takes the shard of its task with the processors that it was given', async () => {
    const env = { SLURM_ARRAY_TASK_ID: '1', SLURM_CPUS_PER_TASK: '6' };
    expect(await bash([script, ...work], env)).toEqual({ code: 0, stderr: '' });
    const out = ['--out', `${parts}/1-of-3.parquet`, '--shard', '1/3', '--resume', '--threads', '6'];
    expect((await callsOf('clmbr')).at(-1)).toEqual(['embed', 'm.gguf', 'meds', ...out, '--pooling', 'mean']);
  });

  it('leaves a finished shard alone', async () => {
    await mkdir(join(folder, parts), { recursive: true });
    await writeFile(join(folder, parts, '2-of-3.parquet'), '');
    const before = (await callsOf('clmbr')).length;
    expect(await bash([script, ...work], { SLURM_ARRAY_TASK_ID: '2' })).toEqual({ code: 0, stderr: '' });
    expect(await callsOf('clmbr')).toHaveLength(before);
  });

  it('fails when its program does, or is not called as it must be', async () => {
    const env = { SLURM_ARRAY_TASK_ID: '0', CLMBR: `${process.execPath} no-such-file.mjs` };
    expect((await bash([script, ...work], env)).code).toBe(1);
    const { code, stderr } = await bash([script, '3', 'm.gguf']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^usage: bash slurm_array.sbatch SHARDS/);
  });
});
