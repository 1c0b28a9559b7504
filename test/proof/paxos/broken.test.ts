import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/environment/clock.ts';
import { paxosScenario } from '../../../src/proof/paxos/scenario.ts';
import { runSuite } from '../../../src/simulator/suite.ts';
import { type PaxosRules, paxosRules } from '../../../statecharts/paxos/log/rules.ts';
import { definePaxosServer } from '../../../statecharts/paxos/server.ts';

/** The first problem that a few runs find with `broken` in the place of true rules. */
function problemOf(broken: Partial<PaxosRules>): string | undefined {
  const scenario = paxosScenario(definePaxosServer({ ...paxosRules, ...broken }));
  const faults = ['partial-partition', 'crash', 'one-way', 'pause'] as const;
  return runSuite(scenario, { seed: 1, runs: 5, nodes: 3, faults, isNetworkFaulty: true, clock: systemClock() }).failed
    ?.violation?.problem;
}

describe('the invariants of Multi-Paxos find', { timeout: 600_000 }, () => {
  test('nothing wrong with the true rules', () => {
    expect(problemOf({})).toBeUndefined();
  });

  test('that a candidate leads with one promise', () => {
    const hasPromises: PaxosRules['hasPromises'] = ({ phase1 }) =>
      phase1?.promises.some(({ isWhole }) => isWhole) ?? false;
    expect(problemOf({ hasPromises })).toMatch(/^chosen stays chosen/);
  });

  test('that a candidate takes over nothing of what it is told', () => {
    const notePromise: PaxosRules['notePromise'] = (context, message) => {
      const ruling = paxosRules.notePromise(context, message);
      const phase1 = ruling.context?.phase1;
      if (phase1 === undefined || phase1 === null || context.phase1 === null) return ruling;
      return { ...ruling, context: { ...ruling.context, phase1: { ...phase1, found: context.phase1.found } } };
    };
    expect(problemOf({ notePromise })).toMatch(/^chosen stays chosen/);
  });

  test('that a candidate stands at a ballot that is not later than what it has promised', () => {
    const stand: PaxosRules['stand'] = (context) =>
      paxosRules.stand({
        ...context,
        highest: { round: Math.max(0, (context.highest?.round ?? 0) - 1), proposer: context.self },
      });
    expect(problemOf({ stand })).toMatch(/^(promise|one value per ballot|chosen stays chosen)/);
  });
});
