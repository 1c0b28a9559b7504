/** Where everything must run, such as in continuous integration, a test that was skipped is a failure. */

import type { Reporter, TestModule } from 'vitest/node';

export const noSkips: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    if (skipped.length === 0) return;
    for (const { fullName, module } of skipped) process.stderr.write(`skipped: ${module.moduleId} > ${fullName}\n`);
    process.stderr.write(`${skipped.length} tests were skipped; install what they need (CONTRIBUTING.md says what)\n`);
    process.exitCode = 1;
  },
};
