import { expect, test } from 'vitest';
import { registerScenario } from '../../../src/proof/caspaxos/scenario.ts';
import { runSuiteAsync } from '../../../src/simulator/suite.ts';
import { faulty, type Runs } from '../faulty.ts';

const suite = (options: Runs) => runSuiteAsync(registerScenario(), { ...faulty, ...options });

test('registers are linearizable under all faults, and reach every goal', { timeout: 600_000 }, async () => {
  const { failed, missed } = await suite({ seed: 1, runs: 30, nodes: 3 });
  expect(failed?.violation).toBeUndefined();
  expect(missed).toEqual([]);
});

test.each([1, 2, 5])('they survive with %i nodes', { timeout: 600_000 }, async (nodes) => {
  expect((await suite({ seed: 1_000 * nodes, runs: 6, nodes })).failed?.violation).toBeUndefined();
});

test('they give the same event log for the same seed, to the last byte', { timeout: 600_000 }, async () => {
  expect((await suite({ seed: 500, runs: 4, nodes: 3, checksDeterminism: true })).divergedSeed).toBeUndefined();
});
