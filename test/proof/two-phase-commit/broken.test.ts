import { expect, test, vi } from 'vitest';
import { check } from '../../../src/checker.ts';
import { brokenTwins } from '../../../src/proof/two-phase-commit/broken.ts';
import { twoPhaseCommitModel } from '../../../src/proof/two-phase-commit/model.ts';

vi.setConfig({ testTimeout: 60_000 });

test.each(Object.entries(brokenTwins))('the checker finds that %s', (_name, { broken, options }) => {
  const { properties, stoppedBy } = check(twoPhaseCommitModel({ ...options, broken }), { maxSeconds: 50 });
  expect(stoppedBy).toBe('violation');
  const violated = properties.filter(({ kind, verdict }) => kind === 'always' && verdict === 'violated');
  expect(violated.length).toBeGreaterThan(0);
});
