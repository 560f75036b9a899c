import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { tail } from '../native-build.mjs';
import { inRoot } from '../paths.mjs';
import { cleanEnvironment, run } from '../process.mjs';
import { Progress, buildShare } from '../progress.mjs';
import { StepError } from '../report.mjs';
import { inCross, writeTools, zigEnvironment } from './zig.mjs';

export const buildFolder = (target) => inCross('build', target.name);

/** The native tests of a target, where they were built. */
export const testProgramOf = (target) =>
  path.join(buildFolder(target), `clmbr_native_test${target.platform === 'win32' ? '.exe' : ''}`);

/**
 * Cross-compiles the addon of a target; only what changed is compiled again.
 * @param {import('./targets.mjs').Target} target
 * @param {{zig: string, ggml: string, tests?: boolean, jobs?: number}} options tests: clmbr_native_test as well
 * @returns {Promise<string>} the addon
 */
export async function crossCompile(target, { zig, ggml, tests = false, jobs = availableParallelism() }) {
  const folder = buildFolder(target);
  mkdirSync(folder, { recursive: true });
  const tools = path.join(folder, 'zig');
  writeTools(tools, zig, target.triple);
  await configure(target, folder, settings(target, { tools, ggml, tests }));
  const build = ['--build', folder, '--parallel', String(jobs), '--target', 'clmbr'];
  await cmake(tests ? [...build, 'clmbr_native_test'] : build, folder);
  const addon = path.join(folder, 'clmbr.node');
  if (!existsSync(addon)) throw new StepError(`The build made no ${addon}; its log is ${logOf(folder)}.`);
  return addon;
}

/** What cmake-js passes where it drives CMake, and the toolchain. */
function settings(target, { tools, ggml, tests }) {
  const headers = (name) => inRoot('node_modules', name);
  return {
    CMAKE_BUILD_TYPE: 'Release',
    CMAKE_TOOLCHAIN_FILE: inRoot('native', 'toolchains', 'zig.cmake'),
    CLMBR_ZIG_TOOLS: tools,
    CLMBR_ZIG_SYSTEM: target.system,
    CLMBR_ZIG_PROCESSOR: target.processor,
    CLMBR_GGML_DIR: ggml,
    CLMBR_NATIVE_TESTS: tests ? 'ON' : 'OFF',
    CMAKE_JS_NODELIB_DEF: path.join(headers('node-api-headers'), 'def', 'node_api.def'),
    CMAKE_JS_INC: [path.join(headers('node-api-headers'), 'include'), headers('node-addon-api')].join(';'),
    NODE_ARCH: target.arch,
  };
}

async function configure(target, folder, values) {
  const account = path.join(folder, 'settings.json');
  const wanted = JSON.stringify(values, null, 2);
  // CMake itself notices changed CMake files when it builds.
  const configured = existsSync(path.join(folder, 'build.ninja')) && existsSync(account);
  if (configured && readFileSync(account, 'utf8') === wanted) return;
  const options = Object.entries(values).map(([name, value]) => `-D${name}=${value}`);
  await cmake(['-S', inRoot(), '-B', folder, '-G', 'Ninja', ...options], folder);
  writeFileSync(account, wanted);
}

const logOf = (folder) => path.join(folder, 'build.log');

async function cmake(args, folder) {
  const progress = new Progress();
  const onLine = (line) => {
    const share = buildShare(line);
    if (share !== undefined) progress.update(share, line.replace(/^\[[^\]]*\]\s*/, '').replace(/\S*[\\/]/, ''));
  };
  const env = { ...cleanEnvironment(), ...zigEnvironment(), SOURCE_DATE_EPOCH: '0' };
  const { code, output, missing } = await run('cmake', args, { env, onLine });
  progress.end();
  if (missing) throw new StepError('CMake is missing (apt-get install cmake ninja-build).');
  writeFileSync(logOf(folder), output);
  if (code !== 0) throw new StepError(`cmake ${args.join(' ')} failed:\n${tail(output)}\nThe log is ${logOf(folder)}.`);
}
