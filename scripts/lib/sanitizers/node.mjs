import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../paths.mjs';
import { cleanEnvironment, run } from '../process.mjs';
import { StepError, say, step } from '../report.mjs';
import { runVitest } from '../vitest.mjs';

/** Where CMake puts the addon so that CLMBR_PREBUILD=`folder` finds it. */
export const addonFolder = (folder) => path.join(folder, 'build', 'Release');

/**
 * Runs tests in node itself, with the addon of `folder`, under a sanitizer. What that has to say goes to files, because the tests judge
 * what processes print and how they end.
 * @param {string} name
 * @param {{node: object, launcher?: string[]}} sanitizer of table.mjs
 * @param {string} folder
 * @param {string[]} selected test files, instead of those of the table
 */
export async function testInNode(name, { node, launcher = [] }, folder, selected) {
  if (process.platform !== 'linux')
    throw new StepError(`Sanitizers go into node on Linux only, not on ${process.platform}.`);
  const reports = inRoot('build', 'sanitizers', name);
  const options = `${node.options}:log_path=${path.join(reports, 'report')}`;
  const env = {
    ...cleanEnvironment(),
    ...(node.preload && { LD_PRELOAD: libraryOf(node.preload) }),
    [node.variable]: options,
    CLMBR_PREBUILD: folder,
    CLMBR_PREPARED: '1',
    CLMBR_TEST_PATIENCE: '20',
    CLMBR_TEST_SANITIZER: name,
  };
  await step(`${name} in node: planted defects`, async () => {
    for (const plant of node.plants) await checkPlant(plant, launcher, env, folder, reports);
  });
  empty(reports);
  const slow = ['--testTimeout=600000', '--hookTimeout=600000', '--maxWorkers=2'];
  const counts = await runVitest([...slow, ...(selected.length > 0 ? selected : node.tests)], env, launcher);
  const findings = findingsIn(reports);
  for (const finding of findings) say(`\n${finding.trim()}`);
  say(
    `> ${name} in node: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped, ${findings.length} findings`,
  );
  return counts.failed === 0 && counts.passed > 0 && findings.length === 0;
}

/** The runtime of the compiler that made the addon. */
function libraryOf(library) {
  const compiler = process.env.CXX ?? 'c++';
  const { stdout } = spawnSync(compiler, [`-print-file-name=${library}`], { encoding: 'utf8' });
  const file = stdout?.trim() ?? '';
  if (!path.isAbsolute(file) || !existsSync(file))
    throw new StepError(
      `Expected ${library} beside ${compiler}, to run node with it: only GCC has it as a file of its own.`,
    );
  return file;
}

async function checkPlant(plant, launcher, env, folder, reports) {
  empty(reports);
  const addon = path.join(folder, 'faults', 'build', 'Release', 'clmbr.node');
  const [command, ...before] = [...launcher, process.execPath];
  await run(command, [...before, '-e', `require(${JSON.stringify(addon)}).plant(${JSON.stringify(plant)})`], { env });
  if (findingsIn(reports).length === 0)
    throw new StepError(`The sanitizer did not report a planted defect in node: ${plant}.`);
}

function empty(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

function findingsIn(folder) {
  return readdirSync(folder).flatMap((file) => findingsOf(readFileSync(path.join(folder, file), 'utf8')));
}

/**
 * A file of reports as findings. Node ends without freeing what its own heap holds, which looks like leaks, and orders its own threads by
 * atomic operations that are not instrumented, which looks like races: of those, the ones count that name the addon. An external is an object
 * of node's own heap, whoever asks for it; what it points to would be a leak of ours and counts.
 */
export function findingsOf(report) {
  if (report.includes('LeakSanitizer: detected memory leaks'))
    return report
      .split(/\n\n+/)
      .filter((block) => /^(Direct|Indirect) leak/.test(block) && block.includes('clmbr.node') && !isExternal(block));
  if (report.includes('WARNING: ThreadSanitizer'))
    return report
      .split(/^={10,}$/m)
      .filter(
        (block) => /ERROR:|FATAL:|CHECK failed/.test(block) || (/WARNING:/.test(block) && block.includes('clmbr.node')),
      );
  return [report];
}

const isExternal = (block) => /#1 \S+ in napi_create_external /.test(block);
