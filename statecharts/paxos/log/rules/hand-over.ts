/**
 * How a leader lets another server lead, by what `statecharts/replication/hand-over.ts` says of any log. The other one
 * stands at a ballot above the leader's, and is promised it like any candidate. That it has accepted all that was proposed
 * makes its phase 1 short, and no more than that: it takes over what acceptors tell, and nothing on the leader's word.
 */

import type { Address } from '../../../actor/address.ts';
import { sendAhead } from '../../../actor/effects.ts';
import { begun, givenUp, notHandedOver, objectionTo, targetMatch } from '../../../replication/hand-over.ts';
import { voided } from '../../../replication/lease.ts';
import { sameBallot } from '../../ballot.ts';
import { votesIn } from '../configuration.ts';
import type { Received, Result, ServerContext } from '../context.ts';
import { PaxosInvariantError } from '../errors.ts';
import { refusal } from './choosing.ts';
import { knowsChosen } from './leading.ts';
import { ballotOf, leadershipOf } from './replication.ts';

export { concludeHandOver } from '../../../replication/hand-over.ts';

type Asked = Received<'handOver'>;

/** Not before a stop-sign that was proposed is chosen: those whom it names may be others. */
const objection = (context: ServerContext, message: Asked) =>
  objectionTo(context, message, () => knowsChosen(context) && !leadershipOf(context).isStopped);

/** Whether the hand-over may begin now. */
export const mayHandOver = (context: ServerContext, message: Asked): boolean =>
  objection(context, message) === undefined;

export const refuseHandOver = (context: ServerContext, message: Asked): Result => ({
  effects: [notHandedOver(context, message.id, objection(context, message) ?? 'not-ready')],
});

/** From here on nothing is proposed, so that the last slot can be reached. */
export const beginHandOver = (context: ServerContext, message: Asked): Result => begun(context, message);

export const refuseHandingOver = (context: ServerContext, { id }: Received<'propose'>): Result => ({
  effects: [refusal(context, id, 'handing-over')],
});

/** The other server has durably accepted all that was proposed at this ballot. */
export const targetHasAll = (context: ServerContext): boolean =>
  targetMatch(context) === leadershipOf(context).lastIndex;

/**
 * Ahead: a leader's ballot is durable since it asked for promises. From here on those who have granted it a lease may
 * promise the other one, whenever the message arrives, so that no lease is worth anything at this ballot.
 */
export const sendStandNow = (context: ServerContext): Result => ({
  context: { leadership: { ...leadershipOf(context), lease: voided(leadershipOf(context).lease) } },
  effects: [sendAhead(target(context), { type: 'standNow', ballot: ballotOf(context) })],
});

function target({ handOver }: ServerContext): Address {
  if (handOver === null) throw new PaxosInvariantError('a rule of hand-overs was asked while there is none');
  return handOver.to;
}

/** No leader came of it in time. */
export const giveUpHandOver = (context: ServerContext): Result =>
  givenUp(context, context.leadership !== null && !targetHasAll(context));

/** Whether this server votes, and has promised the ballot of the leader that tells it to stand, and none since. */
export const mayStandNow = ({ configuration, promised, self }: ServerContext, message: Received<'standNow'>): boolean =>
  sameBallot(message.ballot, promised) && votesIn(configuration, self);

/** The leader at `ballot` has asked for this candidacy, and has no lease any more: those who ask for promises say so. */
export const standForLeader = ({ leaseMs }: ServerContext, { ballot }: Received<'standNow'>): Result =>
  leaseMs === null ? {} : { context: { askedBy: ballot } };
