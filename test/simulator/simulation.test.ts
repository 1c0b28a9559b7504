import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/environment/clock.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import { allFaults, planRun } from '../../src/simulator/plan.ts';
import { run } from '../../src/simulator/run.ts';
import type { Scenario } from '../../src/simulator/scenario.ts';
import {
  type Fault,
  formatSchedule,
  nodeIds,
  parseSchedule,
  type Schedule,
  ScheduleError,
} from '../../src/simulator/schedule.ts';
import { shrink } from '../../src/simulator/shrink.ts';
import { runSuite, type SuiteOptions } from '../../src/simulator/suite.ts';
import { renderTrace } from '../../src/simulator/trace.ts';
import { type Address, addressOf } from '../../statecharts/actor.ts';
import { type LedgerApplication, ledgerScenario } from './ledger.ts';

const suite = (options: Partial<SuiteOptions> = {}): SuiteOptions => ({
  seed: 1,
  runs: 30,
  nodes: 2,
  faults: allFaults,
  isNetworkFaulty: true,
  faultyMs: 4_000,
  clock: systemClock(),
  ...options,
});

/** Machines that send each other an echo of every echo. */
const withEchoes =
  (boot: Scenario<LedgerApplication>['boot']): Scenario<LedgerApplication>['boot'] =>
  (parts) => {
    const { id, bus, machines } = parts;
    const echo = (to: Address): void => bus.send({ from: addressOf(id, 'echo'), to, message: { type: 'echo' } });
    bus.envelopes().subscribe(({ from, message }) => {
      if (message.type === 'echo') echo(from);
    });
    for (const machine of machines) if (machine < id) echo(addressOf(machine, 'echo'));
    return boot(parts);
  };

/** Machines each of which has two services that echo each other. */
const withInnerEchoes =
  (boot: Scenario<LedgerApplication>['boot']): Scenario<LedgerApplication>['boot'] =>
  (parts) => {
    const app = boot(parts);
    const [one, other] = ['one', 'other'].map((key) => app.node.open('echo', key, { echo: v.object({}) }));
    for (const service of [one, other]) {
      service?.received.subscribe(({ from, message }) => service.send(from, message));
    }
    if (one !== undefined && other !== undefined) one.send(other.address, { type: 'echo' });
    return app;
  };

const quietSchedule = (faults: readonly Fault[], nodes = 2): Schedule => ({
  version: 1,
  scenario: 'ledger',
  seed: 1,
  nodes,
  faultyMs: 1_000,
  recoveryMs: 5_000,
  quorum: nodeIds(nodes).slice(0, 2),
  faults,
  operations: [],
  links: {},
  delayMs: 1,
});

