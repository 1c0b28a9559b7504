import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/environment/clock.ts';
import { raftScenario } from '../../../src/proof/raft/scenario.ts';
import type { StoreScenarioOptions } from '../../../src/proof/store/scenario.ts';
import { allFaults } from '../../../src/simulator/plan.ts';
import type { FaultKind } from '../../../src/simulator/schedule.ts';
import { runSuite } from '../../../src/simulator/suite.ts';
import { raftServer } from '../../../statecharts/raft.ts';

interface Suite extends Required<Pick<StoreScenarioOptions, 'rollbacks'>> {
  readonly faults: readonly FaultKind[];
  readonly isNetworkFaulty: boolean;
  readonly seed: number;
  readonly runs: number;
}
const problemIn = ({ rollbacks, ...options }: Suite): string | undefined =>
  runSuite(raftScenario(raftServer, { rollbacks }), { ...options, clock: systemClock(), nodes: 3 }).failed?.violation
    ?.problem;

describe('a machine that restarts with an older copy of its disk', () => {
  test('harms nothing while peers witness lives, whatever else goes wrong', { timeout: 600_000 }, () => {
    const faults = ['rollback', ...allFaults] as const;
    expect(problemIn({ rollbacks: 'witnessed', faults, isNetworkFaulty: true, seed: 1, runs: 30 })).toBeUndefined();
  });

  test('is found out where nobody witnesses them: a leader lacks what was committed', { timeout: 600_000 }, () => {
    const runs = { faults: ['rollback', 'isolate', 'crash'], isNetworkFaulty: false, seed: 81, runs: 3 } as const;
    expect(problemIn({ rollbacks: 'unwitnessed', ...runs })).toMatch(/^leader completeness/);
    expect(problemIn({ rollbacks: 'witnessed', ...runs })).toBeUndefined();
  });
});
