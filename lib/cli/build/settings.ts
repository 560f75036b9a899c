import path from 'node:path';
import { UsageError } from '../errors.ts';
import type { Sources } from './sources.ts';

export interface BuildFlags {
  cuda: boolean;
  vulkan: boolean;
  metal: boolean;
  native: boolean;
  cudaArchitectures?: string;
}

/** What the machine has, as far as CMake must be told. */
export interface Machine {
  platform: NodeJS.Platform;
  arch: string;
  hasNinja: boolean;
  /** Path of nvcc; with `cuda` only. */
  nvcc?: string;
  /** Processors of the graphics cards at hand, as in `9.0`; with `cuda` only. */
  computeCapabilities?: readonly string[];
}

/** Folders below `work`, the folder of one build. */
export const binaryFolder = (work: string) => path.join(work, 'cmake');
export const outputFolder = (work: string) => path.join(work, 'out');

/**
 * Arguments that configure a build. What the user hands through comes last, because the last of two equal settings counts.
 *
 * @throws UsageError where flags do not fit the machine or each other
 */
export function configureArguments(
  flags: BuildFlags,
  handedThrough: readonly string[],
  sources: Sources,
  machine: Machine,
  work: string,
): string[] {
  const definitions: Record<string, string> = {
    CMAKE_BUILD_TYPE: 'Release',
    CMAKE_LIBRARY_OUTPUT_DIRECTORY: slashes(outputFolder(work)),
    CMAKE_JS_INC: sources.headers.map(slashes).join(';'),
    NODE_ARCH: machine.arch,
    CLMBR_NATIVE: onOff(flags.native),
    CLMBR_CUDA: onOff(flags.cuda),
    CLMBR_VULKAN: onOff(flags.vulkan),
    CLMBR_METAL: onOff(flags.metal),
    ...platformDefinitions(sources, machine, work),
    ...(flags.cuda ? cudaDefinitions(flags, handedThrough, machine) : {}),
  };
  if (flags.metal && machine.platform !== 'darwin')
    throw new UsageError(`--metal builds for Apple's Metal, which only macOS has; this is ${machine.platform}`);
  if (!flags.cuda && flags.cudaArchitectures !== undefined) throw new UsageError('--cuda-architectures is for --cuda');
  const first = handedThrough[0];
  if (first !== undefined && !first.startsWith('-'))
    throw new UsageError(
      `"${first}" is no option; what follows -- goes to CMake, as in -- -DCMAKE_CXX_COMPILER=clang++`,
    );
  const generator = machine.hasNinja && !handedThrough.some((argument) => argument.startsWith('-G'));
  return [
    ...['-S', sources.root, '-B', binaryFolder(work), '--no-warn-unused-cli'],
    ...(generator ? ['-G', 'Ninja'] : []),
    ...Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`),
    ...handedThrough,
  ];
}

function platformDefinitions(sources: Sources, machine: Machine, work: string): Record<string, string> {
  if (machine.platform === 'darwin')
    return { CMAKE_OSX_ARCHITECTURES: machine.arch === 'x64' ? 'x86_64' : machine.arch };
  if (machine.platform !== 'win32') return {};
  const library = slashes(path.join(work, 'node.lib'));
  return {
    // The C++ library inside of the addon: a machine without Visual Studio may lack its DLLs.
    CMAKE_MSVC_RUNTIME_LIBRARY: 'MultiThreaded$<$<CONFIG:Debug>:Debug>',
    CMAKE_JS_NODELIB_DEF: slashes(sources.definitions),
    CLMBR_NODE_API_DEF: slashes(sources.definitions),
    CMAKE_JS_NODELIB_TARGET: library,
    CMAKE_JS_LIB: library,
  };
}

function cudaDefinitions(
  flags: BuildFlags,
  handedThrough: readonly string[],
  machine: Machine,
): Record<string, string> {
  const given = handedThrough.some((argument) => argument.startsWith('-DCMAKE_CUDA_ARCHITECTURES'));
  return {
    ...(given ? {} : { CMAKE_CUDA_ARCHITECTURES: cudaArchitectures(flags.cudaArchitectures, machine) }),
    ...(machine.nvcc === undefined ? {} : { CMAKE_CUDA_COMPILER: slashes(machine.nvcc) }),
  };
}

/** `80,90` as CMake writes it. A bare number means machine code only: PTX of a new toolkit is refused by older drivers. */
function cudaArchitectures(flag: string | undefined, machine: Machine): string {
  if (flag === 'all' || flag === 'all-major' || flag === 'native') return flag;
  const names = flag?.split(/[,;]/) ?? machine.computeCapabilities?.map((version) => version.replace('.', '')) ?? [];
  if (names.length === 0)
    throw new UsageError(
      'No NVIDIA device answers here, so --cuda-architectures must say what to build for: 80 (A100), 86 (A10, RTX 30), ' +
        '89 (L4, RTX 40), 90 (H100, H200), 120 (RTX 50); several with commas',
    );
  const wrong = names.find((name) => !/^[0-9]{2,3}[af]?(-real|-virtual)?$/.test(name));
  if (wrong !== undefined)
    throw new UsageError(
      `--cuda-architectures names "${wrong}", expected numbers such as 80,90 or all-major or native`,
    );
  return [...new Set(names.map((name) => (name.includes('-') ? name : `${name}-real`)))].join(';');
}

const onOff = (value: boolean) => (value ? 'ON' : 'OFF');
const slashes = (file: string) => file.replaceAll('\\', '/');
