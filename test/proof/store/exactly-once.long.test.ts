import { expect, test } from 'vitest';
import { paxosScenario } from '../../../src/proof/paxos/scenario.ts';
import { primaryBackupScenario } from '../../../src/proof/primary-backup/scenario.ts';
import { raftScenario } from '../../../src/proof/raft/scenario.ts';
import { runSuite } from '../../../src/simulator/suite.ts';
import { faulty } from '../faulty.ts';

const options = { repeats: true };

test.each([
  ['Raft', raftScenario(undefined, options)],
  ['Multi-Paxos', paxosScenario(undefined, options)],
  ['primary-backup', primaryBackupScenario({}, options)],
])('each request is applied once, with few sessions and results kept, over %s', { timeout: 600_000 }, (_, scenario) => {
  for (const nodes of [3, 5]) {
    const { failed, missed } = runSuite(scenario, { ...faulty, seed: 1_000 * nodes, runs: 80, nodes });
    expect(failed?.violation).toBeUndefined();
    expect(missed).toEqual([]);
  }
});
