import { expect, test, vi } from 'vitest';
import { type CheckResult, check } from '../../../src/checker.ts';
import { primaryBackupTwins } from '../../../src/proof/primary-backup/broken.ts';
import { primaryBackupModel } from '../../../src/proof/primary-backup/model.ts';

// Bounded by states, not by time: a busy machine takes longer.
vi.setConfig({ testTimeout: 300_000 });

const violatedIn = ({ properties }: CheckResult): string[] =>
  properties.flatMap(({ name, verdict }) => (verdict === 'violated' ? name : []));

// Those that more states are needed for take minutes.
const checked = primaryBackupTwins.flatMap(({ name, broken, checker }) =>
  checker === undefined || checker.statesToFind !== undefined ? [] : { name, broken, ...checker },
);

test.each(checked)('the checker finds that $name, and nothing wrong with the true replicas', (twin) => {
  const { bounds, broken, violates } = twin;
  const found = check(primaryBackupModel({ ...bounds, broken }), { maxStates: 60_000 });
  expect(violatedIn(found)).toContain(violates);
  expect(violatedIn(check(primaryBackupModel(bounds), { maxStates: found.states }))).toEqual([]);
});
