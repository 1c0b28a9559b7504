/** Leases of leaders under simulation, with clocks that drift by as much as the simulator's may, and every other fault. */

import { describe, expect, test } from 'vitest';
import { paxosLeaseScenario } from '../../../src/proof/paxos/scenario.ts';
import { runSuite } from '../../../src/simulator/suite.ts';
import { type PaxosRules, paxosRules } from '../../../statecharts/paxos/log/rules.ts';
import { definePaxosServer } from '../../../statecharts/paxos/server.ts';
import { faulty, type Runs } from '../faulty.ts';

const suite = (options: Runs, broken: Partial<PaxosRules>, transfers = false) =>
  runSuite(paxosLeaseScenario(definePaxosServer({ ...paxosRules, ...broken }), { transfers }), {
    ...faulty,
    ...options,
  });

describe('the replicated store over Multi-Paxos, whose leader reads by leases', () => {
  test.each([
    { nodes: 3, transfers: false },
    { nodes: 3, transfers: true },
    { nodes: 5, transfers: true },
  ])('stays linearizable under all faults, drifting clocks among them: %o', { timeout: 240_000 }, (how) => {
    let answered = 0;
    const counting: PaxosRules['readByLease'] = (context, read) => {
      answered += 1;
      return paxosRules.readByLease(context, read);
    };
    const { nodes, transfers } = how;
    const result = suite({ seed: 1, runs: 40, nodes }, { readByLease: counting }, transfers);
    expect(result.failed?.violation).toBeUndefined();
    expect(result.missed).toEqual([]);
    expect(answered).toBeGreaterThan(40);
  });

  test('is found out where a leader takes its lease to last as long as its reign', { timeout: 240_000 }, () => {
    const forEver: PaxosRules['mayReadByLease'] = (context, read) =>
      read.byLease === true && paxosRules.knowsChosen(context);
    const result = suite({ seed: 1, runs: 40, nodes: 3 }, { mayReadByLease: forEver }, true);
    expect(result.failed?.violation?.problem).toMatch(/^linearizability: /);
  });
});
