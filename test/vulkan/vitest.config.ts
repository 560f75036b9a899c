import { defineConfig } from 'vitest/config';

// For `npm run test:vulkan`: the tests of every device, on the one that CLMBR_TEST_DEVICE names, and those of Vulkan alone.
// The first use of each shader compiles it, which takes a software device seconds.
export default defineConfig({
  test: {
    include: ['test/device/**/*.test.ts', 'test/vulkan/**/*.vulkan.ts'],
    env: { NO_COLOR: '1' },
    pool: 'forks',
    // Drivers share one cache of compiled shaders: what one process compiled the next one finds.
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
