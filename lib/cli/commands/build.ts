import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { buildAddon } from '../build/build.ts';
import type { BuildFlags } from '../build/settings.ts';
import type { Context } from '../options.ts';
import { wholeNumber } from '../options.ts';
import { print } from '../output.ts';
import { startProgress } from '../progress.ts';
import { grouped } from '../text.ts';

interface Flags extends BuildFlags {
  jobs?: number;
  quiet: boolean;
}

const help = `
What follows -- goes to CMake: clmbr build --cuda -- -DCUDAToolkit_ROOT=/opt/cuda
The result is build/Release/clmbr.node in the package, which is preferred over
the prebuilt addons; delete it to go back to them.`;

export function addBuild(program: Command, { signal }: Context): void {
  program
    .command('build')
    .summary('build the native addon from source')
    .description(
      'Builds the native addon from the sources inside of the package, without network. It needs CMake, a C++17 compiler and make or ninja.',
    )
    .argument('[cmake-options...]', 'after --: options for CMake')
    .option('--cuda', "with ggml's CUDA backend (needs the CUDA toolkit)", false)
    .option('--vulkan', "with ggml's Vulkan backend (needs glslc, Vulkan's and SPIR-V's headers)", false)
    .option('--metal', "with ggml's Metal backend (macOS)", false)
    .option('--native', "compile ggml's own CPU operators for this processor only", false)
    .option('--cuda-architectures <list>', 'such as 80,90 (default: those of the devices here)')
    .option('--jobs <n>', 'compilers at a time (default: one for each processor)', wholeNumber(1, 1024))
    .option('--quiet', 'no progress', false)
    .addHelpText('after', help)
    .action((cmakeOptions: string[], flags: Flags) => build(cmakeOptions, flags, signal));
}

async function build(handedThrough: readonly string[], flags: Flags, signal: AbortSignal): Promise<void> {
  const { quiet, ...options } = flags;
  const start = performance.now();
  const progress = startProgress('clmbr: building', { quiet });
  let file: string;
  try {
    file = await buildAddon({ ...options, handedThrough, progress, signal });
  } finally {
    progress.stop();
  }
  const devices = ['CPU', flags.cuda && 'CUDA', flags.vulkan && 'Vulkan', flags.metal && 'Metal'].filter(Boolean);
  const seconds = Math.round((performance.now() - start) / 1000);
  await print(`${file}\n${grouped(statSync(file).size)} bytes, for ${devices.join(' and ')}, ${seconds} s\n`);
}
