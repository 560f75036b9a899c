// npm run test:native [address|undefined|thread]: builds native/test with engine and kernels, outside Node, and runs it;
// with a sanitizer if one is named. Arguments after it go to the test program.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { inRoot } from './lib/paths.mjs';
import { fetchGgml } from './lib/ggml-fetch.mjs';
import { run } from './lib/process.mjs';
import { Progress, buildShare } from './lib/progress.mjs';
import { StepError, main, step } from './lib/report.mjs';
import { tail } from './lib/native-build.mjs';
import { checkTools } from './lib/tools.mjs';

const sanitizers = ['address', 'undefined', 'thread'];

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

await main(async () => {
  const [first, ...others] = process.argv.slice(2);
  const sanitizer = sanitizers.includes(first) ? first : '';
  const args = sanitizer || first === undefined ? others : [first, ...others];
  const folder = inRoot('build', sanitizer ? `native-test-${sanitizer}` : 'native-test');
  const ggml = await fetchGgml();
  checkTools(['native']);
  await step(`native tests${sanitizer && ` with the ${sanitizer} sanitizer`}: cmake`, async () => {
    await cmake([
      ...['-S', inRoot(), '-B', folder, '-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DCLMBR_NATIVE_TESTS=ON'],
      ...[`-DCLMBR_SANITIZE=${sanitizer}`, `-DCLMBR_GGML_DIR=${ggml}`],
    ]);
    const jobs = String(availableParallelism());
    await cmake(['--build', folder, '--config', 'RelWithDebInfo', '--target', 'clmbr_native_test', '--parallel', jobs]);
  });
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const places = ['', 'bin', 'RelWithDebInfo'].map((name) => `${folder}/${name}/clmbr_native_test${suffix}`);
  const program = places.find((place) => existsSync(place));
  if (!program) throw new StepError(`The build made no clmbr_native_test in ${folder}.`);
  return (await run(program, args, { inherit: true })).code;
});
