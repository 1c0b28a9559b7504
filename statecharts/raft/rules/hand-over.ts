/** How a leader lets another server lead: Raft §3.10, by what `statecharts/replication/hand-over.ts` says of any log. */

import type { Address } from '../../actor/address.ts';
import { sendAhead } from '../../actor/effects.ts';
import { begun, givenUp, notHandedOver, objectionTo, targetMatch } from '../../replication/hand-over.ts';
import { voided } from '../../replication/lease.ts';
import type { Received, Result, ServerContext } from '../context.ts';
import { RaftInvariantError } from '../errors.ts';
import { refusal } from './commitment.ts';
import { knowsCommitted } from './leading.ts';
import { leadershipOf } from './replication.ts';

export { concludeHandOver } from '../../replication/hand-over.ts';

type Asked = Received<'handOver'>;

const objection = (context: ServerContext, message: Asked) =>
  objectionTo(context, message, () => knowsCommitted(context));

/** Whether the hand-over may begin now. */
export const mayHandOver = (context: ServerContext, message: Asked): boolean =>
  objection(context, message) === undefined;

export const refuseHandOver = (context: ServerContext, message: Asked): Result => ({
  effects: [notHandedOver(context, message.id, objection(context, message) ?? 'not-ready')],
});

/** §3.10, 1: from here on nothing is appended, so that the log's end can be reached. */
export const beginHandOver = (context: ServerContext, message: Asked): Result => begun(context, message);

export const refuseHandingOver = (context: ServerContext, { id }: Received<'propose'>): Result => ({
  effects: [refusal(context, id, 'handing-over')],
});

/** §3.10, 2: the other server has the whole log, durably, so that it can win. */
export const targetHasAll = (context: ServerContext): boolean => targetMatch(context) === context.log.lastIndex;

/**
 * §3.10, 3. Ahead: a leader's term is durable since it asked for votes in it. From here on those who are loyal to this
 * leader may elect the other one, whenever the message arrives, so that no lease is worth anything in this term (§6.4.1).
 */
export const sendTimeoutNow = (context: ServerContext): Result => ({
  context: { leadership: { ...leadershipOf(context), lease: voided(leadershipOf(context).lease) } },
  effects: [sendAhead(target(context), { type: 'timeoutNow', term: context.term })],
});

function target({ handOver }: ServerContext): Address {
  if (handOver === null) throw new RaftInvariantError('a rule of hand-overs was asked while there is none');
  return handOver.to;
}

/** §3.10: no leader came of it in time. */
export const giveUpHandOver = (context: ServerContext): Result =>
  givenUp(context, context.leadership !== null && !targetHasAll(context));

/** §3.10: the leader has asked for this candidacy, which its vote requests say. */
export const standForLeader = (): Result => ({ context: { election: { votes: [], isAskedFor: true } } });
