// npm run fuzz: the tests of test/fuzz/*.fuzz.ts, outside the default run. CLMBR_FUZZ_SECONDS: time for each property
// (60); CLMBR_FUZZ_SEED: repeats a run; CLMBR_FUZZ_CASE: one case of it; arguments select files. Inputs that failed are
// kept in build/fuzz.
import { randomInt } from 'node:crypto';
import { StepError, main, say } from './lib/report.mjs';
import { prepare } from './lib/prepare.mjs';
import { listFiles } from './lib/stamps.mjs';

function positiveInteger(name, fallback) {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  if (!/^\d+$/.test(text)) throw new StepError(`${name} must be a whole number, not "${text}".`);
  return Number(text);
}

await main(async () => {
  const seconds = positiveInteger('CLMBR_FUZZ_SECONDS', 60);
  const seed = positiveInteger('CLMBR_FUZZ_SEED', randomInt(2 ** 31));
  if (listFiles(['test/fuzz'], (file) => file.endsWith('.fuzz.ts')).length === 0)
    throw new StepError('There is no test/fuzz/*.fuzz.ts.');
  await prepare();
  const { runVitest } = await import('./lib/vitest.mjs');
  say(`> fuzzing ${seconds} s per property, seed ${seed} (repeat with CLMBR_FUZZ_SEED=${seed})`);
  const counts = await runVitest(process.argv.slice(2), {
    ...process.env,
    CLMBR_FUZZ: '1',
    CLMBR_FUZZ_SECONDS: String(seconds),
    CLMBR_FUZZ_SEED: String(seed),
  });
  say(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped (seed ${seed})`);
  return counts.failed === 0 ? 0 : 1;
});
