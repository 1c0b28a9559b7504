import { defineConfig } from 'vitest/config';
import { noSkips } from '../no-skips.ts';

/** Kept apart from the other tests: it takes minutes, and wants the machine for itself. `TORTURE_SECONDS` says how long. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    reporters: process.env.CI === undefined ? ['default'] : ['default', noSkips],
    include: ['test/torture/*.torture.ts'],
    testTimeout: (Number(process.env.TORTURE_SECONDS ?? 30) * 3 + 600) * 1_000,
    hookTimeout: 600_000,
    disableConsoleIntercept: true,
  },
});
