/**
 * How a leader changes one member: Raft §4.1, and §4.3 wherever the voters change, so that the majorities of before and of
 * after decide together for a while. §4.2.1: a learner votes once it has caught up, and is refused before.
 */

import { isMet, majorityOf } from '../../quorum.ts';
import {
  entriesBehind,
  isInReach,
  objectionToReconfiguring,
  type Reach,
  reconfigured,
} from '../../replication/reconfiguration.ts';
import type { ReconfigurationRefusal } from '../../replication/refusals.ts';
import type { Received, Result, ServerContext } from '../context.ts';
import { towards } from '../joint.ts';
import { appendMembers, begunBy, notReconfigured, objectionNow } from './members.ts';

type Reconfigure = Received<'reconfigure'>;

/** How far the other servers are. */
function reachOf({ leadership, limits, log, self }: ServerContext): Reach {
  const { followers, round } = leadership ?? { followers: [], round: 0 };
  return { self, followers, round, lastIndex: log.lastIndex, windowEntries: limits.windowEntries };
}

/** What stands against a change. */
function objectionTo(context: ServerContext, { change }: Reconfigure): ReconfigurationRefusal | undefined {
  const { configuration } = context;
  const objection = objectionNow(context) ?? objectionToReconfiguring(configuration, change);
  if (objection !== undefined) return objection;
  const reach = reachOf(context);
  // §4.2.1
  if (change.kind === 'promote' && entriesBehind(reach, change.server) > 0) return 'learner-behind';
  // Once it is appended, nothing is committed without a majority of those who vote afterwards.
  const after = majorityOf(reconfigured(configuration, change).voters);
  const isWorking = change.kind === 'add' || change.kind === 'move' || isMet(after, (it) => isInReach(reach, it));
  return isWorking ? undefined : 'no-quorum';
}

/** §4.1: whether the change may begin now. */
export const mayReconfigure = (context: ServerContext, message: Reconfigure): boolean =>
  objectionTo(context, message) === undefined;

export function refuseReconfiguration(context: ServerContext, message: Reconfigure): Result {
  const reason = objectionTo(context, message) ?? 'not-ready';
  const behind = reason === 'learner-behind' ? entriesBehind(reachOf(context), message.change.server) : undefined;
  return notReconfigured(context, message.id, reason, behind);
}

/** §4.1, §4.3: the configuration that follows, or the joint one on the way to it. */
export function beginReconfiguration(context: ServerContext, { id, change }: Reconfigure): Result {
  const after = reconfigured(context.configuration, change);
  return appendMembers(context, towards(context.configuration, after), [begunBy(context, id)]);
}
