import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/environment/clock.ts';
import {
  type TwoPhaseCommitScenarioOptions,
  twoPhaseCommitScenario,
} from '../../../src/proof/two-phase-commit/scenario.ts';
import { runAsync, runSteps } from '../../../src/simulator/run.ts';
import { formatSchedule, parseSchedule } from '../../../src/simulator/schedule.ts';
import { shrinkAsync } from '../../../src/simulator/shrink.ts';
import { runSuite, runSuiteAsync, type SuiteOptions } from '../../../src/simulator/suite.ts';
import { faulty } from '../faulty.ts';

// Bounded by runs, not by time: a busy machine takes longer.
const suite = (
  options: TwoPhaseCommitScenarioOptions,
  runs: Pick<SuiteOptions, 'seed' | 'runs'> & Partial<SuiteOptions>,
) => runSuiteAsync(twoPhaseCommitScenario(options), { ...faulty, nodes: 3, ...runs });

/** The first of the runs that `quorate prove` plays, which also asks for every goal: so few reach only what is common. */
const firstRuns = { seed: 1, runs: 6 } as const;

describe.each(['journal', 'last', 'register', 'paxos'] as const)('two-phase commit (%s), simulated', (place) => {
  test('is atomic under all faults, and comes to an end', async () => {
    const result = await suite({ place }, firstRuns);
    expect(result.failed?.violation).toBeUndefined();
    expect(result.runs).toBe(firstRuns.runs);
    for (const goal of ['a transaction committed', 'a vote of no aborted a transaction']) {
      expect(result.goals.get(goal)).toBeGreaterThan(0);
    }
  });

  test.each([1, 2, 5])('survives with %i nodes', async (nodes) => {
    const result = await suite({ place }, { seed: 1_000 * nodes, runs: 1, nodes });
    expect(result.failed?.violation).toBeUndefined();
  });

  test('gives the same event log for the same seed, to the last byte', async () => {
    const result = await suite({ place }, { seed: 500, runs: 1, checksDeterminism: true });
    expect(result.failed?.violation).toBeUndefined();
    expect(result.divergedSeed).toBeUndefined();
  });

  test('commits what nobody refuses when nothing fails', async () => {
    const result = await suite({ place }, { seed: 1, runs: 2, faults: [], isNetworkFaulty: false });
    expect(result.failed?.violation).toBeUndefined();
    expect(result.goals.get('a transaction committed')).toBe(2);
    expect(result.goals.get('a client was told that the outcome is unknown')).toBe(0);
  });
});

describe('a simulation of two-phase commit', () => {
  test('shrinks what it finds to a schedule that fails again when it is read from a file', async () => {
    const scenario = twoPhaseCommitScenario({ broken: { database: { acceptsLatePrepares: true } } });
    const { failed } = await suite({ broken: { database: { acceptsLatePrepares: true } } }, { seed: 1, runs: 60 });
    if (failed === undefined) throw new Error('the twin was not found');
    const shrunk = await shrinkAsync(failed, {
      replay: (schedule) => runSteps(scenario, schedule),
      minNodes: 1,
      maxReplays: 20,
    });
    if (shrunk === undefined) throw new Error('the schedule did not fail again');
    expect(shrunk.schedule.operations.length).toBeLessThan(failed.schedule.operations.length);
    const { violation } = await runAsync(scenario, parseSchedule(formatSchedule(shrunk.schedule)));
    expect(violation).toEqual(shrunk.result.violation);
  });

  test('is refused by what cannot wait for its promises', () => {
    expect(() =>
      runSuite(twoPhaseCommitScenario(), {
        seed: 1,
        runs: 1,
        nodes: 1,
        faults: [],
        isNetworkFaulty: false,
        clock: systemClock(),
      }),
    ).toThrow(/runSuiteAsync/);
  });
});
