/**
 * A configuration as an entry of the leader's log: when one may be appended, and what follows from it (Raft §4.1: one
 * change at a time, in force once appended).
 */

import { type Deliver, deliverAhead } from '../../actor/effects.ts';
import { begunAnew } from '../../replication/lease.ts';
import { isChanging, type Members, membersIn } from '../../replication/members.ts';
import { followerOf, freshProgress, type Progress } from '../../replication/progress.ts';
import type { ReconfigurationRefusal, ReplacementRefusal } from '../../replication/refusals.ts';
import { peersOf, type Result, type ServerContext } from '../context.ts';
import type { RaftOutput } from '../messages.ts';
import { knowsCommitted } from './leading.ts';
import { append, leadershipOf } from './replication.ts';

/** §4.1: whether the latest configuration is committed. */
export const isConfigurationCommitted = ({ commitIndex, configuration }: ServerContext): boolean =>
  configuration.index <= commitIndex;

/** What stands against any change now. */
export function objectionNow(context: ServerContext): 'not-leader' | 'not-ready' | 'change-under-way' | undefined {
  const { configuration, handOver, leadership } = context;
  if (leadership === null) return 'not-leader';
  // Before an entry of its own term is committed, a configuration of an earlier one may be, that others count by (Ongaro
  // 2015, "bug in single-server membership changes").
  if (!knowsCommitted(context) || handOver !== null) return 'not-ready';
  return isChanging(configuration) || !isConfigurationCommitted(context) ? 'change-under-way' : undefined;
}

/** Appends a configuration, which is in force at once (§4.1): from here on its members are sent the log, and counted. */
export function appendMembers(
  context: ServerContext,
  after: Members,
  outputs: readonly Deliver<RaftOutput>[] = [],
): Result {
  const members = membersIn(after);
  const { log, term } = context;
  const index = log.lastIndex + 1;
  const next = { ...context, configuration: { ...members, index } };
  const before = leadershipOf(context);
  const leadership = { ...before, followers: followersOf(next), catchUp: null, lease: begunAnew(before.lease) };
  return append({ ...next, leadership }, [{ index, term, kind: 'configuration', members }], outputs);
}

/** What is known of each member; of those who are new, nothing. */
function followersOf(context: ServerContext): readonly Progress[] {
  const { followers } = leadershipOf(context);
  return peersOf(context).map((peer) => followerOf(followers, peer) ?? freshProgress(peer, context.log.lastIndex + 1));
}

/** The entry that is appended next begins what was asked for by `id`. */
export const begunBy = ({ log, term }: ServerContext, id: number): Deliver<RaftOutput> =>
  deliverAhead({ type: 'reconfiguring', id, term, index: log.lastIndex + 1 });

/** Ahead: it did not happen, whatever becomes of the records that wait. */
export function notReconfigured(
  { leader }: ServerContext,
  id: number,
  reason: ReplacementRefusal | ReconfigurationRefusal,
  behind?: number,
): Result {
  const refused = {
    type: 'notReconfigured',
    id,
    reason,
    ...(behind === undefined ? {} : { behind }),
    ...(leader === null ? {} : { leader }),
  } as const;
  return { effects: [deliverAhead(refused)] };
}
