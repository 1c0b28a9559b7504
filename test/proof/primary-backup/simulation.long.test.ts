import { expect, test } from 'vitest';
import { primaryBackupScenario } from '../../../src/proof/primary-backup/scenario.ts';
import { runSuite } from '../../../src/simulator/suite.ts';
import { faulty } from '../faulty.ts';

test.each(['sync', 'quorum'] as const)(
  'a store that acknowledges in %s mode keeps its claims and stays linearizable under all faults',
  { timeout: 600_000 },
  (mode) => {
    const { failed, missed } = runSuite(primaryBackupScenario({ mode }), { ...faulty, seed: 1, runs: 30, nodes: 3 });
    expect(failed?.violation).toBeUndefined();
    expect(missed).toEqual([]);
  },
);

test('a store that may lose something loses no more than that, as its servers and its clients see it', {
  timeout: 600_000,
}, () => {
  const scenario = primaryBackupScenario({ name: 'primary-backup-async', mode: 'async', maxLoss: 2 });
  const { failed, goals } = runSuite(scenario, { ...faulty, seed: 1, runs: 30, nodes: 3 });
  expect(failed?.violation).toBeUndefined();
  expect(goals.get('as many were lost as may be')).toBeGreaterThan(0);
});

test.each([1, 2, 5])('it survives with %i nodes', { timeout: 600_000 }, (nodes) => {
  const { failed } = runSuite(primaryBackupScenario(), { ...faulty, seed: 1_000 * nodes, runs: 5, nodes });
  expect(failed?.violation).toBeUndefined();
});

test('it keeps its claims while primaries hand over', { timeout: 600_000 }, () => {
  const scenario = primaryBackupScenario({}, { transfers: true });
  const { failed, goals } = runSuite(scenario, { ...faulty, seed: 1, runs: 10, nodes: 3 });
  expect(failed?.violation).toBeUndefined();
  expect(goals.get('leadership was handed over')).toBeGreaterThan(0);
});

test('it gives the same event log for the same seed, to the last byte', { timeout: 600_000 }, () => {
  const options = { ...faulty, seed: 500, runs: 3, nodes: 3, checksDeterminism: true };
  expect(runSuite(primaryBackupScenario(), options).divergedSeed).toBeUndefined();
});
