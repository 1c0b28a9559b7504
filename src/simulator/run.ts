/** One run: a schedule played out on virtual time, watched after every event. */

import { canonicalKey } from '../../statecharts/actor.ts';
import { seededRandomness } from '../environment/random.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import { driveFaults } from './faults.ts';
import { createMachine, type Machine } from './machine.ts';
import { createSimulatedNetwork } from './network.ts';
import { calmMood, drawFate, drawMood, type NetworkMood } from './plan.ts';
import type { AnyScenario, Application, OperationEnd, Play, Stage, StageParts, World } from './scenario.ts';
import { type Fate, nodeIds, type PlannedOperation, type Schedule } from './schedule.ts';
import { finishSteps, type Steps, settleSteps } from './steps.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** What went wrong, and when. */
export interface Violation {
  /** `invariant`: something that must always hold did not. `progress`: the healed quorum did not recover. */
  readonly kind: 'invariant' | 'progress' | 'exception';
  readonly problem: string;
  readonly atMs: number;
}

/** What a run came to. */
export interface RunResult {
  readonly violation: Violation | undefined;
  readonly goals: ReadonlySet<string>;
  /** The schedule with the fates that were drawn, ready to be replayed. */
  readonly schedule: Schedule;
  /** Callbacks of the virtual clock. */
  readonly events: number;
  readonly virtualMs: number;
  readonly faults: number;
  readonly operations: number;
  readonly log: EventLog;
}

export interface RunOptions {
  /** Draws the fates that the schedule does not hold; otherwise those envelopes arrive after `schedule.delayMs`. */
  readonly drawsFates?: boolean;
  /** Whether drawn fates may be bad. */
  readonly isNetworkFaulty?: boolean;
  /** Keeps every line of the event log, with every step of every actor; otherwise only a digest of the main ones. */
  readonly keepsLog?: boolean;
}

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

function playOf<App extends Application>(
  scenario: AnyScenario<App>,
  parts: StageParts,
): { readonly play: Play<App>; readonly servers: Stage<App>['servers'] } {
  if (!('stage' in scenario)) return { play: scenario, servers: new Map() };
  const stage = scenario.stage(parts);
  return { play: stage, servers: stage.servers };
}

