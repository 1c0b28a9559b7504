/**
 * A group of a primary and one standby, as two machines watch it: the charts of manager, standbys, detectors and probes that
 * run in production, a register that never fails, and servers as the model checker has them. The primary's machine dies at an instant.
 *
 * Messages between the machines are lost as they say; servers are reached over connections, of which nothing is lost but time.
 */

import * as v from 'valibot';
import { type Address, nodeOf, type Tagged } from '../../../../statecharts/actor.ts';
import { hasPrimary } from '../../../../statecharts/failover/group/decide.ts';
import {
  failoverManager,
  faultDetector,
  groupPlan,
  managerAddress,
  type OpinionChange,
  probe,
  probeAddress,
  serverKey,
  standby,
  standing,
} from '../../../../statecharts/failover.ts';
import { actorOf, defineModel, type ModelActor, type Observation, resourceModel } from '../../../checker.ts';
import { availability, type Ticks, type TimedView } from '../../../odds.ts';
import type { OddsParametersOf } from '../../odds/parameters.ts';
import type { OddsPredicate, WeighedSystem } from '../../odds.ts';
import { clientSteps } from '../group/clients.ts';
import { lifeSteps } from '../group/lives.ts';
import { type GroupOperation, operate, sessionOf } from '../group/operations.ts';
import { founded } from '../group/start.ts';
import { type Group, groupOf, isPrefix, serverOf } from '../group/state.ts';
import { register } from '../register.ts';
import { detecting, times } from './times.ts';

const group = 'g';
const manager = 'm1';
const machines = [manager, 'm2'] as const;
const [primary, other] = ['r1', 'r2'] as const;
const confirmations = 1;
/** Longer than any run. */
const lateMs = 1_000_000;

/** What is remembered of a run. */
export interface FailoverOddsHistory {
  /** When the manager's detector took the primary for dead, which a quorum of them confirms; null before. */
  readonly confirmedAtMs: number | null;
  /** What the register has told last. */
  readonly epoch: number;
  readonly hasPrimary: boolean;
}

const none: FailoverOddsHistory = { confirmedAtMs: null, epoch: 1, hasPrimary: true };

/** Folds what happens into the history. */
export function observeFailoverOdds(history: FailoverOddsHistory, happening: Observation): FailoverOddsHistory {
  switch (happening.type) {
    case 'sent': {
      const { message } = happening;
      if (message.type !== 'recorded' || !('standing' in message) || !v.is(standing, message.standing)) return history;
      return { ...history, epoch: message.standing.epoch, hasPrimary: hasPrimary(message.standing) };
    }
    case 'delivered': {
      const { actor, output } = happening;
      const isNews = history.confirmedAtMs === null && nodeOf(actor) === manager && isOpinionChange(output);
      return isNews && output.opinion === 'confirmed' ? { ...history, confirmedAtMs: output.atMs } : history;
    }
    default:
      return history;
  }
}

const isOpinionChange = (output: Tagged): output is OpinionChange =>
  output.type === 'changed' && 'opinion' in output && 'watched' in output;

/** A quorum of the detectors takes the primary for dead, and it is. */
export const isDetected = ({ confirmedAtMs }: FailoverOddsHistory): boolean =>
  confirmedAtMs !== null && confirmedAtMs > times.crashMs;

/** Another server is primary of a later epoch, as recorded, and clients are sent there. */
export const isCompleted = ({ epoch, hasPrimary: has }: FailoverOddsHistory): boolean => epoch > 1 && has;

type View = TimedView<FailoverOddsHistory>;

/** The primary is dead, the standby runs, and lacks nothing of what the primary held. */
export function isStandbyReady(view: Pick<View, 'resource'>): boolean {
  const servers = groupOf(view.resource('group'));
  const [dead, standing] = [serverOf(servers, primary), serverOf(servers, other)];
  return dead.life === 'down' && standing.life === 'up' && isPrefix(dead, standing);
}

/** Which group it is. */
export interface GroupOddsOptions {
  /** `durable`: the standby is in sync; `pass-through`: it takes what is written with a lag, and is chosen only without. */
  readonly mode: 'durable' | 'pass-through';
  readonly isPrepared: OddsPredicate<FailoverOddsHistory>;
}

/** What the odds of a failover depend on. */
export type FailoverOddsParameters = OddsParametersOf<'loss' | 'mttfMs' | 'mttrMs'>;

