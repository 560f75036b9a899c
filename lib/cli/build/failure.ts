/** What CMake and compilers say when something is not installed, and what to do. The first that fits counts. */
const known: readonly { pattern: RegExp; sentence: (found: RegExpExecArray) => string }[] = [
  {
    pattern: /Could NOT find Vulkan \(missing: ([^)]*)\)/,
    sentence: ([, missing]) =>
      `CMake does not find Vulkan's development files (${missing!.trim()}): apt-get install libvulkan-dev glslc, or the Vulkan ` +
      'SDK, or name them with -- -DVulkan_INCLUDE_DIR=... -DVulkan_LIBRARY=...',
  },
  {
    pattern: /SPIRV-HeadersConfig\.cmake|package configuration file provided by "SPIRV-Headers"/,
    sentence: () => 'CMake does not find the SPIR-V headers: apt-get install spirv-headers, or the Vulkan SDK',
  },
  {
    pattern: /CUDA Toolkit not found|Could NOT find CUDAToolkit/,
    sentence: () =>
      'CMake finds no CUDA toolkit beside nvcc: name its folder with -- -DCUDAToolkit_ROOT=/path/to/cuda (with bin, include and lib64)',
  },
  {
    pattern: /(?:No CMAKE_(?:C|CXX)_COMPILER could be found|could not find any instance of Visual Studio)/i,
    sentence: () => 'CMake finds no compiler for C and C++: install one, or name it with -- -DCMAKE_CXX_COMPILER=...',
  },
  {
    pattern: /no space left on device/i,
    sentence: () => 'the disk of the package is full',
  },
];

/** Why a build failed, in one line. */
export function explainLog(log: string): string {
  for (const { pattern, sentence } of known) {
    const found = pattern.exec(log);
    if (found !== null) return sentence(found);
  }
  const lines = log.split(/\r?\n/).map((line) => line.trim());
  const at = lines.findIndex((line) => /(^|\W)(fatal )?error\b|CMake Error/i.test(line));
  if (at < 0) return lines.findLast((line) => line !== '') ?? 'it printed nothing';
  // CMake puts the place first and the reason below, indented.
  const isPlace = /^CMake Error.*:$/.test(lines[at]!);
  const reason = isPlace ? lines.slice(at + 1, at + 8).filter((line) => line !== '') : [];
  return [lines[at]!, ...reason].join(' ').slice(0, 300);
}
