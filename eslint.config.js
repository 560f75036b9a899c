import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const nodeGlobals = Object.fromEntries(
  [
    ...[
      'Buffer',
      'URL',
      'AbortController',
      'AbortSignal',
      'TextDecoder',
      'TextEncoder',
      'console',
      'process',
      'performance',
    ],
    ...[
      'clearInterval',
      'clearTimeout',
      'queueMicrotask',
      'setImmediate',
      'setInterval',
      'setTimeout',
      'structuredClone',
    ],
    'globalThis',
  ].map((name) => [name, 'readonly']),
);

/** Rules of the language itself, for TypeScript and plain JavaScript alike. */
const general = {
  eqeqeq: ['error', 'always'],
  'no-console': 'error',
  'no-constant-condition': ['error', { checkLoops: false }],
  'no-fallthrough': 'error',
  'no-implicit-coercion': ['error', { boolean: false }],
  'no-param-reassign': 'error',
  'no-self-compare': 'error',
  'no-unreachable': 'error',
  'no-var': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
};

export default defineConfig(
  globalIgnores([
    'node_modules',
    'build',
    'dist',
    'prebuilds',
    'coverage',
    '.ggml',
    '.cache',
    '.cross',
    'docs/api',
    'examples/demo',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  { files: ['**/*.ts', '**/*.mjs', '**/*.js'], rules: general },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: { ecmaVersion: 2023, sourceType: 'module', globals: nodeGlobals },
    rules: {
      'no-undef': 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    // Types are looked up where a mistake reaches users: a forgotten await, an unsafe any.
    files: ['lib/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true, IIFEs: true }],
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `throw signal.reason` hands on what the caller chose.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
    },
  },
  // The command line and programs that are read on a terminal print.
  { files: ['lib/cli/**', 'bench/**', 'examples/**', 'scripts/**', 'test/**'], rules: { 'no-console': 'off' } },
);
