import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { installDependencies } from '../dependencies.mjs';
import { fetchGgml } from '../ggml-fetch.mjs';
import { inRoot } from '../paths.mjs';
import { StepError, say, step } from '../report.mjs';
import { checkNode } from '../tools.mjs';
import { prebuildCuda } from './cuda.mjs';
import { describeBinary, problemsOf } from './inspect.mjs';
import { mergePrebuilds, origin, updateManifest } from './manifest.mjs';
import { pack } from './pack.mjs';
import { nativeTarget, selectTargets, targets } from './targets.mjs';
import { findZig } from './zig.mjs';

const usage = `npm run prebuild -- [options]
  --only <target>    one target, may be repeated: ${targets.map((target) => target.name).join(', ')}
  --native           for this machine, with cmake-js and its own compiler
  --arch <arch>      with --native: x64 or arm64, where the compiler can do both (macOS)
  --cuda             the addon of packages/cuda, for this machine's platform
  --cuda-architectures <list>   as CMake takes them: '80-real;90-real'
  --tests            clmbr_native_test as well, which npm run prebuild:test then runs
  --jobs <n>         compilers at a time
  --merge <folder>   take in the prebuilds/ of another machine, may be repeated; nothing is built`;

/** The command behind npm run prebuild. */
export async function prebuild(argv) {
  const options = read(argv);
  if (options.help) return say(usage);
  checkNode();
  if (options.merge.length > 0) return mergePrebuilds(options.merge);
  const cross = !options.native;
  const wanted = cross ? selectTargets(options.only) : [nativeTarget(options.arch)];
  await installDependencies();
  const ggml = await fetchGgml();
  if (options.cuda) return prebuildCuda({ ggml, jobs: options.jobs, architectures: options['cuda-architectures'] });
  const zig = cross ? await findZig() : undefined;
  for (const target of wanted) {
    // Of what is there now: a source that somebody edits meanwhile makes the file one of other sources.
    const from = origin();
    await step(`prebuild ${target.name}`, () => pack(target, { zig, ggml, tests: options.tests, jobs: options.jobs }));
    updateManifest([describe(target)], from);
  }
}

function read(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      native: { type: 'boolean', default: false },
      cuda: { type: 'boolean', default: false },
      'cuda-architectures': { type: 'string' },
      arch: { type: 'string' },
      tests: { type: 'boolean', default: false },
      jobs: { type: 'string' },
      merge: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.native && values.only.length > 0) throw new StepError('--native builds one target: leave out --only.');
  if (values.arch && !values.native)
    throw new StepError('--arch goes with --native; use --only <target> to cross-build.');
  const jobs = values.jobs === undefined ? undefined : Number(values.jobs);
  if (jobs !== undefined && !(Number.isInteger(jobs) && jobs > 0))
    throw new StepError('--jobs is a whole number from 1.');
  return { ...values, jobs };
}

/** What the manifest says of a file that was just built; refuses one that would not load where it has to. */
function describe(target) {
  const file = describeBinary(target);
  const problems = problemsOf(file);
  if (problems.length > 0) {
    rmSync(inRoot(file.path));
    throw new StepError(`${file.path} cannot be shipped: ${problems.join('; ')}.`);
  }
  const glibc = file.glibc ? `, needs glibc ${file.glibc}` : '';
  say(`  ${file.path}: ${(file.bytes / 1e6).toFixed(2)} MB${glibc}`);
  return file;
}
