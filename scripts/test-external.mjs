// npm run test:external [-- words]: the programs that outputs and examples are made for.
//
// NumPy, pandas, polars, pyarrow and DuckDB read the outputs; Spark (where there is a Java) and Slurm (with CLMBR_SLURM=1, where `sbatch`
// reaches a cluster) run the examples. Each set of Python packages gets an environment of its own in .cache/external; PYTHON names the
// interpreter, 3.11 being what all of them have wheels for.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { buildTypes } from './lib/types-build.mjs';
import { inRoot } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { main, say, step, StepError } from './lib/report.mjs';
import { versionOf } from './lib/process.mjs';

async function environment(name) {
  const folder = inRoot('.cache', 'external', name);
  const python = path.join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  await step(`Python packages of test/external/${name}.txt`, async () => {
    mkdirSync(path.dirname(folder), { recursive: true });
    const requirements = inRoot('test', 'external', `${name}.txt`);
    for (const args of [
      ...(existsSync(python) ? [] : [[process.env.PYTHON ?? 'python3', '-m', 'venv', folder]]),
      [python, '-m', 'pip', 'install', '--quiet', '-r', requirements],
    ]) {
      const { code, output } = await run(args[0], args.slice(1));
      if (code !== 0) throw new StepError(`${args.join(' ')} failed:\n${output.trim()}`);
    }
  });
  return python;
}

await main(async () => {
  const words = process.argv.slice(2);
  await buildTypes();
  const env = { ...process.env, CLMBR_EXTERNAL: '1', CLMBR_TEST_PYTHON: await environment('readers') };
  if (versionOf('java') !== undefined || process.env.JAVA_HOME !== undefined)
    env.CLMBR_SPARK_PYTHON = await environment('spark');
  else say('> Spark: left out, there is no Java');
  const { runVitest } = await import('./lib/vitest.mjs');
  const { passed, failed, skipped } = await runVitest(words, env);
  say(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 ? 0 : 1;
});
