import { expect, test } from 'vitest';
import { agreeScenario } from '../../../src/proof/agree/scenario.ts';
import { runSuite } from '../../../src/simulator/suite.ts';
import { faulty, type Runs } from '../faulty.ts';

const suite = (options: Runs) => runSuite(agreeScenario(), { ...faulty, ...options });

test('agreement keeps its claims under all faults, and reaches every goal', { timeout: 600_000 }, () => {
  const { failed, missed } = suite({ seed: 1, runs: 40, nodes: 3 });
  expect(failed?.violation).toBeUndefined();
  expect(missed).toEqual([]);
});

test.each([1, 2, 5])('it survives with %i nodes', { timeout: 600_000 }, (nodes) => {
  expect(suite({ seed: 1_000 * nodes, runs: 6, nodes }).failed?.violation).toBeUndefined();
});

test('it gives the same event log for the same seed, to the last byte', { timeout: 600_000 }, () => {
  expect(suite({ seed: 500, runs: 4, nodes: 3, checksDeterminism: true }).divergedSeed).toBeUndefined();
});