describe('the simulator', () => {
  test('finds nothing wrong with a sound protocol, and reaches its goals', () => {
    const result = runSuite(ledgerScenario(), suite());
    expect(result.failed?.violation).toBeUndefined();
    expect(result.missed).toEqual([]);
    expect(result.runs).toBe(30);
    expect(result.faults).toBeGreaterThan(100);
  });

  test('gives the same event log for the same seed, to the last byte', () => {
    const result = runSuite(ledgerScenario(), suite({ runs: 10, checksDeterminism: true }));
    expect(result.divergedSeed).toBeUndefined();
    const randomness = seededRandomness(5);
    const operations = ledgerScenario().plan(nodeIds(2), 4_000, randomness.stream('workload'));
    const schedule = planRun(
      { ...suite(), scenario: 'ledger', seed: 5, operations, faultyMs: 4_000, recoveryMs: 5_000 },
      randomness,
    );
    const digest = (seed: number) => run(ledgerScenario(), { ...schedule, seed }, { drawsFates: true }).log.digest;
    expect(digest(5)).toBe(digest(5));
    expect(digest(5)).not.toBe(digest(6));
  });

  test('notices a scenario that is not deterministic', () => {
    let runs = 0;
    const scenario = ledgerScenario();
    const fickle = {
      ...scenario,
      watch() {
        runs += 1;
        return scenario.watch();
      },
      perform: (...[app, operation, done]: Parameters<typeof scenario.perform>) =>
        scenario.perform(app, operation, (outcome) => done(runs % 2 === 0 ? { type: 'ok', value: 'odd' } : outcome)),
    };
    expect(runSuite(fickle, suite({ checksDeterminism: true })).divergedSeed).toBe(1);
  });

  test('fails a suite whose goals are never reached', () => {
    const result = runSuite({ ...ledgerScenario(), goals: ['the moon was reached'] }, suite({ runs: 2 }));
    expect(result.missed).toEqual(['the moon was reached']);
  });

  test('finds an acknowledgement that outran the disk, and shrinks it to one crash and one operation', () => {
    const broken = ledgerScenario(true);
    const { failed } = runSuite(broken, suite({ runs: 300 }));
    expect(failed?.violation?.problem).toMatch(/acknowledged \d+ and lost it/);
    if (failed === undefined) return;
    const shrunk = shrink(failed, { replay: (schedule) => run(broken, schedule), minNodes: 1, maxReplays: 500 });
    expect(shrunk?.schedule.nodes).toBe(1);
    expect(shrunk?.schedule.operations).toHaveLength(1);
    expect(shrunk?.schedule.faults.length).toBeLessThanOrEqual(1);
    if (shrunk === undefined) return;
    const replayed = run(broken, parseSchedule(formatSchedule(shrunk.schedule)), { keepsLog: true });
    expect(replayed.violation?.problem).toBe(shrunk.result.violation?.problem);
    const trace = renderTrace(replayed);
    expect(trace).toMatch(/^invariant violated at/);
    expect(trace).toMatch(/INVOKE/);
    expect(trace.split('\n').length).toBeLessThan(30);
  });

  test('says so when a healed quorum makes no progress', () => {
    const scenario = { ...ledgerScenario(), perform: () => {} };
    expect(run(scenario, quietSchedule([])).violation).toMatchObject({ kind: 'progress' });
  });

  test('takes an exception of the application for a violation', () => {
    const scenario = {
      ...ledgerScenario(),
      perform: () => {
        throw new Error('a bug');
      },
    };
    expect(run(scenario, quietSchedule([])).violation).toMatchObject({ kind: 'exception', problem: 'Error: a bug' });
  });

  test('finds two servers that answer each other for ever, at one instant, and replays that', () => {
    const scenario = { ...ledgerScenario(), boot: withEchoes(ledgerScenario().boot) };
    const schedule = { ...quietSchedule([]), delayMs: 0 };
    const result = run(scenario, schedule, { maxEvents: 5_000, maxEventsPerInstant: 500 });
    expect(result.violation?.kind).toBe('limit');
    expect(result.violation?.problem).toMatch(
      /^more than 500 events at one instant, most often sent: echo from n\d\/echo\/ to n\d\/echo\/ \(\d+ times\)/,
    );
    expect(result.events).toBeLessThan(1_000);
    const limits = { maxEventsPerInstant: 500 };
    const shrunk = shrink(result, { replay: (it) => run(scenario, it, limits), minNodes: 2, maxReplays: 50 });
    expect(shrunk?.result.violation).toEqual(result.violation);
  });

  test('finds services of one machine that answer each other for ever', () => {
    const scenario = { ...ledgerScenario(), boot: withInnerEchoes(ledgerScenario().boot) };
    const result = run(scenario, quietSchedule([], 1), { maxEventsPerInstant: 3_000 });
    expect(result.violation).toMatchObject({
      kind: 'limit',
      problem: expect.stringMatching(
        /^more than 3000 events at one instant, most often sent: echo from n1\/echo\/\w+ to n1\/echo\/\w+ \(\d+ times\), echo from n1/,
      ),
    });
    expect(result.events).toBeLessThan(5_000);
  });

  test('finds servers that answer each other for ever while time passes', () => {
    const scenario = { ...ledgerScenario(), boot: withEchoes(ledgerScenario().boot) };
    const endless = { ...quietSchedule([]), faultyMs: 1_000_000 };
    const { violation, events } = run(scenario, endless, { maxEvents: 2_000 });
    expect(violation).toMatchObject({
      kind: 'limit',
      problem: expect.stringMatching(/^more than 2000 events in one run/),
    });
    expect(events).toBe(2_001);
  });

  test('shrinks no further than a number of events of all replays', () => {
    const scenario = { ...ledgerScenario(), boot: withEchoes(ledgerScenario().boot) };
    const limits = { maxEvents: 2_000 };
    const failed = run(scenario, { ...quietSchedule([]), faultyMs: 1_000_000 }, limits);
    const options = { minNodes: 1, maxReplays: 500, maxReplayedEvents: 1 };
    const shrunk = shrink(failed, { ...options, replay: (it) => run(scenario, it, limits) });
    expect(shrunk).toMatchObject({ replays: 1, isCutShort: true });
  });

  test('ends a suite at its budget within a run, which is not counted', () => {
    let nowMs = 0;
    const clock = { ...systemClock(), nowMs: () => nowMs++ };
    const result = runSuite(ledgerScenario(), suite({ clock, budgetMs: 10 }));
    expect(result).toMatchObject({ runs: 0, failed: undefined });
  });

  test.each(['crash', 'pause', 'slow-disk', 'stalled-disk', 'failing-disk', 'full-disk'] as const)(
    'survives %s of a machine, and heals it',
    (kind) => {
      const fault: Fault =
        kind === 'slow-disk'
          ? { kind, atMs: 100, untilMs: 1_000, node: 'n1', factor: 10 }
          : { kind, atMs: 100, untilMs: 1_000, node: 'n1' };
      const operations = [{ client: 1, atMs: 200, node: 'n1', operation: 7 }];
      const result = run(ledgerScenario(), { ...quietSchedule([fault], 1), quorum: ['n1'], operations });
      expect(result.violation).toBeUndefined();
    },
  );
});

describe('a schedule file', () => {
  test('reads back as what was written', () => {
    const schedule: Schedule = {
      ...quietSchedule([
        { kind: 'partition', atMs: 1, untilMs: 2, groups: [['n1'], ['n2']] },
        { kind: 'drift', atMs: 1, untilMs: 2, node: 'n1', rate: 1.01 },
      ]),
      operations: [{ client: 1, atMs: 3, node: 'n1', operation: { type: 'put' } }],
      links: { 'n1>n2': [[1, 2], []] },
    };
    expect(parseSchedule(formatSchedule(schedule))).toEqual(schedule);
  });

  test.each([
    ['text', 'nonsense', /expected a schedule in JSON/],
    ['another shape', '{"version":1}', /malformed at scenario/],
    [
      'an unknown fault',
      formatSchedule(quietSchedule([])).replace('"faults": []', '"faults": [{"kind":"quake"}]'),
      /malformed at faults\.0\.kind/,
    ],
  ])('that holds %s is refused by name', (_what, text, problem) => {
    expect(() => parseSchedule(text)).toThrow(ScheduleError);
    expect(() => parseSchedule(text)).toThrow(problem);
  });
});
