import { describe, expect, test } from 'vitest';
import { paxosScenario } from '../../../src/proof/paxos/scenario.ts';
import { primaryBackupScenario } from '../../../src/proof/primary-backup/scenario.ts';
import { raftScenario } from '../../../src/proof/raft/scenario.ts';
import type { Application } from '../../../src/proof/store/audit.ts';
import { createExactlyOnce, exactlyOnceGoals } from '../../../src/proof/store/exactly-once.ts';
import { leaseGoals } from '../../../src/proof/store/lease-watch.ts';
import { watcherGoals } from '../../../src/proof/store/watchers.ts';
import { runSuite } from '../../../src/simulator/suite.ts';
import { faulty } from '../faulty.ts';

const options = { repeats: true };

describe('a store whose clients repeat requests, and which keeps few sessions and results', () => {
  test.each([
    ['Raft', raftScenario(undefined, options)],
    ['Multi-Paxos', paxosScenario(undefined, options)],
    ['primary-backup', primaryBackupScenario({}, options)],
  ])('applies each request once under all faults, over %s', (_, scenario) => {
    const { failed, goals } = runSuite(scenario, { ...faulty, seed: 1, runs: 8, nodes: 3 });
    expect(failed?.violation).toBeUndefined();
    const exercised = [
      ...exactlyOnceGoals,
      ...watcherGoals,
      ...leaseGoals,
      'a snapshot was installed',
      'a log was compacted',
    ];
    expect(exercised.filter((goal) => (goals.get(goal) ?? 0) === 0)).toEqual([]);
  });
});

describe('what watches that requests are applied once', () => {
  const planned = { client: 1, atMs: 0, node: 'n1' };
  const repeated = { ...planned, operation: { f: 'once', key: 'once-1', value: 7 } };
  const value = new TextEncoder().encode('7');
  const given = (key: string, revision: number): Application => ({
    command: { type: 'put', key, value },
    result: { type: 'stored', version: revision },
    revision,
    deleted: [],
  });
  const put = { ...planned, operation: { f: 'put', key: 'a', value: 7 } };

  test('takes the same revision from several nodes, and a later one once the result was forgotten', () => {
    const watch = createExactlyOnce(10);
    watch.invoked(repeated);
    for (const revision of [3, 3, 14]) watch.applied(given('once-1', revision));
    watch.ended(repeated, { type: 'ok', value: { type: 'stored', version: 14 } });
    expect(watch.problem()).toBeUndefined();
    expect([...watch.reached]).toEqual(['the result under a key was forgotten']);
  });

  test('finds a request under a key that is applied again while its result is kept', () => {
    const watch = createExactlyOnce(10);
    watch.invoked(repeated);
    for (const revision of [13, 3]) watch.applied(given('once-1', revision));
    expect(watch.problem()).toBe('exactly once: once-1=7 was applied at revision 3, and again at 13');
  });

  test('finds a request of a session that is applied again', () => {
    const watch = createExactlyOnce(10);
    watch.invoked(put);
    for (const revision of [3, 300]) watch.applied(given('a', revision));
    expect(watch.problem()).toMatch(/a=7 was applied at revision 3, and again at 300/);
  });

  test('finds an answer that is not what came of the request', () => {
    const watch = createExactlyOnce(10);
    watch.invoked(repeated);
    watch.applied(given('once-1', 3));
    watch.ended(repeated, { type: 'ok', value: { type: 'stored', version: 4 } });
    expect(watch.problem()).toMatch(/once-1=7 was answered with version 4, and was applied at 3/);
  });
});
