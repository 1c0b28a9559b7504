/**
 * How a primary lets another replica take its place (VR §4.2, begun by the primary): it takes no more proposals, waits until
 * all that it has taken is acknowledged and the other one holds it, and asks the authority. So nothing is lost.
 */

import type { Address } from '../../actor/address.ts';
import { deliverAhead, send } from '../../actor/effects.ts';
import { followerOf } from '../../replication/progress.ts';
import type { HandOverRefusal } from '../../replication/refusals.ts';
import type { Change } from '../configuration.ts';
import type { Effect, Received, ReplicaContext, Result } from '../context.ts';
import { refusal } from './committing.ts';
import { knowsCommitted } from './leading.ts';
import { leadershipOf } from './replicating.ts';

type Asked = Received<'handOver'>;

/**
 * Who should be primary: the one that was named, which may still have to catch up; or of those in sync the one heard lately
 * that has most of the log.
 */
function successorOf(context: ReplicaContext, { to }: Asked): Address | HandOverRefusal {
  const { configuration, handOver, leadership, self } = context;
  if (leadership === null) return 'not-leader';
  if (handOver !== null || isSucceeding(context)) return 'under-way';
  if (to === self) return 'leads-already';
  if (to !== null && !configuration.replicas.includes(to)) return 'not-a-voter';
  if (!knowsCommitted(context)) return 'not-ready';
  if (to !== null) return to;
  const heard = leadership.followers.filter((it) => it.heard && configuration.inSync.includes(it.server));
  const [first, ...others] = heard;
  if (first === undefined) return 'no-voter-heard';
  return others.reduce((best, it) => (it.match > best.match ? it : best), first).server;
}

const isAddressOf = (successor: Address | HandOverRefusal): successor is Address => successor.includes('/');

export const mayHandOver = (context: ReplicaContext, message: Asked): boolean =>
  isAddressOf(successorOf(context, message));

export function beginHandOver(context: ReplicaContext, message: Asked): Result {
  const to = successorOf(context, message);
  return isAddressOf(to) ? { context: { handOver: { id: message.id, to } } } : {};
}

export function refuseHandOver(context: ReplicaContext, message: Asked): Result {
  const reason = successorOf(context, message);
  return isAddressOf(reason) ? {} : { effects: [notHandedOver(context, message.id, reason)] };
}

/** Ahead: it concerns no record. */
function notHandedOver(
  { configuration, leadership, self }: ReplicaContext,
  id: number,
  reason: HandOverRefusal,
): Effect {
  const { primary } = configuration;
  const leader = leadership !== null || primary !== self ? { leader: primary } : {};
  return deliverAhead({ type: 'notHandedOver', id, reason, ...leader });
}

/** Whether the authority was asked to make another replica primary, and has not decided. */
export const isSucceeding = ({ configuration, leadership }: ReplicaContext): boolean =>
  (leadership?.asked?.epoch ?? 0) > configuration.epoch;

/** No proposals are taken: the next primary has all there is, or is about to get it. */
export const isHandingOver = (context: ReplicaContext): boolean => context.handOver !== null || isSucceeding(context);

export const refuseHandingOver = (context: ReplicaContext, { id }: Received<'propose'>): Result => ({
  effects: [refusal(context, id, 'handing-over')],
});

/** The next primary is in sync and holds all of the log, which is acknowledged; and no other change is under way. */
export function successorHasAll(context: ReplicaContext): boolean {
  const { commitIndex, configuration, handOver, log } = context;
  const { asked, followers } = leadershipOf(context);
  if (handOver === null || asked !== null || commitIndex < log.lastIndex) return false;
  if (!configuration.inSync.includes(handOver.to)) return false;
  return followerOf(followers, handOver.to)?.match === log.lastIndex;
}

/** Asks the authority to begin an epoch with the other replica as primary. */
export function proposeSuccessor(context: ReplicaContext): Result {
  const { authority, configuration, handOver } = context;
  if (handOver === null) return {};
  const { epoch, inSync, version } = configuration;
  const asked: Change = { expected: version, epoch: epoch + 1, primary: handOver.to, inSync };
  return {
    context: { leadership: { ...leadershipOf(context), asked } },
    effects: [send(authority, { type: 'reconfigure', ...asked })],
  };
}

/** In vain so far. Where the authority was asked, proposals are taken again only once it has decided. */
export function giveUpHandOver(context: ReplicaContext): Result {
  const { handOver } = context;
  if (handOver === null) return {};
  const reason = context.leadership === null || isSucceeding(context) ? 'timed-out' : 'target-behind';
  return { context: { handOver: null }, effects: [notHandedOver(context, handOver.id, reason)] };
}
