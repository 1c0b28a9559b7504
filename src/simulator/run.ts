/** One run: a schedule played out on virtual time, watched after every event. */

import { canonicalKey } from '../../statecharts/actor.ts';
import { type Randomness, seededRandomness } from '../environment/random.ts';
import { EventCount, type EventLimits } from './event-limits.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import { driveFaults } from './faults.ts';
import { Findings, type Violation } from './findings.ts';
import { createMachine, type Machine } from './machine.ts';
import { createSimulatedNetwork, type Fates, type NetworkEvent, type SimulatedNetwork } from './network.ts';
import { Operations } from './operations.ts';
import { calmMood, drawFate, drawMood, type NetworkMood } from './plan.ts';
import type {
  AnyScenario,
  Application,
  MachineView,
  OperationEnd,
  Play,
  Stage,
  StageParts,
  Watch,
  World,
} from './scenario.ts';
import { type Fault, nodeIds, type PlannedOperation, type Schedule } from './schedule.ts';
import { finishSteps, type Steps, settleSteps } from './steps.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

/** What a run came to. */
export interface RunResult {
  readonly violation: Violation | undefined;
  readonly goals: ReadonlySet<string>;
  /** The schedule with the fates that were drawn, ready to be replayed. */
  readonly schedule: Schedule;
  /** Callbacks of the virtual clock, and messages within machines. */
  readonly events: number;
  readonly virtualMs: number;
  readonly faults: number;
  readonly operations: number;
  /** Whether `mayGoOn` ended it, so that it shows nothing. */
  readonly isCutShort: boolean;
  readonly log: EventLog;
}

/** Hears what happens in a run, as it happens; it changes nothing. Times are true, in virtual milliseconds. */
export interface RunObserver {
  /** Before anything happens: the world as it will be. */
  begins?(world: World<Application>): void;
  network?(event: NetworkEvent, nowMs: number): void;
  /** A write of a machine's journal has become durable. */
  flushed?(machine: string, nowMs: number): void;
  booted?(machine: MachineView<Application>, nowMs: number): void;
  /** Of the end of the run, with which all machines end, nothing is told. */
  died?(machine: string, nowMs: number): void;
  fault?(fault: Fault, isActive: boolean, nowMs: number): void;
  /** From now on nothing is wrong within the quorum. */
  healed?(quorum: readonly string[], nowMs: number): void;
  invoked?(operation: PlannedOperation, nowMs: number): void;
  ended?(operation: PlannedOperation, outcome: OperationEnd, nowMs: number): void;
}

export interface RunOptions extends EventLimits {
  /** Draws the fates that the schedule does not hold; otherwise those envelopes arrive after `schedule.delayMs`. */
  readonly drawsFates?: boolean;
  /** Whether drawn fates may be bad. */
  readonly isNetworkFaulty?: boolean;
  /** Keeps every line of the event log, with every step of every actor; otherwise only a digest of the main ones. */
  readonly keepsLog?: boolean;
  readonly observer?: RunObserver;
  /** Has `runSteps` yield after every event, for callers that take their time; no other function can run that. Default false. */
  readonly isSliced?: boolean;
  /** Asked before every event; the run is cut short when it says no. Default: it may go on to its end. */
  readonly mayGoOn?: () => boolean;
}

/** The parts of a run that its steps share. */
interface Running<App extends Application> {
  readonly scenario: AnyScenario<App>;
  readonly schedule: Schedule;
  readonly options: RunOptions;
  readonly time: VirtualClock;
  readonly randomness: Randomness;
  readonly log: EventLog;
  readonly findings: Findings;
  readonly count: EventCount;
  readonly play: Play<App>;
  readonly servers: Stage<App>['servers'];
  readonly watch: Watch<App>;
  readonly network: SimulatedNetwork;
  readonly machines: Map<string, Machine<App>>;
  readonly operations: Operations<App>;
  /** The machines between which no message is lost any more. */
  healed: ReadonlySet<string>;
  /** Whether the healed quorum has answered. */
  isRecovered: boolean;
  /** Whether the run has ended, so that what still happens is no part of it. */
  isOver: boolean;
}

