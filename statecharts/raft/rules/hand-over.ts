/**
 * How a leader lets another server lead (Raft §3.10): it takes no proposals, sees to it that the other one has all of its
 * log, and tells it to stand for election at once. Where no leader comes of that within an election timeout, it goes on.
 * Nothing rests on it: the other one is elected like any candidate, or not.
 */

import type { Address } from '../../actor/address.ts';
import { type Deliver, deliver, deliverAhead, sendAhead } from '../../actor/effects.ts';
import { isVoterAfterwards } from '../../replication/members.ts';
import type { Progress } from '../../replication/progress.ts';
import type { HandOverRefusal } from '../../replication/refusals.ts';
import type { HandOver, Received, Result, ServerContext } from '../context.ts';
import { RaftInvariantError } from '../errors.ts';
import type { RaftOutput } from '../messages.ts';
import { refusal } from './commitment.ts';
import { knowsCommitted } from './leading.ts';
import { leadershipOf } from './replication.ts';

type Asked = Received<'handOver'>;

/** The server that is to lead: the one that was named, or of the voters heard lately the one that has most of the log. */
function targetOf(context: ServerContext, { to }: Asked): Address | undefined {
  if (to !== null) return to;
  const { configuration } = context;
  const { followers, round } = leadershipOf(context);
  const heard = followers.filter((it) => isVoterAfterwards(configuration, it.server) && isHeardLately(it, round));
  return heard.reduce<Progress | undefined>((best, it) => (best && best.match >= it.match ? best : it), undefined)
    ?.server;
}

/** It has answered this round of heartbeats or the one before, and nothing was lost on the way to it since. */
const isHeardLately = ({ mode, round }: Progress, currentRound: number): boolean =>
  mode === 'replicating' && round >= currentRound - 1;

/** What stands against a hand-over. */
function objectionTo(context: ServerContext, message: Asked): HandOverRefusal | undefined {
  const { configuration, handOver, leadership, self } = context;
  if (leadership === null) return 'not-leader';
  if (handOver !== null) return 'under-way';
  if (message.to === self) return 'leads-already';
  if (message.to !== null && !isVoterAfterwards(configuration, message.to)) return 'not-a-voter';
  if (!knowsCommitted(context)) return 'not-ready';
  return targetOf(context, message) === undefined ? 'no-voter-heard' : undefined;
}

/** Whether the hand-over may begin now: to a voter, and to none that is about to leave. */
export const mayHandOver = (context: ServerContext, message: Asked): boolean =>
  objectionTo(context, message) === undefined;

export const refuseHandOver = (context: ServerContext, message: Asked): Result => ({
  effects: [notHandedOver(context, message.id, objectionTo(context, message) ?? 'not-ready')],
});

/** Ahead: the answer concerns no record of this server. */
function notHandedOver({ leader }: ServerContext, id: number, reason: HandOverRefusal): Deliver<RaftOutput> {
  return deliverAhead({ type: 'notHandedOver', id, reason, ...(leader === null ? {} : { leader }) });
}

/** §3.10, 1: from here on nothing is appended, so that the log's end can be reached. */
export function beginHandOver(context: ServerContext, message: Asked): Result {
  const to = targetOf(context, message);
  return to === undefined ? {} : { context: { handOver: { id: message.id, to } } };
}

export const refuseHandingOver = (context: ServerContext, { id }: Received<'propose'>): Result => ({
  effects: [refusal(context, id, 'handing-over')],
});

/** §3.10, 2: the other server has the whole log, durably, so that it can win. */
export function targetHasAll(context: ServerContext): boolean {
  const { to } = underWay(context);
  const target = leadershipOf(context).followers.find(({ server }) => server === to);
  return target?.match === context.log.lastIndex;
}

function underWay({ handOver }: ServerContext): HandOver {
  if (handOver === null) throw new RaftInvariantError('a rule of hand-overs was asked while there is none');
  return handOver;
}

/** §3.10, 3. Ahead: a leader's term is durable since it asked for votes in it. */
export const sendTimeoutNow = (context: ServerContext): Result => ({
  effects: [sendAhead(underWay(context).to, { type: 'timeoutNow', term: context.term })],
});

/** §3.10: no leader came of it in time. */
export function giveUpHandOver(context: ServerContext): Result {
  const { handOver, leadership } = context;
  if (handOver === null) return {};
  const isBehind = leadership !== null && !targetHasAll(context);
  const reason = isBehind ? 'target-behind' : 'timed-out';
  return { context: { handOver: null }, effects: [notHandedOver(context, handOver.id, reason)] };
}

/** §3.10: another server leads. Told once the term is durable in which this one does not. */
export function concludeHandOver({ handOver }: ServerContext, { from }: { readonly from: Address }): Result {
  if (handOver === null) return {};
  return {
    context: { handOver: null },
    effects: [deliver({ type: 'handedOver', id: handOver.id, leader: from })],
  };
}

/** §3.10: the leader has asked for this candidacy, which its vote requests say. */
export const standForLeader = (): Result => ({ context: { election: { votes: [], isAskedFor: true } } });
