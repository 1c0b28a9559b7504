import { expect, test } from 'vitest';
import { failoverScenario } from '../../../src/proof/failover/scenario.ts';
import { runSuiteAsync } from '../../../src/simulator/suite.ts';
import { faulty, type Runs } from '../faulty.ts';

// Bounded by runs, not by time: a busy machine takes longer.
const suite = (options: Runs) => runSuiteAsync(failoverScenario(), { ...faulty, ...options });

test('nothing that was acknowledged is lost under all faults, and failovers come to an end', async () => {
  const { failed, goals, runs } = await suite({ seed: 1, runs: 8, nodes: 3 });
  expect(failed?.violation).toBeUndefined();
  expect(runs).toBe(8);
  for (const goal of ['a write was acknowledged', 'an old primary came back as a standby']) {
    expect(goals.get(goal)).toBeGreaterThan(0);
  }
});

test('five managers survive as well', async () => {
  expect((await suite({ seed: 5_000, runs: 2, nodes: 5 })).failed?.violation).toBeUndefined();
});

test('the same seed gives the same event log, to the last byte', async () => {
  expect((await suite({ seed: 500, runs: 1, nodes: 3, checksDeterminism: true })).divergedSeed).toBeUndefined();
});
