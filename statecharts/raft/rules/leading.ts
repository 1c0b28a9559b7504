/** What a leader does: Raft §3.5, §3.6.2, §6.2, §6.4, §10.2, and the leader's rules of Figure 3.1. */

import { deliverAhead, type Send } from '../../actor/effects.ts';
import { isMet, isQuorum, reachedBy } from '../../quorum.ts';
import { isHeld, newLease, renewed, withGrant, withRound } from '../../replication/lease.ts';
import {
  followerOf,
  freshProgress,
  noteStanding,
  type Progress,
  withLost,
  withNoted,
} from '../../replication/progress.ts';
import { answeredBy, type PendingRead } from '../../replication/reads.ts';
import { wouldOverload } from '../../replication/sequence.ts';
import { quorumOf } from '../configuration.ts';
import { type Effect, type Leadership, peersOf, type Received, type Result, type ServerContext } from '../context.ts';
import { RaftInvariantError } from '../errors.ts';
import type { Entry, RaftMessage } from '../messages.ts';
import { learnCommitted, refusal } from './commitment.ts';
import { noteAppendReply, type Sending, sendHeartbeat, sourceOf } from './progress.ts';
import { append, leadershipOf, sendAll } from './replication.ts';

/**
 * §3.6.2: opens the term with an entry of its own, through which it learns what is committed. Its log so far is durable:
 * it was when the votes were asked for.
 */
export function takeOffice(context: ServerContext): Result {
  const { log, self, term } = context;
  const durableIndex = log.lastIndex;
  const leadership: Leadership = {
    followers: peersOf(context).map((peer) => freshProgress(peer, durableIndex + 1)),
    firstIndex: durableIndex + 1,
    durableIndex,
    dueDurableIndex: durableIndex + 1,
    round: 0,
    reads: [],
    catchUp: null,
    lease: newLease(context.leaseMs),
  };
  return append({ ...context, leader: self, leadership }, [{ index: durableIndex + 1, term, kind: 'noop' }], []);
}

/** §3.5: the commands become entries, and go to the followers while they are being written down here (§10.2.1). */
export function appendCommands(context: ServerContext, { commands, id }: Received<'propose'>): Result {
  const { log, term } = context;
  const index = log.lastIndex + 1;
  const entries = commands.map((data, place): Entry => ({ index: index + place, term, kind: 'command', data }));
  return append(context, entries, [deliverAhead({ type: 'proposed', id, term, index })]);
}

/** More bytes than allowed would wait to be committed. */
export function isOverloaded(context: ServerContext, { commands }: Received<'propose'>): boolean {
  const { commitIndex, limits, log } = context;
  const waitingBytes = log.sizeBetween(commitIndex, log.lastIndex);
  return wouldOverload(commands, waitingBytes, limits.maxUncommittedBytes);
}

export const refuseOverloaded = (context: ServerContext, { id }: Received<'propose'>): Result => ({
  effects: [refusal(context, id, 'overloaded')],
});

/** An answer of a server in this term changes what the leader knows of it; the rest follows. */
function note(
  context: ServerContext,
  { from, atMs }: Received<'appendReply' | 'snapshotReply'>,
  noted: (progress: Progress) => Progress,
  lease = leadershipOf(context).lease,
): Result {
  const leadership = leadershipOf(context);
  const followers = withNoted(leadership.followers, from, noted);
  const isNews = followers !== undefined && followers !== leadership.followers;
  return isNews ? settle(context, { ...leadership, followers, lease }, atMs) : {};
}

/** §3.5: success advances the follower, failure goes back; either grants a lease, if it says so (§6.4.1). */
export const noteAppended = (context: ServerContext, message: Received<'appendReply'>): Result =>
  note(
    context,
    message,
    (progress) => noteAppendReply(context.log, progress, message),
    withGrant(leadershipOf(context).lease, message),
  );

/** Figure 5.3: the snapshot is on its way, or in force. */
export const noteSnapshot = (context: ServerContext, message: Received<'snapshotReply'>): Result =>
  note(context, message, (progress) => noteStanding(context.log, progress, message));

/** §10.2.1: the leader's own copy counts as soon as it is durable. A word from an earlier term does not. */
export function noteDurable(context: ServerContext, { atMs, index, term }: Received<'durable'>): Result {
  const leadership = leadershipOf(context);
  if (term !== context.term || index <= leadership.durableIndex) return {};
  return settle(context, { ...leadership, durableIndex: index }, atMs);
}

/** What was in flight to that node may be lost. */
export function noteLost(context: ServerContext, message: Received<'unreachable'>): Result {
  const leadership = leadershipOf(context);
  return { context: { leadership: { ...leadership, followers: withLost(leadership.followers, message) } } };
}

/** Something is known that was not: commits what may be, answers reads that may be, sends what may go. */
function settle(context: ServerContext, leadership: Leadership, atMs: number): Result {
  const { commitIndex, compactionAsked, effects } = learnCommitted(context, committedBy(context, leadership));
  const confirmed = roundConfirmed(context, leadership);
  const { answered, leadership: waiting, mustAsk } = answeredBy(leadership, confirmed);
  const { configuration, limits, log, self, snapshot, term } = context;
  const sending = { commitIndex, limits, log, snapshot, term };
  const { leadership: asked, outgoing: heartbeats } = mustAsk
    ? beginRound(sending, waiting, atMs)
    : { leadership: waiting, outgoing: [] };
  const { followers, outgoing } = sendAll(sending, asked);
  return {
    context: {
      commitIndex,
      compactionAsked,
      leadership: { ...asked, followers, lease: renewed(asked.lease, quorumOf(configuration), self) },
    },
    effects: [...effects, ...answered.map(readable), ...heartbeats, ...outgoing],
  };
}

