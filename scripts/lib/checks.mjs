import { inRoot } from './paths.mjs';
import { run } from './process.mjs';
import { say } from './report.mjs';
import { clearStamp, digestOf, isCurrent, listFiles, setStamp } from './stamps.mjs';

const bin = (...parts) => inRoot('node_modules', ...parts);

/** Checks that look at sources only. `name` is what the summary calls them. */
const checks = [
  { name: 'type check', args: [bin('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json', '--noEmit'] },
  { name: 'eslint', args: [bin('eslint', 'bin', 'eslint.js'), '.'] },
  { name: 'prettier', args: [bin('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.'] },
  { name: 'layers', args: [inRoot('scripts', 'check-layers.mjs')] },
];

/** All that the checks look at: the tree without what git ignores. */
function inputs() {
  const folders = ['lib', 'native', 'test', 'bench', 'examples', 'scripts', 'docs', '.ci', '.github', 'packages'];
  const files = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'vitest.config.ts'];
  const settings = ['eslint.config.js', '.prettierrc.json', '.prettierignore', 'typedoc.json', 'CMakeLists.txt'];
  const texts = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];
  return listFiles([...folders, ...files, ...settings, ...texts]);
}

/**
 * Runs type check, lint, format and layer check, together. What passed on exactly these files is not run again.
 * @returns {Promise<{passed: number, failed: number}>} one test per check
 */
export async function runChecks() {
  const digest = digestOf(inputs());
  const results = await Promise.all(checks.map((check) => runCheck(check, digest)));
  const failed = results.filter((passed) => !passed).length;
  return { passed: results.length - failed, failed };
}

async function runCheck({ name, args }, digest) {
  const stamp = `check-${name.replace(' ', '-')}`;
  if (isCurrent(stamp, digest)) {
    say(`> ${name}: passed, nothing changed since`);
    return true;
  }
  const start = Date.now();
  clearStamp(stamp);
  const { code, output } = await run(process.execPath, args);
  const time = `${((Date.now() - start) / 1000).toFixed(1)} s`;
  if (code === 0) {
    setStamp(stamp, digest);
    say(`> ${name}: passed in ${time}`);
    return true;
  }
  say(`> ${name}: FAILED in ${time}\n${output.trim()}`);
  return false;
}
