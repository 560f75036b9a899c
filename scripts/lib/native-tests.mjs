import { fetchGgml } from './ggml-fetch.mjs';
import { buildNativeTests } from './native-build.mjs';
import { run } from './process.mjs';
import { say, step } from './report.mjs';

/**
 * Builds and runs native/test.
 * @returns {Promise<{passed: number, failed: number}>}
 */
export async function runNativeTests() {
  const ggml = await fetchGgml();
  const program = await step('native tests: build', () => buildNativeTests(ggml));
  const start = Date.now();
  const result = await run(program, []);
  const counts = countNativeTests(result);
  const time = `${((Date.now() - start) / 1000).toFixed(1)} s`;
  say(`> native tests: ${counts.passed} passed, ${counts.failed} failed in ${time}`);
  if (counts.failed > 0) say(result.output.trim());
  return counts;
}

/** From the last line of the test program; one that did not get there (it crashed, say) has failed once. */
export function countNativeTests({ code, output }) {
  const [, passed, failed] = /(?:^|\n)(\d+) passed, (\d+) failed\s*$/.exec(output) ?? [];
  if (passed === undefined) return { passed: 0, failed: 1 };
  return { passed: Number(passed), failed: code === 0 ? Number(failed) : Math.max(1, Number(failed)) };
}
