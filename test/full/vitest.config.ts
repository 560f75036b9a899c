import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/full/**/*.parity.ts'], pool: 'forks', testTimeout: 600_000, hookTimeout: 600_000 },
});
