/** Leases of leaders under simulation, with clocks that drift by as much as the simulator's may, and every other fault. */

import { describe, expect, test } from 'vitest';
import { type PaxosLeaseOptions, paxosLeaseScenario } from '../../../src/proof/paxos/scenario.ts';
import { runSuite } from '../../../src/simulator/suite.ts';
import { type PaxosRules, paxosRules } from '../../../statecharts/paxos/log/rules.ts';
import { definePaxosServer } from '../../../statecharts/paxos/server.ts';
import { faulty, type Runs } from '../faulty.ts';
import { changingWithLives } from '../lease-timing.ts';

const suite = (options: Runs, broken: Partial<PaxosRules>, how: PaxosLeaseOptions) =>
  runSuite(paxosLeaseScenario(definePaxosServer({ ...paxosRules, ...broken }), how), { ...faulty, ...options });

interface Case extends PaxosLeaseOptions {
  readonly nodes: number;
}

const cases: readonly Case[] = [
  { nodes: 3, transfers: false },
  { nodes: 3, transfers: true },
  { nodes: 5, transfers: true },
  // Four of five promise, so that two grant: the leader and another one.
  { nodes: 5, transfers: true, quorums: { phase1Size: 4, phase2Size: 2 } },
  // Any two of five promise, so that four have to grant.
  { nodes: 5, transfers: true, quorums: { phase1Size: 2, phase2Size: 4 } },
  { nodes: 3, transfers: true, timingOf: changingWithLives },
  { nodes: 4, replaces: true },
  { nodes: 4, changes: true },
];

describe('the replicated store over Multi-Paxos, whose leader reads by leases', () => {
  test.each(cases)(
    'stays linearizable under all faults, drifting clocks among them: %o',
    {
      timeout: 480_000,
    },
    ({ nodes, ...how }) => {
      let answered = 0;
      const counting: PaxosRules['readByLease'] = (context, read) => {
        answered += 1;
        return paxosRules.readByLease(context, read);
      };
      const runs = how.replaces === true || how.changes === true ? 60 : 40;
      const result = suite({ seed: 1, runs, nodes }, { readByLease: counting }, how);
      expect(result.failed?.violation).toBeUndefined();
      expect(result.missed).toEqual([]);
      expect(answered).toBeGreaterThan(40);
    },
  );

  test('is found out where a leader takes its lease to last as long as its reign', { timeout: 240_000 }, () => {
    const forEver: PaxosRules['mayReadByLease'] = (context, read) =>
      read.byLease === true && paxosRules.knowsChosen(context);
    const result = suite({ seed: 1, runs: 40, nodes: 3 }, { mayReadByLease: forEver }, { transfers: true });
    expect(result.failed?.violation?.problem).toMatch(/^linearizability: /);
  });
});
