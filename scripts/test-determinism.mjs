// npm run test:determinism [seconds]: test/model/determinism.test.ts for as long (300 s), with a new seed, which it prints.
import { main, say } from './lib/report.mjs';
import { prepare } from './lib/prepare.mjs';

await main(async () => {
  const seconds = process.argv[2] ?? '300';
  await prepare();
  const { runVitest } = await import('./lib/vitest.mjs');
  const env = { ...process.env, CLMBR_DETERMINISM_SECONDS: seconds };
  const counts = await runVitest(['test/model/determinism.test.ts'], env);
  say(`\n${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0 ? 0 : 1;
});
