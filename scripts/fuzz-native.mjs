// npm run fuzz:native [libFuzzer options]: builds native/test/fuzz with clang, libFuzzer and sanitizers, and runs it for
// CLMBR_FUZZ_SECONDS (60). Says that it is skipped where there is no clang. Inputs that failed are kept in build/fuzz.
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fetchGgml } from './lib/ggml-fetch.mjs';
import { tail, testProgram } from './lib/native-build.mjs';
import { inRoot } from './lib/paths.mjs';
import { cleanEnvironment, run, versionOf } from './lib/process.mjs';
import { StepError, main, say, step } from './lib/report.mjs';
import { checkTools } from './lib/tools.mjs';

async function cmake(...args) {
  const { code, output } = await run('cmake', args);
  if (code !== 0) throw new StepError(`cmake ${args.join(' ')} failed:\n${tail(output)}`);
}

async function build(clang, folder, ggml) {
  checkTools(['native']);
  const compilers = [`-DCMAKE_C_COMPILER=${clang}`, `-DCMAKE_CXX_COMPILER=${clang.replace('clang', 'clang++')}`];
  const settings = ['-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DCLMBR_FUZZ=ON', `-DCLMBR_GGML_DIR=${ggml}`];
  await cmake('-S', inRoot(), '-B', folder, ...compilers, ...settings);
  await cmake('--build', folder, '--target', 'clmbr_table_fuzz', '--parallel', String(availableParallelism()));
  return testProgram(folder, 'clmbr_table_fuzz');
}

await main(async () => {
  const clang = ['clang', 'clang-19', 'clang-18', 'clang-17', 'clang-16', 'clang-15', 'clang-14'].find(versionOf);
  if (!clang) {
    say(
      '> native fuzzing: skipped, because there is no clang here (on Debian: apt-get install clang libclang-rt-14-dev)',
    );
    return 0;
  }
  const ggml = await fetchGgml();
  const program = await step(`native fuzzing: build with ${clang}`, () =>
    build(clang, inRoot('build', 'native-fuzz'), ggml),
  );
  const seconds = Number(process.env.CLMBR_FUZZ_SECONDS || 60);
  const [corpus, failed] = ['corpus', 'failed'].map((name) => inRoot('build', 'fuzz', `native-${name}`));
  for (const folder of [corpus, failed]) mkdirSync(folder, { recursive: true });
  const limits = ['-max_len=512', '-timeout=10', '-rss_limit_mb=2048', `-max_total_time=${seconds}`];
  const options = [...limits, '-print_final_stats=1', `-artifact_prefix=${failed}${path.sep}`];
  const { code } = await run(program, [...options, ...process.argv.slice(2), corpus], {
    inherit: true,
    env: { ...cleanEnvironment(), UBSAN_OPTIONS: 'print_stacktrace=1', ASAN_OPTIONS: 'allocator_may_return_null=1' },
  });
  return code;
});
