/** What simulated runs of the replicated store show whose members may change, whichever protocol keeps its log. */

import { describe, expect, test } from 'vitest';
import type { StoreApplication, StoreScenarioOptions } from '../../../src/proof/store/scenario.ts';
import type { Scenario } from '../../../src/simulator/scenario.ts';
import { runSuite } from '../../../src/simulator/suite.ts';
import { faulty, type Runs } from '../faulty.ts';

const timeout = 600_000;

export function simulatesLog(
  protocol: string,
  scenario: (options?: StoreScenarioOptions) => Scenario<StoreApplication>,
  runs: { readonly replaces: number; readonly transfers: number },
): void {
  const suite = (options: Runs, scenarioOptions?: StoreScenarioOptions) =>
    runSuite(scenario(scenarioOptions), { ...faulty, ...options });

  describe(`the replicated store over ${protocol}, simulated`, () => {
    // The first of the runs that `quorate prove` plays, which also asks for every goal.
    test('keeps its invariants and stays linearizable under all faults', { timeout }, () => {
      const result = suite({ seed: 1, runs: 8, nodes: 3 });
      expect(result.failed?.violation).toBeUndefined();
      for (const goal of ['another leader was elected', 'an operation succeeded']) {
        expect(result.goals.get(goal)).toBeGreaterThan(0);
      }
    });

    test.each([
      ['a server is replaced', { replaces: true }, { runs: runs.replaces, nodes: 4 }],
      ['members come and go', { changes: true }, { runs: 60, nodes: 4 }],
      ['leadership is handed over', { transfers: true }, { runs: runs.transfers, nodes: 3 }],
    ])('keeps them while %s, under all faults', { timeout }, (_, scenarioOptions, options) => {
      const result = suite({ seed: 1, ...options }, scenarioOptions);
      expect(result.failed?.violation).toBeUndefined();
      expect(result.missed).toEqual([]);
    });

    test.each([1, 2, 5])('survives with %i nodes', { timeout }, (nodes) => {
      const result = suite({ seed: 1_000 * nodes, runs: 6, nodes });
      expect(result.failed?.violation).toBeUndefined();
    });

    test('gives the same event log for the same seed, to the last byte', { timeout }, () => {
      expect(suite({ seed: 500, runs: 4, nodes: 3, checksDeterminism: true }).divergedSeed).toBeUndefined();
    });
  });
}
