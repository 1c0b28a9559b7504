/** One run: a schedule played out on virtual time, watched after every event. */

import { canonicalKey } from '../../statecharts/actor.ts';
import { driveFaults } from './faults.ts';
import type { RunOptions, RunResult } from './run/contract.ts';
import { type Running, setUp } from './run/parts.ts';
import type { AnyScenario, Application, World } from './scenario.ts';
import type { Schedule } from './schedule.ts';
import { finishSteps, type Steps, settleSteps } from './steps.ts';

export * from './run/contract.ts';

/** How often a healed quorum is asked whether it works again, in milliseconds. */
const probeIntervalMs = 100;

/**
 * Plays `schedule` out. Deterministic: the same schedule gives the same result, to the last byte of the log.
 *
 * @throws AwaitingScenarioError for a scenario that awaits promises
 */
export const run = <App extends Application>(
  scenario: AnyScenario<App>,
  schedule: Schedule,
  options: RunOptions = {},
): RunResult => finishSteps(runSteps(scenario, schedule, options));

/** Like `run`, for any scenario. */
export const runAsync = <App extends Application>(
  scenario: AnyScenario<App>,
  schedule: Schedule,
  options: RunOptions = {},
): Promise<RunResult> => settleSteps(runSteps(scenario, schedule, options));

/** The steps of a run; it yields where promises must settle, if the scenario has any. */
export function* runSteps<App extends Application>(
  scenario: AnyScenario<App>,
  schedule: Schedule,
  options: RunOptions = {},
): Steps<RunResult> {
  const { awaits = false } = scenario;
  const running = setUp(scenario, schedule, options);
  const { time, log, findings, count, watch, network, machines, operations } = running;
  const { mayGoOn = () => true } = options;
  let isCutShort = false;
  const world: World<App> = { nowMs: time.nowMs, machines: [...machines.values()] };
  options.observer?.begins?.(world);
  operations.plan(schedule.operations);
  planFaults(running);

  for (const machine of machines.values()) findings.guard(() => machine.boot());
  while (findings.violation === undefined && !running.isRecovered) {
    if (!hasTimeLeft(running)) {
      noteNoProgress(running, world);
      break;
    }
    isCutShort = !mayGoOn();
    if (isCutShort) break;
    findings.guard(() => time.runNext());
    if (awaits || options.isSliced === true) yield;
    const problem = watch.check(world);
    if (problem !== undefined) findings.note('invariant', problem);
    const excess = count.next(time.nowMs());
    if (excess !== undefined) findings.note('limit', excess);
  }
  if (findings.violation === undefined && !isCutShort) {
    const problem = watch.finish?.(world);
    if (problem !== undefined) findings.note('invariant', problem);
  }
  // What the end of the run does to operations that are under way is no merit of it.
  const goals = new Set(watch.goals());
  running.isOver = true;
  for (const machine of machines.values()) machine.crash();
  if (awaits) yield;
  return {
    violation: findings.violation,
    goals,
    schedule: { ...schedule, links: network.fates() },
    events: count.events,
    virtualMs: time.nowMs(),
    faults: schedule.faults.length,
    operations: schedule.operations.length,
    isCutShort,
    log,
  };
}

/** Plans the faults, and the healing of a quorum at their end, which is then asked until it answers. */
function planFaults<App extends Application>(running: Running<App>): void {
  const { scenario, schedule, options, time, log, findings, servers, network, machines, operations } = running;
  const { quorum, faultyMs } = schedule;
  const faults = driveFaults(
    schedule.faults,
    faultyMs,
    machines,
    network,
    time,
    (fault, isActive) => {
      log.add(isActive ? 'fault' : 'relief', canonicalKey(fault));
      options.observer?.fault?.(fault, isActive, time.nowMs());
    },
    (act) => findings.guard(act),
    servers,
  );
  const probe = (attempt: number): void => {
    const machine = quorum[attempt % quorum.length];
    if (machine === undefined || running.isRecovered) return;
    operations.start(scenario.probe(machine, time.nowMs()), (outcome) => {
      if (outcome.type === 'ok') running.isRecovered = true;
    });
    time.setTimeout(() => probe(attempt + 1), probeIntervalMs);
  };
  time.setTimeout(() => {
    running.healed = new Set(quorum);
    log.add('heal', ...quorum);
    options.observer?.healed?.(quorum, time.nowMs());
    faults.heal(quorum, scenario.heals === 'quorum-alone');
    probe(0);
  }, faultyMs);
}

function hasTimeLeft<App extends Application>({ schedule, time }: Running<App>): boolean {
  const nextMs = time.nextAtMs();
  return nextMs !== undefined && nextMs <= schedule.faultyMs + schedule.recoveryMs;
}

function noteNoProgress<App extends Application>(running: Running<App>, world: World<App>): void {
  const { schedule, watch, findings } = running;
  const hindrance = watch.hindrance?.(world);
  const why = hindrance === undefined ? '' : `: ${hindrance}`;
  findings.note(
    'progress',
    `${schedule.quorum.join(', ')} were healed, but made no progress within ${schedule.recoveryMs} ms${why}`,
  );
}
