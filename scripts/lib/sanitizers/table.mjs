import { inRoot } from '../paths.mjs';

const address =
  'detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1:allocator_may_return_null=1';
const suppressed = (file) => `suppressions=${inRoot('native', 'test', file)}:print_suppressions=0`;

/** What goes through the binding: loading, all kinds of calls, aborts, disposal, hostile arguments. */
const calls = [
  ...['load', 'refusals', 'label-times', 'pooling', 'sharing', 'stream', 'finite'].map(
    (name) => `test/model/${name}.test.ts`,
  ),
  ...['generate', 'endings', 'context', 'ended-on-the-way', 'refusals'].map((name) => `test/generate/${name}.test.ts`),
  ...['test/model/evaluate.test.ts', 'test/evaluate/targets.test.ts', 'test/evaluate/surprisal.test.ts'],
  ...['test/risk/risk.test.ts', 'test/scheduler/queue.test.ts', 'test/hostile/patients.test.ts'],
];
/** Those of them in which calls overlap. */
const concurrent = ['load', 'sharing', 'stream'].map((name) => `test/model/${name}.test.ts`);
concurrent.push('test/generate/ended-on-the-way.test.ts', 'test/scheduler/queue.test.ts');
const processes = ['test/process/lifecycle.test.ts'];
const faults = ['test/process/faults.test.ts'];

/**
 * How each kind of run is built, and what the sanitizer is told; every finding ends the program with a failure.
 *
 * `native` is the program of native/test, `node` the addon inside of node: `preload`, the runtime library that has to be there before
 * node's own first allocation; `variable`, where the sanitizer looks for its options; `plants`, the defects of
 * native/test/addon/plants.cc that it has to report there before its silence counts; `tests`.
 */
export const sanitizers = {
  address: {
    build: 'address',
    native: { ASAN_OPTIONS: `${address}:detect_leaks=0` },
    node: {
      preload: 'libasan.so',
      variable: 'ASAN_OPTIONS',
      options: 'detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1:detect_leaks=0',
      plants: ['overflow', 'use-after-free'],
      tests: [...calls, ...processes, ...faults],
    },
  },
  leaks: {
    build: 'address',
    native: { ASAN_OPTIONS: `${address}:detect_leaks=1`, LSAN_OPTIONS: suppressed('leaks.txt') },
    node: {
      preload: 'libasan.so',
      variable: 'ASAN_OPTIONS',
      options: 'detect_leaks=1:allocator_may_return_null=1:exitcode=0',
      plants: ['leak'],
      tests: processes,
    },
  },
  undefined: {
    build: 'undefined',
    native: { UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1' },
    node: {
      variable: 'UBSAN_OPTIONS',
      options: 'print_stacktrace=1:halt_on_error=1',
      plants: ['signed-overflow'],
      tests: [...calls, ...processes, ...faults],
    },
  },
  thread: {
    build: 'thread',
    native: { TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1' },
    // Some systems give programs addresses that ThreadSanitizer cannot use: random ones of more bits than it knows.
    launcher: process.platform === 'linux' ? ['setarch', '-R'] : [],
    node: {
      preload: 'libtsan.so',
      variable: 'TSAN_OPTIONS',
      options: 'second_deadlock_stack=1:exitcode=0',
      plants: ['race'],
      tests: [...concurrent, ...processes],
    },
  },
};
