/**
 * Who leads: rules after the ballot leader election of Ng, Haridi & Carbone 2023 (Omni-Paxos, §5). Every server tells the
 * others whether it is led. One stands for election when nobody is, as far as it hears, and when it hears enough others to
 * decide with them: so neither has anybody to see the leader, nor the leader to see everybody.
 */

import type { Address } from '../../../actor/address.ts';
import { persist, send } from '../../../actor/effects.ts';
import { allMembers } from '../../../replication/members.ts';
import { type Ballot, isLater, sameBallot } from '../../ballot.ts';
import { canDecide, votesIn } from '../configuration.ts';
import type { Effect, Heard, Promised, Received, Result, ServerContext } from '../context.ts';
import { peersOf } from '../context.ts';
import { PaxosInvariantError } from '../errors.ts';
import { preparing } from './preparing.ts';

export { endPromise, isBound, isBoundByEarlier } from '../../../replication/lease.ts';

type OfProposer = Received<'prepare' | 'accept' | 'installSnapshot'>;

/** What was not heard for so many heartbeats is forgotten. */
const maxBeats = 3;

/** A ballot later than the promised one: Paxos 1b, and an acceptance at it promises as much (2b). */
export const isLaterBallot = ({ promised }: ServerContext, { ballot }: OfProposer): boolean =>
  isLater(ballot, promised);

/**
 * Paxos Made Live §5.2: this acceptor may have granted a lease that is not over, and so promises no later ballot, unless
 * the leader at the very ballot that it has promised asked for that: a word of an earlier leader ends no later lease.
 * What is *proposed* at a later ballot is accepted as ever: its proposer has its promises, from acceptors who waited.
 */
export const isWithheld = (context: ServerContext, message: Received<'prepare'>): boolean =>
  context.isBound && isLaterBallot(context, message) && !sameBallot(context.promised, message.askedBy ?? null);

/** A leader is answered at the promised ballot, and leaders have leases. */
export const mayGrant = ({ leaseMs, promised }: ServerContext, { ballot }: OfProposer): boolean =>
  leaseMs !== null && sameBallot(promised, ballot);

/** Paxos Made Live §5.2: from here on, for as long as `leaseGrant`. */
export const grant = (): Result => ({ context: { isBound: true } });

/** A proposer whose ballot is over. */
export const isEarlierBallot = ({ promised }: ServerContext, { ballot }: OfProposer): boolean =>
  promised !== null && isLater(promised, ballot);

/** The sender has left the cluster, and disturbs it no more. */
export const isRetired = ({ configuration }: ServerContext, { from }: { readonly from: Address }): boolean =>
  configuration.retired.includes(from);

/** Paxos 1b: promises a later ballot, durably before it is answered. */
export function promise({ highest }: ServerContext, { ballot }: OfProposer): Result {
  return {
    context: { promised: ballot, highest: laterOf(highest, ballot), leader: null },
    effects: [persist({ type: 'promise', ballot })],
  };
}

const laterOf = (one: Ballot | null, other: Ballot): Ballot => (isLater(other, one) ? other : (one ?? other));

/** Paxos Made Simple §2.2: a proposer of an earlier ballot had better know. */
export const refuse = ({ promised }: ServerContext, { from }: OfProposer): Result =>
  promised === null ? {} : { effects: [send(from, { type: 'refused', promised })] };

/** Whether the refusal is of this server's present ballot: another one has been promised there since. */
export const isOvertaken = ({ promised }: ServerContext, message: Received<'refused'>): boolean =>
  isLater(message.promised, promised);

/** Remembers a ballot that was promised elsewhere, so that the next own one is later. */
export const noteBallot = ({ highest }: ServerContext, { promised }: Received<'refused'>): Result => ({
  context: { highest: laterOf(highest, promised) },
});

/** Omni-Paxos §5.2: takes note of how another server stands. */
export function noteBeat({ heard, highest }: ServerContext, { from, isLed, promised }: Received<'beat'>): Result {
  const others = heard.filter(({ server }) => server !== from);
  const now: Heard = { server: from, isLed, beats: 0 };
  return {
    context: { heard: [...others, now], highest: promised === null ? highest : laterOf(highest, promised) },
  };
}

