import { defineConfig } from 'vitest/config';

/** Kept apart from the other tests: it takes minutes, and wants the machine for itself. `TORTURE_SECONDS` says how long. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/torture/*.torture.ts'],
    testTimeout: (Number(process.env.TORTURE_SECONDS ?? 30) * 3 + 300) * 1_000,
    hookTimeout: 60_000,
    disableConsoleIntercept: true,
  },
});
