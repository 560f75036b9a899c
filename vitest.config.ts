import { defineConfig } from 'vitest/config';

// `npm run fuzz` runs test/fuzz/*.fuzz.ts and nothing else: searches that take as long as they are given.
const fuzzing = process.env.CLMBR_FUZZ === '1';
// `npm run fuzz:corpus` runs test/fuzz/corpus.select.ts, which chooses what test/fuzz/corpus.test.ts replays.
const choosing = process.env.CLMBR_FUZZ === 'corpus';
// `npm run test:external` runs test/**/*.external.ts: what needs programs that not every machine has.
const external = process.env.CLMBR_EXTERNAL === '1';
const fuzzSeconds = Number(process.env.CLMBR_FUZZ_SECONDS ?? 60);

export default defineConfig({
  test: {
    include: [
      fuzzing
        ? 'test/fuzz/**/*.fuzz.ts'
        : choosing
          ? 'test/fuzz/corpus.select.ts'
          : external
            ? 'test/**/*.external.ts'
            : 'test/**/*.test.ts',
    ],
    // Commands that tests run inside of the worker print without colour, whatever terminal or CI runs them.
    env: { NO_COLOR: '1' },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: fuzzing || choosing ? (fuzzSeconds + 60) * 1000 : 60_000,
    hookTimeout: 120_000,
  },
});
