import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { inRoot, root } from './paths.mjs';
import { run } from './process.mjs';
import { Progress, buildShare } from './progress.mjs';
import { StepError, say, step } from './report.mjs';
import { clearStamp, digestOf, isCurrent, listFiles, setStamp } from './stamps.mjs';
import { checkTools } from './tools.mjs';

const addon = () => inRoot('build', 'Release', 'clmbr.node');
/** Whether there is an addon at all, of whatever age. */
export const hasAddon = () => existsSync(addon());
const logFile = () => inRoot('build', 'native-build.log');

/** Everything besides sources that decides what the addon is. CLMBR_CMAKE_ARGS: more -D options, separated by spaces. */
function settings(ggml) {
  const { CC, CXX, CFLAGS, CXXFLAGS, LDFLAGS, CLMBR_CMAKE_ARGS } = process.env;
  return {
    root,
    ggml,
    platform: process.platform,
    arch: process.arch,
    environment: { CC, CXX, CFLAGS, CXXFLAGS, LDFLAGS },
    // The native tests share the addon's objects; they are built only when they are asked for.
    options: ['-DCLMBR_NATIVE_TESTS=ON', ...(CLMBR_CMAKE_ARGS?.split(/\s+/).filter(Boolean) ?? [])],
  };
}

/**
 * Builds build/Release/clmbr.node with cmake-js, unless it is there and made from the same sources with the same
 * settings. A folder of ggml that somebody edits (CLMBR_GGML_DIR) is not hashed: the make tool decides there.
 */
export async function buildNative(ggml) {
  const wanted = settings(ggml);
  const sources = listFiles(
    ['CMakeLists.txt', 'native', 'package.json', 'package-lock.json'],
    (file) => !file.startsWith('native/test/'),
  );
  const digest = digestOf(sources, wanted);
  if (!process.env.CLMBR_GGML_DIR && existsSync(addon()) && isCurrent('native', digest)) {
    say('> native addon: up to date');
    return;
  }
  checkTools(['native']);
  await step('native addon: cmake-js', async () => {
    clearStamp('native');
    await compile(wanted);
    if (!existsSync(addon())) throw new StepError(`The native build made no ${addon()}; its log is ${logFile()}.`);
    setStamp('native', digest);
  });
}

/**
 * Builds native/test beside the addon, from the same objects. Returns the test program.
 * @returns {Promise<string>}
 */
export async function buildNativeTests(ggml) {
  checkTools(['native']);
  await compile(settings(ggml), ['--target', 'clmbr_native_test']);
  return testProgram(inRoot('build'));
}

/** Builds bench/native likewise, and returns its program. */
export async function buildNativeBench(ggml) {
  checkTools(['native']);
  await compile(settings(ggml), ['--target', 'clmbr_bench']);
  return testProgram(inRoot('build'), 'clmbr_bench');
}

/** The program that a build in `folder` made: where it lies depends on the generator. */
export function testProgram(folder, target = 'clmbr_native_test') {
  const name = `${target}${process.platform === 'win32' ? '.exe' : ''}`;
  const places = ['', 'bin', 'Release', 'RelWithDebInfo'].map((part) => path.join(folder, part, name));
  const program = places.find((place) => existsSync(place));
  if (!program) throw new StepError(`The build made no ${target} in ${folder}.`);
  return program;
}

/** Runs cmake-js, which configures first where that was not done. */
async function compile(wanted, extra = []) {
  const { ggml, options } = wanted;
  const configuration = digestOf(['package-lock.json'], wanted);
  mkdirSync(inRoot('build'), { recursive: true });
  // A compiler or ggml of another path cannot be changed in an existing CMake cache.
  if (!isCurrent('native-settings', configuration)) rmSync(inRoot('build', 'CMakeCache.txt'), { force: true });
  const progress = new Progress();
  const onLine = (line) => {
    const share = buildShare(line);
    if (share !== undefined) progress.update(share, line.replace(/^\[[^\]]*\]\s*/, '').replace(/\S*[\\/]/, ''));
  };
  const { code, output } = await run(
    process.execPath,
    [
      inRoot('node_modules', 'cmake-js', 'bin', 'cmake-js'),
      // Not `compile`: that answers a compile error by building everything again.
      'build',
      '--parallel',
      String(availableParallelism()),
      `--CDCLMBR_GGML_DIR=${ggml.split(path.sep).join('/')}`,
      ...options.map((option) => option.replace(/^-D/, '--CD')),
      ...extra,
    ],
    { onLine },
  );
  progress.end();
  writeFileSync(logFile(), output);
  if (code !== 0) throw new StepError(`The native build failed:\n${tail(output)}\nThe whole log is ${logFile()}.`);
  setStamp('native-settings', configuration);
}

/** The part of a build log that explains a failure: from the first error on, at most 60 lines. */
export function tail(log) {
  const lines = log.trim().split('\n');
  const first = lines.findIndex((line) => /(^|\W)(fatal )?error\b|FAILED:|CMake Error/i.test(line));
  const start = first < 0 ? Math.max(0, lines.length - 60) : Math.max(0, first - 2);
  return lines.slice(start, start + 60).join('\n');
}
