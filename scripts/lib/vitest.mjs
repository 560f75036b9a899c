import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { inRoot } from './paths.mjs';
import { run } from './process.mjs';

/**
 * Runs vitest with its usual output and counts from its JSON report.
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @param {string[]} [launcher] a program, and its arguments, that starts node
 * @returns {Promise<{passed: number, failed: number, skipped: number}>}
 */
export async function runVitest(args, env = process.env, launcher = []) {
  const report = inRoot('build', 'vitest-report.json');
  mkdirSync(inRoot('build'), { recursive: true });
  rmSync(report, { force: true });
  const [command, ...before] = [...launcher, process.execPath];
  const { code } = await run(
    command,
    [
      ...before,
      inRoot('node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ],
    { inherit: true, env },
  );
  const counts = existsSync(report)
    ? countTests(JSON.parse(readFileSync(report, 'utf8')))
    : { passed: 0, failed: 0, skipped: 0 };
  // Something failed that is no test: an error outside all tests, no file matched, vitest itself.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** A file that failed without a failed test of its own (it did not load, say) counts as one failed test. */
export function countTests(report) {
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  };
}
