import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/mutations/*.mutate.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    maxConcurrency: 2,
    // A rule over real servers may meet its case in most runs and not in all; what no test notices passes each time.
    retry: 2,
  },
});