/** What a run has not come to yet. */
const beginning = { healed: new Set<string>(), isRecovered: false, isOver: false } as const satisfies Partial<
  Running<Application>
>;

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

function setUp<App extends Application>(
  scenario: AnyScenario<App>,
  schedule: Schedule,
  options: RunOptions,
): Running<App> {
  const time = createVirtualClock();
  const randomness = seededRandomness(schedule.seed);
  const log = createEventLog(time, options.keepsLog ?? false);
  const { play, servers } = playOf(scenario, { time, randomness, log: log.add });
  const watch = play.watch();
  const findings = new Findings(time, log);
  const count = new EventCount(options);
  const machines = new Map<string, Machine<App>>();
  const { observer } = options;
  const operations = new Operations({
    time,
    log,
    findings,
    play,
    watch,
    machines,
    onInvoked: (operation) => observer?.invoked?.(operation, time.nowMs()),
    onEnded: (operation, outcome) => {
      if (!running.isOver) observer?.ended?.(operation, outcome, time.nowMs());
    },
  });
  const fates = fatesOf(schedule, options, randomness, (node) => running.healed.has(node));
  const network = createSimulatedNetwork(
    time,
    fates,
    (event) => {
      const { from, to, message } = event.envelope;
      if (event.type === 'sent') count.sent(event.envelope);
      log.add(event.type, from, to, message.type, event.type === 'sent' && event.fate.length === 0 ? 'lost' : '');
      observer?.network?.(event, time.nowMs());
    },
    randomness.stream('network/impaired'),
  );
  const parts = { scenario, schedule, options, time, randomness, log, findings, count, play, servers, watch, network };
  const running: Running<App> = { ...parts, machines, operations, ...beginning };
  for (const id of nodeIds(schedule.nodes)) machines.set(id, machineOf(id, running));
  return running;
}

/** Fates as the schedule has them, or else as they are drawn. */
function fatesOf(
  schedule: Schedule,
  options: RunOptions,
  randomness: Randomness,
  isHealed: (node: string) => boolean,
): Fates {
  const random = randomness.stream('network');
  const mood: NetworkMood = options.isNetworkFaulty === true ? drawMood(random) : calmMood;
  return (from, to, link, index) => {
    const known = schedule.links[link]?.[index];
    if (known !== undefined) return known;
    if (options.drawsFates !== true) return [schedule.delayMs];
    return drawFate(isHealed(from) && isHealed(to) ? calmMood : mood, randomness.stream(`network/${link}`));
  };
}

function machineOf<App extends Application>(id: string, running: Running<App>): Machine<App> {
  const { schedule, options, time, network, play, log, count, watch, operations } = running;
  return createMachine<App>({
    id,
    machines: nodeIds(schedule.nodes),
    seed: schedule.seed,
    time,
    network,
    play,
    onFlushed: () => options.observer?.flushed?.(id, time.nowMs()),
    onBoot(booted) {
      log.add('boot', id, String(booted.incarnation));
      booted.app?.node.internalMail.subscribe((envelope) => count.sentWithin(envelope, time.nowMs()));
      if (options.keepsLog === true) {
        booted.app?.node.inspection.subscribe((event) => {
          const { node, sequence, atMs, ...what } = event;
          log.add('seen', node, String(sequence), String(atMs), canonicalKey(renderable(what)));
        });
      }
      options.observer?.booted?.(booted, time.nowMs());
      watch.booted?.(booted);
    },
    onDeath() {
      log.add('death', id);
      if (!running.isOver) options.observer?.died?.(id, time.nowMs());
      watch.died?.(id);
      operations.died(id);
    },
  });
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

/** Errors as their messages: the log is text, and stacks differ from machine to machine. */
const renderable = (value: unknown): unknown => {
  if (value instanceof Error) return value.message;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || 'toJSON' in value) return value;
  if (Array.isArray(value)) return value.map(renderable);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, renderable(member)]));
};