/** The leader says that it is none any more. */
export const isForsaken = ({ leader }: ServerContext, { from, isLed }: Received<'beat'>): boolean =>
  from === leader && !isLed;

/** Omni-Paxos §5.2: tells the others how this server stands; what they said longest ago is forgotten. */
export function sendBeats(context: ServerContext): Result {
  const heard = context.heard.flatMap((it) => (it.beats < maxBeats ? [{ ...it, beats: it.beats + 1 }] : []));
  return { context: { heard }, effects: beats(context) };
}

function beats(context: ServerContext): readonly Effect[] {
  const { isLed, promised } = context;
  return [...peersOf(context), ...strangers(context)].map((to) => send(to, { type: 'beat', promised, isLed } as const));
}

/**
 * Those who count this server in, and are none of its members: they may know of a later configuration, in which they need
 * it, and must hear it to stand. Who has left is not answered, nor is anybody by a server that was not taken in yet.
 */
function strangers({ configuration, heard }: ServerContext): readonly Address[] {
  const known = [...allMembers(configuration), ...configuration.retired];
  if (configuration.voters.length === 0) return [];
  return heard.map(({ server }) => server).filter((server) => !known.includes(server));
}

/** A candidate may become a leader soon: no server stands against it meanwhile. */
export const noteLed = (): Result => ({ context: { isLed: true } });

/** No leader was heard for a round: the others are told at once, for they may wait for it. */
export const noteAlone = (context: ServerContext): Result => ({
  context: { leader: null, isLed: false, phase1: null, askedBy: null },
  effects: beats({ ...context, isLed: false }),
});

/**
 * Omni-Paxos §5.2: whether this server votes, hears enough others to decide with them, and none of them is led. Where one
 * is, its leader decides with others, and standing against it would only stop that. Nor does one stand that has granted a
 * lease: it would promise itself a ballot.
 */
export function mayStand({ configuration, heard, isBound: hasGranted, self }: ServerContext): boolean {
  if (hasGranted || !votesIn(configuration, self)) return false;
  if (heard.some(({ server, isLed }) => isLed && votesIn(configuration, server))) return false;
  return canDecide(configuration, (voter) => voter === self || heard.some(({ server }) => server === voter));
}

/**
 * Paxos 1a: a ballot later than any heard of, which this server promises itself before it asks anybody: so none of its own
 * is ever used twice, in any life. The own promise counts once it is durable, which `durable` tells.
 */
export function stand(context: ServerContext): Result {
  const { commitIndex, configuration, highest, self, slots } = context;
  const ballot: Ballot = { round: (highest?.round ?? 0) + 1, proposer: self };
  const next = commitIndex + 1;
  const promises = configuration.voters.map(
    (server): Promised => ({ server, next, isWhole: false, committed: 0, heard: true }),
  );
  return {
    context: {
      promised: ballot,
      highest: ballot,
      leader: null,
      isLed: false,
      isBound: false,
      phase1: { promises, found: slots, isAdvancing: true },
    },
    effects: [
      persist({ type: 'promise', ballot }),
      ...peersVoting(context).map((peer) => send(peer, preparing(context, ballot, next))),
      send(self, { type: 'durable', ballot, index: commitIndex }),
    ],
  };
}

const peersVoting = ({ configuration, self }: ServerContext): readonly Address[] =>
  configuration.voters.filter((voter) => voter !== self);

/**
 * A ballot has one proposer, who is this server.
 *
 * @throws PaxosInvariantError always
 */
export function refuseRival({ self }: ServerContext, { ballot, from }: OfProposer): Result {
  throw new PaxosInvariantError(
    `expected '${self}' alone to propose at ballot ${ballot.round} of ${ballot.proposer}, and '${from}' does, too; check that every server has its own data, no older than its last run`,
  );
}
