// npm run test:native [address|leaks|undefined|thread] [words]: builds native/test with engine and kernels, outside Node, and
// runs the tests whose names contain the words; with a sanitizer if one is named. Without one, `npm test` runs them too.
import { availableParallelism } from 'node:os';
import { installDependencies } from './lib/dependencies.mjs';
import { fetchGgml } from './lib/ggml-fetch.mjs';
import { buildNativeTests, tail, testProgram } from './lib/native-build.mjs';
import { inRoot } from './lib/paths.mjs';
import { cleanEnvironment, run } from './lib/process.mjs';
import { Progress, buildShare } from './lib/progress.mjs';
import { StepError, main, say, step } from './lib/report.mjs';
import { checkNode, checkTools } from './lib/tools.mjs';

const address =
  'detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1:allocator_may_return_null=1';

/** How each kind of run is built, and what the sanitizer is told; every finding ends the program with a failure. */
const sanitizers = {
  address: { build: 'address', env: { ASAN_OPTIONS: `${address}:detect_leaks=0` } },
  leaks: {
    build: 'address',
    env: {
      ASAN_OPTIONS: `${address}:detect_leaks=1`,
      LSAN_OPTIONS: `suppressions=${inRoot('native', 'test', 'leaks.txt')}:print_suppressions=0`,
    },
  },
  undefined: { build: 'undefined', env: { UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1' } },
  thread: { build: 'thread', env: { TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1' } },
};

/** Some systems give programs addresses that ThreadSanitizer cannot use: random ones of more bits than it knows. */
const launcher = { thread: process.platform === 'linux' ? ['setarch', '-R'] : [] };

async function cmake(args) {
  const progress = new Progress();
  const { code, output } = await run('cmake', args, {
    onLine: (line) => {
      const share = buildShare(line);
      if (share !== undefined) progress.update(share, line.replace(/^\[[^\]]*\]\s*/, ''));
    },
  });
  progress.end();
  if (code !== 0) throw new StepError(`cmake ${args.join(' ')} failed:\n${tail(output)}`);
}

/** A build of its own: a sanitizer goes through everything, ggml too. */
async function buildSanitized(sanitizer, ggml) {
  checkTools(['native']);
  const folder = inRoot('build', `native-test-${sanitizer}`);
  await cmake([
    ...['-S', inRoot(), '-B', folder, '-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DCLMBR_NATIVE_TESTS=ON'],
    ...[`-DCLMBR_SANITIZE=${sanitizer}`, `-DCLMBR_GGML_DIR=${ggml}`],
  ]);
  const jobs = String(availableParallelism());
  await cmake(['--build', folder, '--config', 'RelWithDebInfo', '--target', 'clmbr_native_test', '--parallel', jobs]);
  return testProgram(folder);
}

await main(async () => {
  const [first, ...others] = process.argv.slice(2);
  const sanitizer = Object.hasOwn(sanitizers, first ?? '') ? first : undefined;
  const args = sanitizer || first === undefined ? others : [first, ...others];
  checkNode();
  if (!sanitizer) await installDependencies();
  const ggml = await fetchGgml();
  const program = await step(`native tests${sanitizer ? ` with the ${sanitizer} sanitizer` : ''}: build`, () =>
    sanitizer ? buildSanitized(sanitizers[sanitizer].build, ggml) : buildNativeTests(ggml),
  );
  const env = { ...cleanEnvironment(), ...sanitizers[sanitizer]?.env };
  const [command, ...before] = [...(launcher[sanitizer] ?? []), program];
  const start = Date.now();
  const { code } = await run(command, [...before, args.join(' ')], { inherit: true, env });
  if (sanitizer)
    say(`> ${sanitizer}: ${code === 0 ? 'clean' : 'FAILED'} in ${((Date.now() - start) / 60_000).toFixed(1)} min`);
  return code;
});
