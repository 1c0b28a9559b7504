import { describe, expect, test } from 'vitest';
import { paxosScenario } from '../../../src/proof/paxos/scenario.ts';
import { runSuite } from '../../../src/simulator/suite.ts';
import { faulty, type Runs } from '../faulty.ts';

const suite = (options: Runs) => runSuite(paxosScenario(), { ...faulty, ...options });

describe('the replicated store over Multi-Paxos, simulated', () => {
  // The first of the runs that `quorate prove` plays, which also asks for every goal.
  test('keeps its invariants and stays linearizable under all faults', {
    timeout: 600_000,
  }, () => {
    const result = suite({ seed: 1, runs: 8, nodes: 3 });
    expect(result.failed?.violation).toBeUndefined();
    for (const goal of ['another leader was elected', 'an operation succeeded']) {
      expect(result.goals.get(goal)).toBeGreaterThan(0);
    }
  });

  test('keeps them while a server is replaced, under all faults', { timeout: 600_000 }, () => {
    const result = runSuite(paxosScenario(undefined, { replaces: true }), { ...faulty, seed: 1, runs: 60, nodes: 4 });
    expect(result.failed?.violation).toBeUndefined();
    expect(result.missed).toEqual([]);
  });

  test('keeps them while members come and go, under all faults', { timeout: 600_000 }, () => {
    const result = runSuite(paxosScenario(undefined, { changes: true }), { ...faulty, seed: 1, runs: 60, nodes: 4 });
    expect(result.failed?.violation).toBeUndefined();
    expect(result.missed).toEqual([]);
  });

  test('keeps them while leadership is handed over, under all faults', { timeout: 600_000 }, () => {
    const result = runSuite(paxosScenario(undefined, { transfers: true }), { ...faulty, seed: 1, runs: 20, nodes: 3 });
    expect(result.failed?.violation).toBeUndefined();
    expect(result.missed).toEqual([]);
  });

  test.each([1, 2, 5])('survives with %i nodes', { timeout: 600_000 }, (nodes) => {
    const result = suite({ seed: 1_000 * nodes, runs: 6, nodes });
    expect(result.failed?.violation).toBeUndefined();
  });

  test('gives the same event log for the same seed, to the last byte', { timeout: 600_000 }, () => {
    expect(suite({ seed: 500, runs: 4, nodes: 3, checksDeterminism: true }).divergedSeed).toBeUndefined();
  });
});
