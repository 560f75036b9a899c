import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary.ts';
import { demoCohort, demoModel, jsonLines } from './cohort.ts';

/** Set where `sbatch` reaches a cluster that shares the temporary folder. */
const hasCluster = process.env['CLMBR_SLURM'] === '1';
const script = fileURLToPath(new URL('../../examples/scale/slurm_array.sbatch', import.meta.url));
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const command = process.env['CLMBR'] ?? `${process.execPath} ${main}`;
const folder = join(await temporaryFolder(), 'with spaces');

describe.skipIf(!hasCluster)('a Slurm cluster', { timeout: 300_000 }, () => {
  it('computes the file of a run without shards, byte by byte', async () => {
    await mkdir(folder);
    const run = (...args: string[]) =>
      execFileSync(args[0]!, args.slice(1), { cwd: folder, env: { ...process.env, CLMBR: command } });
    await writeFile(join(folder, 'patients.jsonl'), jsonLines(await demoCohort(60), { withLabels: true }));
    // Two tasks at a time on the smallest cluster.
    const text = (await readFile(script, 'utf8')).replace('--cpus-per-task=8', '--cpus-per-task=1');
    await writeFile(join(folder, 'array.sbatch'), text.replaceAll('--mem=4G', '--mem=1G'));
    run('bash', 'array.sbatch', '3', demoModel, 'patients.jsonl', 'vectors.parquet');
    run(...command.split(' '), 'embed', demoModel, 'patients.jsonl', '--out', 'whole.parquet');
    const merged = join(folder, 'vectors.parquet');
    while (!existsSync(merged)) await sleep(500);
    expect(await readFile(merged)).toEqual(await readFile(join(folder, 'whole.parquet')));
  });
});
