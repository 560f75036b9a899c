// npm run fuzz:corpus [-- targets]: chooses the cases of test/corpus anew, by the code that they run. For whoever changed a mutator: the
// cases are numbers, and the same number is another input then. Look through the difference before committing it.
import { main } from './lib/report.mjs';
import { prepare } from './lib/prepare.mjs';

await main(async () => {
  await prepare();
  const { runVitest } = await import('./lib/vitest.mjs');
  const counts = await runVitest([], {
    ...process.env,
    CLMBR_FUZZ: 'corpus',
    CLMBR_FUZZ_SECONDS: '600',
    CLMBR_CORPUS_TARGETS: process.argv.slice(2).join(','),
  });
  return counts.failed === 0 ? 0 : 1;
});