export function groupSystem(
  { loss, mttfMs, mttrMs }: FailoverOddsParameters,
  { mode, isPrepared }: GroupOddsOptions,
): WeighedSystem<FailoverOddsHistory> {
  const isDurable = mode === 'durable';
  const start = founded({
    servers: [primary, other],
    confirmations: isDurable ? confirmations : 0,
    left: { writes: isDurable ? 0 : 1, crashes: 2, pauses: 0, offices: 0, elections: 0, sizes: 0 },
  });
  const isOver: OddsPredicate<FailoverOddsHistory> = ({ history, hasLasted }) =>
    isCompleted(history) || hasLasted('time');
  return {
    model: defineModel({
      name: `failover of a group in mode ${mode}`,
      actors: actorsOf(start, mode),
      resources: { group: groupResource(start) },
      history: { start: none, observe: observeFailoverOdds },
    }),
    weights: {
      tickMs: 1,
      delay: times.messageMs,
      operations: times.operationMs,
      loss,
      drawnAt: [{ fraction: 0, probability: 1 }],
      horizonTicks: times.deadlineMs + 1,
      changes: (_resource, { name, of }) => changeMs(name, of, { loss: isDurable ? 0 : loss, mttfMs, mttrMs }),
      reactions: (actor, output) => judgedBy(actor, output),
    },
    isPrepared,
    isCommitted: (view) => isCompleted(view.history) && isPrepared(view),
    isAnswered: isOver,
    isOver,
    blocking: {},
    lasting: { time: { holds: ({ hasBegun }) => hasBegun, ticks: times.deadlineMs } },
    atMostBeyond: {},
    notGiven: { blocked: 'a run ends before; clients wait for as long as the latency says' },
  };
}

function actorsOf({ standing: recorded }: Group, mode: GroupOddsOptions['mode']): readonly ModelActor[] {
  const plan = groupPlan({
    group,
    mode,
    servers: [{ server: primary }, { server: other, maxLagBytes: mode === 'durable' ? null : 0 }],
  });
  const { settings } = plan;
  const { maxFlaps } = recorded;
  const key = serverKey(group, primary);
  return [
    actorOf(register, manager, { key: group, input: { group, node: manager, standing: recorded } }),
    actorOf(failoverManager, manager, { key: group, input: { plan, maxFlaps } }),
    ...plan.servers.map(({ server, canStart }) =>
      actorOf(standby, manager, { key: serverKey(group, server), input: { group, server, canStart, settings } }),
    ),
    ...machines.flatMap((machine) => [
      actorOf(probe, machine, { key, input: {} }),
      actorOf(faultDetector, machine, {
        key: primary,
        input: {
          detectors: machines,
          target: probeAddress(machine, group, primary),
          estimator: { kind: 'fixed', timeoutMs: times.freshMs },
          settings: detecting,
        },
      }),
    ]),
  ];
}

const nameOf = (part: string): string => part.slice(group.length + 1);

/** The servers. Of one that is dead, whoever is connected hears so; whoever asks it anew hears nothing. */
const groupResource = (start: Group) =>
  resourceModel<Group, GroupOperation | { readonly type: 'probe' }>({
    start,
    parts: [primary, other].map((server) => serverKey(group, server)),
    perform(state, operation, asked) {
      const part = nameOf(asked.part);
      if (operation.type !== 'probe') return operate(state, operation, { ...asked, part });
      const value = serverOf(state, part).life === 'up' ? 'answers' : 'silent';
      return [{ state, result: { type: 'done', value } }];
    },
    changes: (state) => [...clientSteps(state, 'servers', {}), ...lifeSteps(state, 'durable')],
    connect: (state, { actor, part }) => sessionOf(state, { actor, part: nameOf(part) }),
  });

/** After how many ticks what happens to servers by itself does. */
function changeMs(name: string, of: string, { loss, mttfMs, mttrMs }: FailoverOddsParameters): Ticks | 'never' {
  const [soon, late] = [1, lateMs];
  const up = availability({ mttfMs, mttrMs });
  switch (name) {
    case 'crashes':
      if (of === primary) return times.crashMs;
      return [
        { ticks: soon, probability: 1 - up },
        { ticks: late, probability: up },
      ];
    case 'copies':
      return [
        { ticks: soon, probability: 1 - loss },
        { ticks: times.resentMs, probability: loss },
      ];
    case 'is asked':
      return times.writtenMs;
    case 'starts again':
      return 'never';
    default:
      return soon;
  }
}

/** The manager hears what the detector of its node thinks. */
const judgedBy = (actor: Address, output: Tagged) => {
  if (nodeOf(actor) !== manager || !isOpinionChange(output)) return [];
  const { watched: server, opinion } = output;
  return [{ actor: managerAddress(manager, group), request: { type: 'judged', server, opinion } }];
};
