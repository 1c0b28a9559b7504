import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { noSkips } from './no-skips.ts';
import { secondAttempts } from './second-attempts.ts';
import { SlowestFirst } from './slowest-first.ts';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: 'test/tsconfig.json' },
    globalSetup: ['test/vitest-directory.ts'],
    setupFiles: ['test/same-values.ts'],
    // Deadlines for what hangs: a machine that is busy with other things is several times slower than one that is not.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Modules hold no state, so that files of a worker can share them; loading them anew took a third of all time.
    isolate: false,
    // As Node does: what the package imports must be what users get.
    deps: { interopDefault: false },
    sequence: { sequencer: SlowestFirst },
    reporters: ['default', secondAttempts, ...(process.env.CI === undefined ? [] : [noSkips])],
    // By default two processors mean one file at a time; but files that wait for other processes, and for time-outs, leave
    // them idle: with five files at a time some of them are nearly always at work.
    maxWorkers: Math.max(5, availableParallelism() - 1),
  },
});
