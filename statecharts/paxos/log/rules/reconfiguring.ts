/**
 * How a leader changes one member: a stop-sign ends the configuration, and those of the next one decide what comes after
 * it. A learner votes once it has caught up, and is refused before.
 */

import { isMet } from '../../../quorum.ts';
import {
  entriesBehind,
  isInReach,
  objectionToReconfiguring,
  type Reach,
  reconfigured,
} from '../../../replication/reconfiguration.ts';
import type { ReconfigurationRefusal } from '../../../replication/refusals.ts';
import { type Configuration, canDecide, promisingQuorum, sizesFor } from '../configuration.ts';
import type { Received, Result, ServerContext } from '../context.ts';
import { begunBy, notReconfigured, objectionNow, stopWith } from './members.ts';

type Reconfigure = Received<'reconfigure'>;

/** How far the other servers are. */
function reachOf({ leadership, limits, self }: ServerContext): Reach {
  const { followers, round, lastIndex } = leadership ?? { followers: [], round: 0, lastIndex: 0 };
  return { self, followers, round, lastIndex, windowEntries: limits.windowEntries };
}

/**
 * Whether those who stay could tell by themselves that the stop-sign is chosen, should the leader be gone before it has
 * told any: they must be a quorum of phase 1 of the configuration that chose it.
 */
const mayLeave = (configuration: Configuration, { self, ...reach }: Reach): boolean =>
  isMet(promisingQuorum(configuration), (it) => it !== self && isInReach({ self, ...reach }, it));

/** What stands against a change. */
function objectionTo(context: ServerContext, { change }: Reconfigure): ReconfigurationRefusal | undefined {
  const { configuration } = context;
  const objection = objectionNow(context) ?? objectionToReconfiguring(configuration, change);
  if (objection !== undefined) return objection;
  const reach = reachOf(context);
  if (change.kind === 'remove' && change.server === context.self && !mayLeave(configuration, reach)) return 'leads';
  if (change.kind === 'promote' && entriesBehind(reach, change.server) > 0) return 'learner-behind';
  // Once the stop-sign is chosen, nothing is without a quorum of those who vote afterwards.
  const after = reconfigured(configuration, change);
  const next = { ...configuration, ...after, sizes: sizesFor(configuration, after.voters.length) };
  const isWorking = change.kind === 'add' || change.kind === 'move' || canDecide(next, (it) => isInReach(reach, it));
  return isWorking ? undefined : 'no-quorum';
}

/** Whether the change may begin now. */
export const mayReconfigure = (context: ServerContext, message: Reconfigure): boolean =>
  objectionTo(context, message) === undefined;

export function refuseReconfiguration(context: ServerContext, message: Reconfigure): Result {
  const reason = objectionTo(context, message) ?? 'not-ready';
  const behind = reason === 'learner-behind' ? entriesBehind(reachOf(context), message.change.server) : undefined;
  return notReconfigured(context, message.id, reason, behind);
}

/** The members after the change are those of the next configuration. */
export const beginReconfiguration = (context: ServerContext, { id, change }: Reconfigure): Result =>
  stopWith(context, reconfigured(context.configuration, change), [begunBy(context, id)]);