/** §3.6.2: entries of earlier terms are committed only by way of one of this term that a majority holds. */
function committedBy({ commitIndex, configuration, log, self, term }: ServerContext, leadership: Leadership): number {
  const index = reachedBy(quorumOf(configuration), (voter) =>
    voter === self ? leadership.durableIndex : (followerOf(leadership.followers, voter)?.match ?? 0),
  );
  return index > commitIndex && log.termAt(index) === term ? index : commitIndex;
}

/** §6.4: the last round that a majority has answered, which therefore had no later leader when the round began. */
function roundConfirmed({ configuration, self }: ServerContext, leadership: Leadership): number {
  return reachedBy(quorumOf(configuration), (voter) =>
    voter === self ? leadership.round : (followerOf(leadership.followers, voter)?.round ?? 0),
  );
}

/** §3.4: tells all servers that the term has a leader; each round has its number, for reads. */
export function sendHeartbeats(context: ServerContext, { atMs }: { readonly atMs: number }): Result {
  const { leadership, outgoing } = beginRound(context, leadershipOf(context), atMs);
  return { context: { leadership }, effects: outgoing };
}

function beginRound(
  sending: Sending,
  leadership: Leadership,
  atMs: number,
): { leadership: Leadership; outgoing: Send<RaftMessage>[] } {
  const round = leadership.round + 1;
  const source = sourceOf(sending, round);
  const outgoing: Send<RaftMessage>[] = [];
  const followers = leadership.followers.map((progress) => sendHeartbeat(source, progress, outgoing));
  return { leadership: { ...leadership, followers, round, lease: withRound(leadership.lease, round, atMs) }, outgoing };
}

/** §6.4: before an entry of its own term is committed, a leader does not know which entries are. */
export const knowsCommitted = (context: ServerContext): boolean =>
  context.commitIndex >= leadershipOf(context).firstIndex;

/** §6.4: a read waits for a round that begins after it arrived. One that finds a round under way shares the next. */
export function startRead(context: ServerContext, { atMs, id }: Received<'read'>): Result {
  const leadership = leadershipOf(context);
  const { commitIndex } = context;
  const read: PendingRead = { id, index: commitIndex, round: leadership.round + 1 };
  if (isQuorum(quorumOf(context.configuration), [context.self])) return { effects: [readable(read)] };
  const asked = { ...leadership, reads: [...leadership.reads, read] };
  if (leadership.reads.length > 0) return { context: { leadership: asked } };
  const { leadership: begun, outgoing } = beginRound(context, asked, atMs);
  return { context: { leadership: begun }, effects: outgoing };
}

/**
 * §6.4.1: no other server can have been elected by the time of this leader's clock, which was read after the request came:
 * what is committed here then is all that was committed when it came.
 */
export const mayReadByLease = (context: ServerContext, { atMs, byLease }: Received<'read'>): boolean =>
  byLease === true && knowsCommitted(context) && isHeld(leadershipOf(context).lease, atMs);

export const readByLease = ({ commitIndex: index }: ServerContext, { id }: Received<'read'>): Result => ({
  effects: [readable({ id, index })],
});

/** Ahead: the answer concerns what is committed, and no record of this server. */
const readable = ({ id, index }: Pick<PendingRead, 'id' | 'index'>): Effect =>
  deliverAhead({ type: 'readable', id, index });

export const refuseNotReady = (context: ServerContext, { id }: Received<'read'>): Result => ({
  effects: [refusal(context, id, 'not-ready')],
});

/**
 * §6.2: whether a majority was heard since the last look, this server included; and whether its journal makes headway,
 * since a leader that can write nothing down keeps the others from electing one that can. One whose journal has much to
 * do, and does it, stays: the next leader would have as much to do, and the entries on their way to repeat besides.
 */
export function hasQuorum(context: ServerContext): boolean {
  const { configuration, self } = context;
  const { dueDurableIndex, durableIndex, ...leadership } = leadershipOf(context);
  const isHeard = (voter: string): boolean =>
    voter === self || leadership.followers.some((it) => it.server === voter && it.heard);
  return isMet(quorumOf(configuration), isHeard) && durableIndex >= dueDurableIndex;
}

/**
 * §3.4: two leaders of one term cannot be, as long as every server votes once in a term, also after a crash.
 *
 * @throws RaftInvariantError always
 */
export function refuseRival({ self, term }: ServerContext, { from }: Received<'append' | 'installSnapshot'>): Result {
  throw new RaftInvariantError(
    `expected '${self}' alone to lead term ${term}, and '${from}' leads it, too: a server has voted for both; check that every server has its own data, no older than its last run`,
  );
}

/** §6.2: begins the next look. */
export function watchQuorum(context: ServerContext): Result {
  const leadership = leadershipOf(context);
  const followers = leadership.followers.map((progress) => ({ ...progress, heard: false }));
  const dueDurableIndex = Math.min(leadership.durableIndex + 1, context.log.lastIndex);
  return { context: { leadership: { ...leadership, followers, dueDurableIndex } } };
}

/** The leader's knowledge goes with the office, and so do the reads that wait: another leader may answer them. */
export function leaveOffice(context: ServerContext): Result {
  const left = { ...context, leader: null };
  return {
    context: { leader: null, leadership: null },
    effects: leadershipOf(context).reads.map(({ id }) => refusal(left, id, 'not-leader')),
  };
}
