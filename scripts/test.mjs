// npm test: builds what is missing, checks types, lint, format and layers, and runs the native tests and the others. With
// arguments (npm test -- test/gguf) only the tests that they select. Last line: N passed, N failed, N skipped.
import { prepare } from './lib/prepare.mjs';
import { StepError, main, say } from './lib/report.mjs';

const summary = ({ passed, failed, skipped }) => `\n${passed} passed, ${failed} failed, ${skipped} skipped`;

await main(async () => {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const add = (counts) => {
    for (const name of Object.keys(total)) total[name] += counts[name] ?? 0;
  };
  const selection = process.argv.slice(2);
  try {
    await prepare();
    // Loaded only now: these need the dependencies.
    const { runChecks } = await import('./lib/checks.mjs');
    const { runVitest } = await import('./lib/vitest.mjs');
    const { runNativeTests } = await import('./lib/native-tests.mjs');
    if (selection.length === 0) {
      add(await runChecks());
      add(await runNativeTests());
    } else say('> checks and native tests: left out, because tests were selected');
    say('> tests: vitest');
    // The build is current now: tests may rely on it, and say so when it is not.
    add(await runVitest(selection, { ...process.env, CLMBR_PREPARED: '1' }));
  } catch (error) {
    say(error instanceof StepError ? error.message : error.stack);
    add({ failed: 1 });
  }
  say(summary(total));
  return total.failed === 0 ? 0 : 1;
});