/** The steps of a run; it yields where promises must settle, if the scenario has any. */
export function* runSteps<App extends Application>(
  scenario: AnyScenario<App>,
  schedule: Schedule,
  options: RunOptions = {},
): Steps<RunResult> {
  const { seed, faultyMs, recoveryMs } = schedule;
  const { awaits = false } = scenario;
  const ids = nodeIds(schedule.nodes);
  const time = createVirtualClock();
  const randomness = seededRandomness(seed);
  const log = createEventLog(time, options.keepsLog ?? false);
  const { play, servers } = playOf(scenario, { time, randomness, log: log.add });
  const watch = play.watch();
  const networkRandom = randomness.stream('network');
  const mood: NetworkMood = options.isNetworkFaulty === true ? drawMood(networkRandom) : calmMood;
  let violation: Violation | undefined;
  let healed: ReadonlySet<string> = new Set();
  let isRecovered = false;

  const fail = (kind: Violation['kind'], problem: string): void => {
    if (violation !== undefined) return;
    violation = { kind, problem, atMs: time.nowMs() };
    log.add('violation', `${kind}: ${problem}`);
  };
  const guard = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      fail('exception', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  };

  const decide = (link: string, index: number): Fate => {
    const [from = '', to = ''] = link.split('>');
    const known = schedule.links[link]?.[index];
    if (known !== undefined) return known;
    if (options.drawsFates !== true) return [schedule.delayMs];
    const isCalm = healed.has(from) && healed.has(to);
    return drawFate(isCalm ? calmMood : mood, randomness.stream(`network/${link}`));
  };
  const network = createSimulatedNetwork(time, decide, (event) => {
    const { from, to, message } = event.envelope;
    log.add(event.type, from, to, message.type, event.type === 'sent' && event.fate.length === 0 ? 'lost' : '');
  });

  const machines = new Map<string, Machine<App>>();
  const views: Machine<App>[] = [];
  const world: World<App> = { nowMs: time.nowMs, machines: views };
  const outstanding = new Map<PlannedOperation, { machine: string; end: (outcome: OperationEnd) => void }>();
  for (const id of ids) {
    const machine = createMachine<App>({
      id,
      machines: ids,
      seed,
      time,
      network,
      play,
      onBoot(booted) {
        log.add('boot', id, String(booted.incarnation));
        if (options.keepsLog === true) {
          booted.app?.node.inspection.subscribe((event) => {
            const { node, sequence, atMs, ...what } = event;
            log.add('seen', node, String(sequence), String(atMs), canonicalKey(renderable(what)));
          });
        }
        watch.booted?.(booted);
      },
      onDeath() {
        log.add('death', id);
        watch.died?.(id);
        for (const [, it] of [...outstanding]) {
          if (it.machine === id) it.end({ type: 'unknown', reason: `machine ${id} died` });
        }
      },
    });
    machines.set(id, machine);
    views.push(machine);
  }

  const start = (operation: PlannedOperation, ended: (outcome: OperationEnd) => void): void => {
    const { node: machine } = operation;
    watch.invoked?.(operation, time.nowMs());
    log.add('invoke', String(operation.client), machine, canonicalKey(operation.operation));
    const end = (outcome: OperationEnd): void => {
      if (!outstanding.delete(operation)) return;
      log.add('end', String(operation.client), machine, canonicalKey(outcome));
      watch.ended?.(operation, outcome, time.nowMs());
      ended(outcome);
    };
    outstanding.set(operation, { machine, end });
    const app = machines.get(machine)?.app;
    if (app === undefined) end({ type: 'failed', reason: `machine ${machine} is down` });
    else guard(() => play.perform(app, operation, end));
  };

  const byClient = new Map<number, PlannedOperation[]>();
  for (const operation of schedule.operations) {
    byClient.set(operation.client, [...(byClient.get(operation.client) ?? []), operation]);
  }
  const startNext = (operations: PlannedOperation[]): void => {
    const next = operations.shift();
    if (next === undefined) return;
    time.setTimeout(() => start(next, () => startNext(operations)), Math.max(0, next.atMs - time.nowMs()));
  };
  for (const operations of byClient.values()) startNext(operations);

  const faults = driveFaults(
    schedule.faults,
    faultyMs,
    machines,
    network,
    time,
    (fault, isActive) => log.add(isActive ? 'fault' : 'relief', canonicalKey(fault)),
    guard,
    servers,
  );
  const probe = (attempt: number): void => {
    const machine = schedule.quorum[attempt % schedule.quorum.length];
    if (machine === undefined || isRecovered) return;
    start(scenario.probe(machine, time.nowMs()), (outcome) => {
      if (outcome.type === 'ok') isRecovered = true;
    });
    time.setTimeout(() => probe(attempt + 1), probeIntervalMs);
  };
  time.setTimeout(() => {
    healed = new Set(schedule.quorum);
    log.add('heal', ...schedule.quorum);
    faults.heal(schedule.quorum, scenario.heals === 'quorum-alone');
    probe(0);
  }, faultyMs);

  for (const machine of machines.values()) guard(() => machine.boot());
  const limitMs = faultyMs + recoveryMs;
  while (violation === undefined && !isRecovered) {
    const nextMs = time.nextAtMs();
    if (nextMs === undefined || nextMs > limitMs) {
      const hindrance = watch.hindrance?.(world);
      const why = hindrance === undefined ? '' : `: ${hindrance}`;
      fail('progress', `${schedule.quorum.join(', ')} were healed, but made no progress within ${recoveryMs} ms${why}`);
      break;
    }
    guard(() => time.runNext());
    if (awaits) yield;
    const problem = watch.check(world);
    if (problem !== undefined) fail('invariant', problem);
  }
  if (violation === undefined) {
    const problem = watch.finish?.(world);
    if (problem !== undefined) fail('invariant', problem);
  }
  // What the end of the run does to operations that are under way is no merit of it.
  const goals = new Set(watch.goals());
  for (const machine of machines.values()) machine.crash();
  if (awaits) yield;
  return {
    violation,
    goals,
    schedule: { ...schedule, links: network.fates() },
    events: time.runs,
    virtualMs: time.nowMs(),
    faults: schedule.faults.length,
    operations: schedule.operations.length,
    log,
  };
}

/** Errors as their messages: the log is text, and stacks differ from machine to machine. */
const renderable = (value: unknown): unknown => {
  if (value instanceof Error) return value.message;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || 'toJSON' in value) return value;
  if (Array.isArray(value)) return value.map(renderable);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, renderable(member)]));
};
