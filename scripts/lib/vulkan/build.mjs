import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { tail } from '../native-build.mjs';
import { inRoot } from '../paths.mjs';
import { inCross } from '../prebuild/zig.mjs';
import { cleanEnvironment, run } from '../process.mjs';
import { Progress, buildShare } from '../progress.mjs';
import { StepError } from '../report.mjs';
import { checkTools } from '../tools.mjs';

/**
 * Builds the addon and the native tests with Vulkan; only what changed is compiled again.
 * @param {string} ggml
 * @param {Record<string, string>} vulkan where CMake finds Vulkan
 * @returns {Promise<{addon: string, tests: string, prebuild: string}>} prebuild: the folder for CLMBR_PREBUILD
 */
export async function buildVulkan(ggml, vulkan) {
  checkTools(['native']);
  const prebuild = inCross('build', 'vulkan');
  // node-gyp-build looks for build/Release/*.node.
  const folder = path.join(prebuild, 'build');
  mkdirSync(folder, { recursive: true });
  await configure(folder, { ...settings(ggml, path.join(folder, 'Release')), ...vulkan });
  const jobs = process.env.CLMBR_JOBS ?? String(availableParallelism());
  await cmake(['--build', folder, '--parallel', jobs, '--target', 'clmbr', 'clmbr_native_test'], folder);
  const addon = path.join(folder, 'Release', 'clmbr.node');
  if (!existsSync(addon)) throw new StepError(`The build made no ${addon}; its log is ${logOf(folder)}.`);
  return { addon, tests: path.join(folder, 'clmbr_native_test'), prebuild };
}

/** What cmake-js passes where it drives CMake, and Vulkan. */
function settings(ggml, output) {
  const headers = (name) => inRoot('node_modules', name);
  return {
    CMAKE_BUILD_TYPE: 'Release',
    CMAKE_LIBRARY_OUTPUT_DIRECTORY: output,
    CLMBR_GGML_DIR: ggml,
    CLMBR_VULKAN: 'ON',
    CLMBR_NATIVE_TESTS: 'ON',
    CMAKE_JS_INC: [path.join(headers('node-api-headers'), 'include'), headers('node-addon-api')].join(';'),
    NODE_ARCH: process.arch,
  };
}

async function configure(folder, values) {
  const account = path.join(folder, 'settings.json');
  const wanted = JSON.stringify(values, null, 2);
  // CMake itself notices changed CMake files when it builds.
  const cache = path.join(folder, 'CMakeCache.txt');
  if (existsSync(cache) && existsSync(account) && readFileSync(account, 'utf8') === wanted) return;
  rmSync(cache, { force: true });
  const options = Object.entries(values).map(([name, value]) => `-D${name}=${value}`);
  await cmake(['-S', inRoot(), '-B', folder, ...options], folder);
  writeFileSync(account, wanted);
}

const logOf = (folder) => path.join(folder, 'build.log');

async function cmake(args, folder) {
  const progress = new Progress();
  const onLine = (line) => {
    const share = buildShare(line);
    if (share !== undefined) progress.update(share, line.replace(/^\[[^\]]*\]\s*/, '').replace(/\S*[\\/]/, ''));
  };
  const { code, output } = await run('cmake', args, { env: cleanEnvironment(), onLine });
  progress.end();
  writeFileSync(logOf(folder), output);
  if (code !== 0) throw new StepError(`cmake ${args.join(' ')} failed:\n${tail(output)}\nThe log is ${logOf(folder)}.`);
}
