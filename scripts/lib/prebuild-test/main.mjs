import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inRoot, root } from '../paths.mjs';
import { selectTargets, targets } from '../prebuild/targets.mjs';
import { inCross } from '../prebuild/zig.mjs';
import { say, step } from '../report.mjs';
import { check, perform } from './perform.mjs';
import { selectRuns } from './runs.mjs';
import { stagePackage } from './stage.mjs';

const usage = `npm run prebuild:test -- [options]
  --only <target>   one target, may be repeated: ${targets.map((target) => target.name).join(', ')}
  --native          the native tests as well, where npm run prebuild -- --tests built them
  --allow-missing   what this machine lacks the tools or files for is no failure`;

/** The command behind npm run prebuild:test. */
export async function prebuildTest(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      native: { type: 'boolean', default: false },
      'allow-missing': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return say(usage);
  const wanted = selectTargets(values.only).map((target) => target.name);
  const staged = stagePackage();
  const rows = [];
  try {
    let reference = await ownResult();
    for (const one of selectRuns({ targets: wanted, native: values.native })) {
      const { result, ...outcome } = await step(`${one.target}: ${one.name}`, async () => {
        const made = await perform(one, staged, reference);
        say(`  ${made.state}: ${made.notes.join('; ')}`);
        return made;
      });
      reference ??= result;
      rows.push({ target: one.target, name: one.name, ...outcome, sha256: result?.sha256, version: result?.version });
    }
  } finally {
    rmSync(path.join(staged, '..', '..'), { recursive: true, force: true });
  }
  return summarize(rows, values['allow-missing']);
}

/** What the checkout's own build computes: every prebuilt file has to compute the same. */
async function ownResult() {
  if (!existsSync(inRoot('build', 'Release', 'clmbr.node'))) return undefined;
  const result = await check([process.execPath], root);
  if (!result.error) {
    say(`> compared with the checkout's own build on Node ${process.versions.node} (${result.kernels})`);
    return result;
  }
  say(
    `> the checkout's own build does not run, so the first run is what the others are compared with: ${result.error}`,
  );
  return undefined;
}

function summarize(rows, allowMissing) {
  writeFileSync(inCross('test', 'summary.json'), `${JSON.stringify(rows, null, 2)}\n`);
  say('');
  for (const row of rows) say(`${row.state.padEnd(8)} ${row.target.padEnd(18)} ${row.name}: ${row.notes.join('; ')}`);
  const count = (state) => rows.filter((row) => row.state === state).length;
  const [passed, failed, missing] = [count('passed'), count('FAILED'), count('not run')];
  say(`\n${passed} passed, ${failed} failed, ${missing} not run`);
  return failed === 0 && passed > 0 && (missing === 0 || allowMissing) ? 0 : 1;
}
