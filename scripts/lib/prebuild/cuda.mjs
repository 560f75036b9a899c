import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { inRoot } from '../paths.mjs';
import { cleanEnvironment, run, versionOf } from '../process.mjs';
import { StepError, say, step } from '../report.mjs';
import { checkTools } from '../tools.mjs';
import { findToolkit } from './cuda-toolkit.mjs';
import { describeBinary } from './inspect.mjs';
import { origin, withFiles } from './manifest.mjs';
import { inCross } from './zig.mjs';

const target = { name: 'clmbr-cuda', platform: 'linux', arch: 'x64', libc: 'glibc' };
const inPackage = (...parts) => inRoot('packages', 'cuda', ...parts);

/** What the addon may ask of the machine besides what every Linux with glibc has. */
const suppliedByCuda = ['libcudart.so', 'libcublas.so'];
const everywhere = ['libc.so', 'libm.so', 'libgcc_s.so', 'libstdc++.so', 'libpthread.so', 'libdl.so', 'ld-linux-'];

/**
 * Builds the addon of the optional package clmbr-cuda: the whole addon again, with ggml's CUDA backend linked in. Hours of processor
 * time; with ccache only once.
 * @param {{ggml: string, jobs?: number, architectures?: string}} options architectures: as CMake takes them; default in native/ggml.cmake
 */
export async function prebuildCuda({ ggml, jobs = availableParallelism(), architectures }) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new StepError(`clmbr-cuda is built on Linux x64, and this is ${process.platform}-${process.arch}.`);
  checkTools(['native']);
  const toolkit = await findToolkit();
  await step('prebuild clmbr-cuda', async () => {
    const addon = await compile({ ggml, jobs, architectures, toolkit });
    const file = inPackage('prebuilds', 'linux-x64', 'clmbr.glibc.node');
    checkLibraries(await librariesOf(addon));
    mkdirSync(path.dirname(file), { recursive: true });
    copyFileSync(addon, file);
    const described = describeBinary(target, readFileSync(file));
    const manifest = withFiles(undefined, origin(), [described]);
    writeFileSync(inPackage('prebuilds', 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    say(`  packages/cuda/${described.path}: ${(described.bytes / 1e6).toFixed(1)} MB, needs glibc ${described.glibc}`);
  });
}

async function compile({ ggml, jobs, architectures, toolkit }) {
  const folder = inCross('build', target.name);
  const headers = (name) => inRoot('node_modules', name);
  const cache = versionOf('ccache') === undefined ? undefined : 'ccache';
  const settings = {
    CMAKE_BUILD_TYPE: 'Release',
    CLMBR_CUDA: 'ON',
    CLMBR_GGML_DIR: ggml,
    CMAKE_JS_INC: [path.join(headers('node-api-headers'), 'include'), headers('node-addon-api')].join(';'),
    NODE_ARCH: target.arch,
    CUDAToolkit_ROOT: toolkit,
    CMAKE_CUDA_COMPILER: path.join(toolkit, 'bin', 'nvcc'),
    // Where the libraries lie on this machine says nothing about others.
    CMAKE_SKIP_RPATH: 'ON',
    ...(architectures && { CMAKE_CUDA_ARCHITECTURES: architectures }),
    ...(cache && {
      CMAKE_C_COMPILER_LAUNCHER: cache,
      CMAKE_CXX_COMPILER_LAUNCHER: cache,
      CMAKE_CUDA_COMPILER_LAUNCHER: cache,
    }),
  };
  forgetOtherSettings(folder, JSON.stringify(settings, null, 2));
  const options = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  await cmake(['-S', inRoot(), '-B', folder, ...options]);
  await cmake(['--build', folder, '--parallel', String(jobs), '--target', 'clmbr']);
  const addon = path.join(folder, 'clmbr.node');
  if (!existsSync(addon)) throw new StepError(`The build made no ${addon}.`);
  return addon;
}

/** A compiler cannot be changed in an existing CMake cache: it would lose all other settings. */
function forgetOtherSettings(folder, wanted) {
  const account = path.join(folder, 'settings.json');
  mkdirSync(folder, { recursive: true });
  if (existsSync(account) && readFileSync(account, 'utf8') === wanted) return;
  rmSync(path.join(folder, 'CMakeCache.txt'), { force: true });
  rmSync(path.join(folder, 'CMakeFiles'), { recursive: true, force: true });
  writeFileSync(account, wanted);
}

async function cmake(args) {
  const env = { ...cleanEnvironment(), CMAKE_GENERATOR: versionOf('ninja') === undefined ? 'Unix Makefiles' : 'Ninja' };
  const { code } = await run('cmake', args, { env, inherit: true });
  if (code !== 0) throw new StepError(`cmake ${args.slice(0, 2).join(' ')} ended with ${code}.`);
}

async function librariesOf(addon) {
  const { code, output, missing } = await run('readelf', ['-d', addon]);
  if (missing || code !== 0) throw new StepError('readelf (binutils) is needed to see what the addon links.');
  return [...output.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map((match) => match[1]);
}

/**
 * The driver must not be linked: a machine without one has to be able to load the addon and say so.
 * @param {string[]} libraries
 */
export function checkLibraries(libraries) {
  const starts = (names) => (library) => names.some((name) => library.startsWith(name));
  const foreign = libraries.filter((library) => !starts([...suppliedByCuda, ...everywhere])(library));
  if (foreign.length > 0) throw new StepError(`clmbr-cuda cannot be shipped: it links ${foreign.join(', ')}.`);
  for (const name of suppliedByCuda)
    if (!libraries.some(starts([name]))) throw new StepError(`clmbr-cuda cannot be shipped: it does not link ${name}.`);
}
