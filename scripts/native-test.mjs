// npm run test:native [address|leaks|undefined|thread] [words]: builds native/test with engine and kernels, outside Node, and
// runs the tests whose names contain the words; with a sanitizer if one is named. Without one, `npm test` runs them too.
// A sanitizer then goes into node: the addon is built with it, and tests of the binding run there (instead of all of them, those in
// `--node FILE...`, without the native ones).
import { availableParallelism } from 'node:os';
import { installDependencies } from './lib/dependencies.mjs';
import { fetchGgml } from './lib/ggml-fetch.mjs';
import { buildNativeTests, tail, testProgram } from './lib/native-build.mjs';
import { inRoot } from './lib/paths.mjs';
import { cleanEnvironment, run } from './lib/process.mjs';
import { Progress, buildShare } from './lib/progress.mjs';
import { StepError, main, say, step } from './lib/report.mjs';
import { addonFolder, testInNode } from './lib/sanitizers/node.mjs';
import { sanitizers } from './lib/sanitizers/table.mjs';
import { checkNode, checkTools } from './lib/tools.mjs';
import { buildTypes } from './lib/types-build.mjs';

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

/** A build of its own: a sanitizer goes through everything, ggml too. With headers of Node-API, the addon is part of it. */
async function buildSanitized(sanitizer, folder, ggml) {
  checkTools(['native']);
  const headers = [inRoot('node_modules', 'node-api-headers', 'include'), inRoot('node_modules', 'node-addon-api')];
  await cmake([
    ...['-S', inRoot(), '-B', folder, '-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DCLMBR_NATIVE_TESTS=ON'],
    ...[`-DCLMBR_SANITIZE=${sanitizer}`, `-DCLMBR_GGML_DIR=${ggml}`],
    ...[`-DCMAKE_JS_INC=${headers.join(';')}`, `-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${addonFolder(folder)}`],
  ]);
  const targets = ['--target', 'clmbr', 'clmbr_native_test'];
  await cmake([
    '--build',
    folder,
    '--config',
    'RelWithDebInfo',
    ...targets,
    '--parallel',
    String(availableParallelism()),
  ]);
}

/** Runs the program of native/test, with its output on ours. */
async function runProgram(program, words, env = {}, launcher = []) {
  const [command, ...before] = [...launcher, program];
  const { code } = await run(command, [...before, words], { inherit: true, env: { ...cleanEnvironment(), ...env } });
  return code === 0;
}

async function underSanitizer(name, args) {
  const sanitizer = sanitizers[name];
  const { build, native, launcher } = sanitizer;
  await installDependencies();
  await buildTypes();
  const ggml = await fetchGgml();
  const folder = inRoot('build', `native-test-${build}`);
  await step(`native tests and addon with the ${build} sanitizer: build`, () => buildSanitized(build, folder, ggml));
  const start = Date.now();
  const [words, onlyNode] = [args.join(' '), args[0] === '--node'];
  const clean =
    (onlyNode || (await runProgram(testProgram(folder), words, native, launcher))) &&
    (!(onlyNode || words === '') || (await testInNode(name, sanitizer, folder, args.slice(1))));
  say(`> ${name}: ${clean ? 'clean' : 'FAILED'} in ${((Date.now() - start) / 60_000).toFixed(1)} min`);
  return clean;
}

async function plain(words) {
  await installDependencies();
  const ggml = await fetchGgml();
  const program = await step('native tests: build', () => buildNativeTests(ggml));
  return runProgram(program, words);
}

await main(async () => {
  checkNode();
  const [first = '', ...others] = process.argv.slice(2);
  const good = Object.hasOwn(sanitizers, first)
    ? await underSanitizer(first, others)
    : await plain([first, ...others].join(' '));
  return good ? 0 : 1;
});
