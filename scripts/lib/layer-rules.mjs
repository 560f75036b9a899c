// The table of check-layers: who may import whom, and how long a file may be.

/** Tiers of lib/ from the bottom up. Members of one tier may use each other, but never in a circle. */
export const tiers = [
  ['errors', 'types', 'options', 'time', 'version', 'heap'],
  ['json', 'files', 'gguf', 'tokenizer', 'coverage'],
  ['architecture'],
  ['convert', 'native'],
  ['scheduler', 'data', 'labels', 'mapping', 'output', 'report', 'doctor'],
  ['model*'],
  ['run'],
  ['features'],
  ['index'],
  ['cli'],
];

/** Parts of lib/ that work without the addon: nothing that they import may reach lib/native. */
export const withoutAddon = ['tokenizer', 'gguf', 'architecture', 'convert'];

/** Parts that see the package as its users do. */
export const users = [
  { folder: 'lib/cli', may: ['lib/index.ts'] },
  { folder: 'bench', may: ['lib/index.ts', 'dist/index.js', 'scripts/lib/ggml-pin.mjs'] },
  { folder: 'examples', may: ['lib/index.ts', 'dist/index.js'] },
];

/** Where the addon may be named: lib/native loads it, lib/cli/build makes it. */
export const addonFolders = ['lib/native/', 'lib/cli/build/'];
export const addonMarks = [/['"`]node-gyp-build['"`]/, /\.node['"`]/, /process\.dlopen/];

/** Headers that a part of native/ may not include, directly or through another file. */
export const nativeRules = [
  {
    folder: 'native/engine',
    forbidden: [/^napi\.h$/, /^node_api/, /^js_native_api/, /^native\/binding\//, /^native\/addon/],
    because: 'the engine knows nothing of Node-API',
  },
  {
    folder: 'native/kernels',
    forbidden: [/^napi\.h$/, /^node_api/, /^js_native_api/, /^native\/(binding|engine|addon)/],
    because: 'kernels are plain functions on memory',
  },
  {
    // A template or inline function of the C++ library compiled with AVX2 may be the copy that the linker keeps for the
    // whole addon, and then kills processors without AVX2.
    folder: 'native/kernels',
    only: /_(avx2|avx512)\.(cc|h)$/,
    forbidden: [
      /^(algorithm|array|atomic|functional|map|memory|mutex|numeric|optional|string|thread|tuple|utility|vector)$/,
    ],
    because: 'files compiled for one instruction set include C headers only',
  },
];

/** Longest files, in lines. The first pattern that fits counts. */
export const budgets = [
  { files: /^(lib|bench|examples|scripts)\/.*\.(ts|mjs)$/, lines: 250 },
  { files: /^test\/.*\.ts$/, lines: 400 },
  { files: /^native\/.*\.(cc|h)$/, lines: 400 },
];

/** Files that may be longer: `{ file, lines, reason }`. */
export const exceptions = [];
