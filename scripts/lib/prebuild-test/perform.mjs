import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { countNativeTests } from '../native-tests.mjs';
import { testProgramOf } from '../prebuild/compile.mjs';
import { manifestFile } from '../prebuild/manifest.mjs';
import { prebuildPath, targets } from '../prebuild/targets.mjs';
import { inCross } from '../prebuild/zig.mjs';
import { cleanEnvironment, run, versionOf } from '../process.mjs';
import { compareResults } from './compare.mjs';
import { seenBy, tools } from './runs.mjs';

const script = fileURLToPath(new URL('./check.mjs', import.meta.url));

/**
 * What came of a run. `result` is what check.mjs found.
 * @typedef {{state: 'passed' | 'FAILED' | 'not run', notes: string[], result?: object}} Outcome
 */
const notRun = (...notes) => ({ state: 'not run', notes });

/**
 * Makes one of the runs of runs.mjs.
 * @param {import('./runs.mjs').Run} one
 * @param {string} staged folder of the package
 * @param {object | undefined} reference result that this one has to equal; without one, this is the first
 * @returns {Promise<Outcome>}
 */
export async function perform(one, staged, reference) {
  const { found, missing } = findTools(one.needs ?? []);
  if (missing.length > 0) return notRun(...missing);
  const target = targets.find(({ name }) => name === one.target);
  if (!one.node) return nativeTests(one, target, found);
  if (!existsSync(path.join(staged, prebuildPath(target)))) return notRun(`there is no ${prebuildPath(target)}`);
  const start = Date.now();
  const result = await check([...((await one.start?.(found)) ?? []), await one.node()], staged, one);
  if (result.error) return { state: 'FAILED', notes: [result.error.trim()] };
  const problems = unexpected(result, target, one);
  const notes = [result.kernels];
  if (reference) {
    const compared = compareResults(result, reference);
    problems.push(...compared.problems);
    const distance = `within ${compared.difference.toExponential(1)} of the row's largest value, not bit-identical`;
    notes.push(compared.identical ? 'bit-identical' : distance);
  } else notes.push('the others are compared with this one');
  notes.push(`${result.secondsToFirstVector.toFixed(1)} s to the first vector`);
  notes.push(`${((Date.now() - start) / 1000).toFixed(1)} s in all`);
  return { state: problems.length > 0 ? 'FAILED' : 'passed', notes: [...problems, ...notes], result };
}

/**
 * Runs check.mjs; a Node that did not get to the end of it says why.
 * @param {string[]} command Node and what starts it
 * @param {string} folder of the package
 * @param {Partial<import('./runs.mjs').Run>} one
 */
export async function check(command, folder, one = {}) {
  const resultFile = inCross('test', 'result.json');
  mkdirSync(path.dirname(resultFile), { recursive: true });
  rmSync(resultFile, { force: true });
  const [program, ...rest] = command;
  const args = [...rest, ...[script, folder, resultFile].map((file) => seenBy(one, file))];
  const { code, output } = await run(program, args, { env: { ...cleanEnvironment(), ...one.env?.() } });
  if (!existsSync(resultFile)) return { error: `it ended with ${code} and without a result:\n${output.slice(-2000)}` };
  return JSON.parse(readFileSync(resultFile, 'utf8'));
}

/** Whether another addon was loaded than the one under test, or other kernels were taken. */
function unexpected(result, target, one) {
  const problems = [];
  const { files } = JSON.parse(readFileSync(manifestFile(), 'utf8'));
  const expected = files.find((file) => file.path === prebuildPath(target));
  if (result.addons.length !== 1) problems.push(`${result.addons.length} addons were loaded`);
  else if (result.addons[0].sha256 !== expected?.sha256)
    problems.push(`${result.addons[0].file} was loaded, which is not the file of the manifest`);
  if (result.platform !== target.platform || result.arch !== target.arch)
    problems.push(`this Node is for ${result.platform}-${result.arch}`);
  if (one.kernels && result.kernels !== one.kernels)
    problems.push(`the ${result.kernels} kernels were taken where it had to be ${one.kernels}`);
  return problems;
}

/** clmbr_native_test, whole or the tests that `only` names. */
async function nativeTests(one, target, found) {
  const program = testProgramOf(target);
  if (!existsSync(program)) return notRun('it is not built: npm run prebuild -- --tests');
  const [command, ...args] = [...((await one.start?.(found)) ?? []), program];
  const env = { ...cleanEnvironment(), ...one.env?.() };
  const total = { passed: 0, failed: 0 };
  const notes = [];
  const kernels = new Set();
  for (const words of one.only ?? ['']) {
    const outcome = await run(command, [...args, words], { env });
    const output = outcome.output.replaceAll('\r', '');
    const { passed, failed } = countNativeTests({ ...outcome, output });
    total.passed += passed;
    total.failed += failed;
    kernels.add(/^kernels: (.*)$/m.exec(output)?.[1] ?? 'no kernels');
    if (failed > 0) notes.push(...failuresOf(output));
  }
  const summary = `${total.passed} passed, ${total.failed} failed`;
  return { state: total.failed === 0 ? 'passed' : 'FAILED', notes: [summary, ...kernels, ...notes] };
}

function failuresOf(output) {
  const failed = output.split('\n').filter((line) => /^FAILED/.test(line));
  // One that crashed names nothing.
  return failed.length > 0 ? failed : [output.slice(-1000).trim()];
}

function findTools(needs) {
  const found = {};
  const missing = [];
  for (const need of needs) {
    const program = tools[need].programs.find((name) => versionOf(name) !== undefined);
    if (program) found[need] = program;
    else missing.push(`${tools[need].programs[0]} is missing (apt-get install ${tools[need].from})`);
  }
  return { found, missing };
}
