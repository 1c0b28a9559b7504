/** A test that passed only when it was run again tells of a fault, in itself or in what it tests: it is named at the end. */

import type { Reporter, TestModule } from 'vitest/node';

export const secondAttempts: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    for (const module of modules) {
      for (const test of module.children.allTests('passed')) {
        if (test.diagnostic()?.flaky !== true) continue;
        const [first] = test.result().errors ?? [];
        process.stderr.write(`passed at the second attempt only: ${module.moduleId} > ${test.fullName}\n`);
        process.stderr.write(`  at first: ${first?.message ?? 'no message was kept'}\n`);
      }
    }
  },
};
