import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ClmbrError } from '../../index.ts';
import type { BuildFlags, Machine } from './settings.ts';

/** How the machine is looked at; tests put another machine in its place. */
export interface Probe {
  platform: NodeJS.Platform;
  arch: string;
  env: NodeJS.ProcessEnv;
  /** What a program prints, or undefined where there is none or it fails. */
  output: (command: string, args: readonly string[]) => string | undefined;
  exists: (file: string) => boolean;
}

export const thisMachine: Probe = {
  platform: process.platform,
  arch: process.arch,
  env: process.env,
  output(command, args) {
    const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', windowsHide: true });
    return status === 0 ? stdout : undefined;
  },
  exists: existsSync,
};

const advice = {
  cmake: { linux: 'apt-get install cmake', darwin: 'brew install cmake', win32: 'winget install Kitware.CMake' },
  compiler: { linux: 'apt-get install g++', darwin: 'xcode-select --install', win32: 'Visual Studio with C++' },
  make: { linux: 'apt-get install make', darwin: 'xcode-select --install', win32: 'Visual Studio with C++' },
};

/**
 * What there is to build with.
 *
 * @throws ClmbrError ADDON_UNAVAILABLE, one sentence for each tool that is missing
 */
export function findTools(flags: BuildFlags, handedThrough: readonly string[], probe: Probe = thisMachine): Machine {
  const { platform, arch, env, output } = probe;
  const names = (variable: string) => handedThrough.some((argument) => argument.startsWith(`-D${variable}`));
  const runs = (command: string | undefined) => Boolean(command) && output(command!, ['--version']) !== undefined;
  const install = (tool: keyof typeof advice) => advice[tool][platform as 'linux'] ?? advice[tool].linux;
  const problems = cmakeProblems(output('cmake', ['--version']), flags, install('cmake'));
  const hasNinja = platform !== 'win32' && runs('ninja');
  // On Windows CMake itself looks for Visual Studio, which is not on the PATH.
  if (platform !== 'win32') {
    if (!names('CMAKE_CXX_COMPILER') && ![env['CXX'], 'c++', 'g++', 'clang++'].some(runs))
      problems.push(`A C++17 compiler is missing: ${install('compiler')}.`);
    if (!hasNinja && ![env['MAKE'], 'make', 'gmake'].some(runs))
      problems.push(`A make tool (ninja or make) is missing: ${install('make')}.`);
  }
  const nvcc = flags.cuda && !names('CMAKE_CUDA_COMPILER') ? findNvcc(handedThrough, probe) : undefined;
  if (flags.cuda && nvcc === undefined && !names('CMAKE_CUDA_COMPILER'))
    problems.push(
      'nvcc, the compiler of the CUDA toolkit, is neither on the PATH nor in CUDAToolkit_ROOT, CUDA_PATH or ' +
        '/usr/local/cuda: install the toolkit, or name it with -- -DCMAKE_CUDA_COMPILER=/path/to/nvcc.',
    );
  if (flags.vulkan && !names('Vulkan_GLSLC_EXECUTABLE') && !findGlslc(probe))
    problems.push(
      'glslc, the compiler of Vulkan shaders, is missing: apt-get install glslc libvulkan-dev spirv-headers, or the Vulkan ' +
        'SDK, or name it with -- -DVulkan_GLSLC_EXECUTABLE=/path/to/glslc.',
    );
  if (problems.length > 0)
    throw new ClmbrError('ADDON_UNAVAILABLE', `The addon cannot be built here. ${problems.join(' ')}`);
  return {
    ...{ platform, arch, hasNinja, nvcc },
    computeCapabilities: flags.cuda ? computeCapabilities(probe) : undefined,
  };
}

function cmakeProblems(version: string | undefined, flags: BuildFlags, install: string): string[] {
  if (version === undefined) return [`CMake is missing: ${install}.`];
  const found = /(\d+)\.(\d+)/.exec(version);
  const oldest = flags.vulkan ? 19 : 18;
  if (found === null || Number(found[1]) > 3 || (Number(found[1]) === 3 && Number(found[2]) >= oldest)) return [];
  return [`CMake 3.${oldest} or later is needed, this is ${found[0]}: pip install cmake brings a newer one.`];
}

/** CMake looks on the PATH and in CUDACXX only. */
function findNvcc(handedThrough: readonly string[], { env, exists, output, platform }: Probe): string | undefined {
  const program = platform === 'win32' ? 'nvcc.exe' : 'nvcc';
  const root = handedThrough
    .map((argument) => /^-DCUDAToolkit_ROOT(?::[A-Z]+)?=(.+)$/.exec(argument)?.[1])
    .find((folder) => folder !== undefined);
  const folders = [root, env['CUDAToolkit_ROOT'], env['CUDA_PATH'], env['CUDA_HOME']];
  const inFolder = (folder: string | undefined) => {
    const file = folder ? path.join(folder, 'bin', program) : '';
    return file !== '' && exists(file) ? file : undefined;
  };
  const named = folders.map(inFolder).find((file) => file !== undefined);
  if (named !== undefined) return named;
  if (env['CUDACXX']) return env['CUDACXX'];
  return output('nvcc', ['--version']) === undefined ? inFolder('/usr/local/cuda') : 'nvcc';
}

function findGlslc({ env, exists, output, platform }: Probe): boolean {
  const program = platform === 'win32' ? 'glslc.exe' : 'glslc';
  const sdk = env['VULKAN_SDK'];
  if (sdk && ['bin', 'Bin'].some((folder) => exists(path.join(sdk, folder, program)))) return true;
  return output('glslc', ['--version']) !== undefined;
}

function computeCapabilities({ output }: Probe): string[] | undefined {
  const text = output('nvidia-smi', ['--query-gpu=compute_cap', '--format=csv,noheader']);
  const found = text?.match(/^\d+\.\d+$/gm) ?? [];
  return found.length > 0 ? [...new Set(found)] : undefined;
}
