/** The parts of a run, and how they are made: machines on one network, each of whose steps is logged, counted and watched. */

import { canonicalKey } from '../../../statecharts/actor.ts';
import { type Randomness, seededRandomness } from '../../environment/random.ts';
import { EventCount } from '../event-limits.ts';
import { createEventLog, type EventLog } from '../event-log.ts';
import { Findings } from '../findings.ts';
import { createMachine, type Machine } from '../machine.ts';
import { createSimulatedNetwork, type Fates, type SimulatedNetwork } from '../network.ts';
import { Operations } from '../operations.ts';
import { calmMood, drawFate, drawMood, type NetworkMood } from '../plan.ts';
import type { AnyScenario, Application, Play, Stage, StageParts, Watch } from '../scenario.ts';
import { nodeIds, type Schedule } from '../schedule.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import type { RunOptions } from './contract.ts';

/** The parts of a run that its steps share. */
export interface Running<App extends Application> {
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

/** Makes the parts of a run; nothing has happened yet. */
export function setUp<App extends Application>(
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

function playOf<App extends Application>(
  scenario: AnyScenario<App>,
  parts: StageParts,
): { readonly play: Play<App>; readonly servers: Stage<App>['servers'] } {
  if (!('stage' in scenario)) return { play: scenario, servers: new Map() };
  const stage = scenario.stage(parts);
  return { play: stage, servers: stage.servers };
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

/** Errors as their messages: the log is text, and stacks differ from machine to machine. */
const renderable = (value: unknown): unknown => {
  if (value instanceof Error) return value.message;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || 'toJSON' in value) return value;
  if (Array.isArray(value)) return value.map(renderable);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, renderable(member)]));
};
