import { expect, test } from 'vitest';
import { detectorScenario } from '../../../src/proof/detector/scenario.ts';
import { runSuite } from '../../../src/simulator/suite.ts';
import { faulty, type Runs } from '../faulty.ts';

const suite = (options: Runs) => runSuite(detectorScenario(), { ...faulty, ...options });

test('detectors keep their claims under all faults, and reach every goal', { timeout: 600_000 }, () => {
  const { failed, missed } = suite({ seed: 1, runs: 20, nodes: 4 });
  expect(failed?.violation).toBeUndefined();
  expect(missed).toEqual([]);
});

test.each([2, 3, 5])('they survive with %i nodes', { timeout: 600_000 }, (nodes) => {
  expect(suite({ seed: 1_000 * nodes, runs: 4, nodes }).failed?.violation).toBeUndefined();
});

test('they give the same event log for the same seed, to the last byte', { timeout: 600_000 }, () => {
  expect(suite({ seed: 500, runs: 2, nodes: 3, checksDeterminism: true }).divergedSeed).toBeUndefined();
});
