import { describe, expect, test, vi } from 'vitest';
import { type CheckResult, check, renderTrace } from '../../../src/checker.ts';
import { systemClock } from '../../../src/environment/clock.ts';
import { type RaftTwin, raftTwins, runsToFind, statesToFind } from '../../../src/proof/raft/broken.ts';
import { raftModel } from '../../../src/proof/raft/model.ts';
import { raftScenario } from '../../../src/proof/raft/scenario.ts';
import { allFaults } from '../../../src/simulator/plan.ts';
import { runSuite, type SuiteResult } from '../../../src/simulator/suite.ts';
import { defineServer, type RaftRules, raftRules } from '../../../statecharts/raft.ts';

// Bounded by states and runs, not by time: a busy machine takes longer.
vi.setConfig({ testTimeout: 120_000 });

const checkedWith = ({ options }: RaftTwin['checker'], broken: Partial<RaftRules>): CheckResult =>
  check(raftModel({ ...options, broken }), { maxStates: statesToFind });
const violatedIn = ({ properties }: CheckResult): string[] =>
  properties.flatMap(({ name, verdict }) => (verdict === 'violated' ? name : []));
const simulated = (broken: Partial<RaftRules>): SuiteResult =>
  runSuite(raftScenario(defineServer({ ...raftRules, ...broken })), {
    ...runsToFind,
    faults: allFaults,
    isNetworkFaulty: true,
    clock: systemClock(),
  });

describe('the checker', () => {
  test.each(raftTwins)('finds out that $name', ({ checker, broken }) => {
    expect(violatedIn(checkedWith(checker, broken))).toContain(checker.violates);
  });

  const different = new Map(raftTwins.map(({ checker }) => [JSON.stringify(checker.options), checker]));
  test.each([...different])('finds nothing wrong with the true server in %s', (_options, checker) => {
    const result = checkedWith(checker, {});
    expect(violatedIn(result)).toEqual([]);
    // Where the budget is enough for all that can happen, nothing is wrong at all, and every goal is reached.
    if (result.complete) expect(result.ok).toBe(true);
    else expect(result.states).toBeGreaterThan(statesToFind);
  });

  test('tells how two servers come to lead one term when one vote less than a majority elects', () => {
    const twin = raftTwins.find(({ name }) => name === 'one vote less than a majority elects');
    if (twin === undefined) throw new Error('the twin has gone');
    const result = checkedWith(twin.checker, twin.broken);
    const trace = result.properties.find(({ name }) => name === 'election safety')?.trace;
    const [one, other] = ['n1/raft.server/kv', 'n2/raft.server/kv'];
    expect(
      trace?.steps.map(({ type, ...step }) => [type, 'actor' in step ? step.actor : 'from' in step && step.from]),
    ).toEqual([
      ['timer', one],
      ['local', one],
      ['timer', other],
      ['local', other],
    ]);
    expect(trace === undefined ? '' : renderTrace(trace)).toContain(`- ${other} is now leader`);
  });
});

describe('the simulator', () => {
  test.each(raftTwins.filter(({ isSimulated }) => isSimulated === true))('finds out that $name', ({ broken }) => {
    expect(simulated(broken).failed?.violation).toBeDefined();
  });

  test('finds nothing wrong with the true server in as many runs', () => {
    const { failed, runs } = simulated({});
    expect(failed?.violation).toBeUndefined();
    expect(runs).toBe(runsToFind.runs);
  });
});
