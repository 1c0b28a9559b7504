/** Leases of leaders under simulation, with clocks that drift by as much as the simulator's may, and every other fault. */

import { describe, expect, test } from 'vitest';
import { type RaftLeaseOptions, raftLeaseScenario } from '../../../src/proof/raft/scenario.ts';
import type { TimingOf } from '../../../src/proof/store/scenario.ts';
import { runSuite } from '../../../src/simulator/suite.ts';
import { defineServer, type RaftRules, raftRules } from '../../../statecharts/raft.ts';
import { faulty, type Runs } from '../faulty.ts';
import { changingWithLives, onlyFor } from '../lease-timing.ts';

const suite = (options: Runs, broken: Partial<RaftRules>, how: RaftLeaseOptions) =>
  runSuite(raftLeaseScenario(defineServer({ ...raftRules, ...broken }), how), { ...faulty, ...options });

describe('the replicated store over Raft, whose leader reads by leases', () => {
  test.each([
    { nodes: 3, transfers: false },
    { nodes: 3, transfers: true },
    { nodes: 5, transfers: true },
  ])('stays linearizable under all faults, drifting clocks among them: %o', { timeout: 600_000 }, (how) => {
    let answered = 0;
    const counting: RaftRules['readByLease'] = (context, read) => {
      answered += 1;
      return raftRules.readByLease(context, read);
    };
    const { nodes, transfers } = how;
    const result = suite({ seed: 1, runs: 40, nodes }, { readByLease: counting }, { transfers });
    expect(result.failed?.violation).toBeUndefined();
    expect(result.missed).toEqual([]);
    expect(answered).toBeGreaterThan(40);
  });

  test('stays so where not all machines were told the same of leases, and reads by them where those suffice who grant them', () => {
    const answeredWith = (timingOf: TimingOf): number => {
      let answered = 0;
      const counting: RaftRules['readByLease'] = (context, read) => {
        answered += 1;
        return raftRules.readByLease(context, read);
      };
      const how = { transfers: true, timingOf };
      const result = suite({ seed: 1, runs: 40, nodes: 3 }, { readByLease: counting }, how);
      expect(result.failed?.violation).toBeUndefined();
      expect(result.missed).toEqual([]);
      return answered;
    };
    expect(answeredWith(onlyFor('n1'))).toBe(0);
    expect(answeredWith(onlyFor('n1', 'n2'))).toBeGreaterThan(10);
    expect(answeredWith(changingWithLives)).toBeGreaterThan(10);
  }, 600_000);

  test('is found out where a leader takes its lease to last as long as its reign', { timeout: 600_000 }, () => {
    const forEver: RaftRules['mayReadByLease'] = (context, read) =>
      read.byLease === true && raftRules.knowsCommitted(context);
    const result = suite({ seed: 1, runs: 40, nodes: 3 }, { mayReadByLease: forEver }, { transfers: true });
    expect(result.failed?.violation?.problem).toMatch(/^linearizability: /);
  });
});
