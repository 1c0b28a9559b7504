/** What a leader, the distinguished proposer, does: Paxos 2a for what phase 1 found and for commands, commitment, reads. */

import { deliverAhead } from '../../../actor/effects.ts';
import { isMet, isQuorum, type Quorum, reachedBy } from '../../../quorum.ts';
import { isHeld, newLease, renewed, withGrant, withRound } from '../../../replication/lease.ts';
import {
  followerOf,
  freshProgress,
  noteStanding,
  type Progress,
  withLost,
  withNoted,
} from '../../../replication/progress.ts';
import { answeredBy, type PendingRead } from '../../../replication/reads.ts';
import { wouldOverload } from '../../../replication/sequence.ts';
import { type Ballot, sameBallot } from '../../ballot.ts';
import { choosingQuorum, confirmingQuorum, votesIn } from '../configuration.ts';
import { type Effect, type Leadership, peersOf, type Received, type Result, type ServerContext } from '../context.ts';
import type { Entry } from '../messages.ts';
import type { Slots } from '../slots.ts';
import { known, learnChosen, refusal } from './choosing.ts';
import { acceptance } from './records.ts';
import {
  ballotOf,
  beginHeartbeats,
  leadershipOf,
  noteReply,
  promisedProgress,
  proposeNext,
  sendAll,
} from './replication.ts';
import { goingOn, withKnowing } from './succession.ts';

/**
 * Paxos 2a, for the slots that phase 1 found open: what was accepted at the highest ballot, and a no-op in a hole (Paxos
 * Made Simple §3). After a stop-sign nothing is proposed: those whom it names decide on what was accepted there.
 */
export function takeOffice(context: ServerContext): Result {
  const { commitIndex, configuration, phase1, self } = context;
  const ballot = ballotOf(context);
  const found = phase1?.found ?? context.slots;
  const open = openSlots(found, ballot, commitIndex + 1);
  const slots = context.slots.accept(ballot, open);
  const lastIndex = commitIndex + open.length;
  const promises = phase1?.promises ?? [];
  const followers = peersOf(context).map((peer): Progress => {
    const promised = promises.find(({ server, isWhole }) => isWhole && server === peer);
    return promised === undefined
      ? freshProgress(peer, commitIndex + 1)
      : promisedProgress(peer, Math.min(promised.committed, commitIndex));
  });
  const leadership: Leadership = {
    configurationIndex: configuration.index,
    configurationRound: 1,
    knowing: [],
    followers,
    inheritedIndex: lastIndex,
    lastIndex,
    isStopped: open.at(-1)?.kind === 'stop',
    durableIndex: commitIndex,
    dueDurableIndex: Math.min(commitIndex + 1, lastIndex),
    round: 0,
    reads: [],
    catchUp: null,
    lease: newLease(context.leaseMs),
  };
  const office = { ...context, slots, leader: self };
  const begun = beginHeartbeats(office, leadership);
  const sent = sendAll(office, begun.leadership);
  return {
    context: { slots, leader: self, isLed: true, heard: [], phase1: null, askedBy: null, leadership: sent.leadership },
    effects: [
      ...begun.outgoing,
      ...sent.outgoing,
      ...acceptances(context, slots, ballot, lastIndex),
      { type: 'send', to: self, message: { type: 'durable', ballot, index: lastIndex } },
    ],
  };
}

/** What is to be proposed at `ballot` in the slots from `from` on, up to a stop-sign if there is one. */
function openSlots(found: Slots, ballot: Ballot, from: number): readonly Entry[] {
  const entries: Entry[] = [];
  for (let index = from; index <= found.lastIndex; index += 1) {
    const entry = found.proposalAt(ballot, index) ?? { index, kind: 'noop' };
    entries.push(entry);
    if (entry.kind === 'stop') break;
  }
  return entries;
}

/** The records of what was proposed in the open slots, each as large as a message may be. */
function acceptances(
  { commitIndex, limits }: ServerContext,
  slots: Slots,
  ballot: Ballot,
  lastIndex: number,
): Effect[] {
  const effects: Effect[] = [];
  const bound = { maxEntries: limits.windowEntries, maxBytes: limits.maxAppendBytes };
  for (let from = commitIndex + 1; from <= lastIndex; ) {
    const end = Math.min(lastIndex, slots.endOf(from, bound));
    effects.push(acceptance(ballot, slots.proposals(ballot, from, end)));
    from = end + 1;
  }
  return effects;
}

/** Paxos 2a: the commands are proposed in the next slots, and go to the others while they are being written down here. */
export function proposeCommands(context: ServerContext, { commands, id }: Received<'propose'>): Result {
  const index = leadershipOf(context).lastIndex + 1;
  const entries = commands.map((data, place): Entry => ({ index: index + place, kind: 'command', data }));
  return proposeNext(context, entries, [deliverAhead({ type: 'proposed', id, ballot: ballotOf(context), index })]);
}

/** More bytes than allowed would wait to be committed. */
export function isOverloaded(context: ServerContext, { commands }: Received<'propose'>): boolean {
  const { commitIndex, limits, slots } = context;
  const waitingBytes = slots.sizeBetween(commitIndex, leadershipOf(context).lastIndex);
  return wouldOverload(commands, waitingBytes, limits.maxUncommittedBytes);
}

export const refuseOverloaded = (context: ServerContext, { id }: Received<'propose'>): Result => ({
  effects: [refusal(context, id, 'overloaded')],
});

/** A stop-sign was proposed: the next configuration decides what comes after it. */
export const isStopped = (context: ServerContext): boolean => leadershipOf(context).isStopped;

export const refuseNotReady = (context: ServerContext, { id }: Received<'read' | 'propose'>): Result => ({
  effects: [refusal(context, id, 'not-ready')],
});

/** Whether an answer is to what was proposed at the own ballot: acceptances are never counted across ballots. */
export const isOfBallot = (context: ServerContext, { ballot }: Received<'accepted' | 'snapshotReply'>): boolean =>
  sameBallot(context.promised, ballot);

/** An answer of `server` at this ballot changes what the leader knows of it; the rest follows. */
function note(
  context: ServerContext,
  { atMs, from }: Received<'accepted' | 'snapshotReply'>,
  noted: (progress: Progress) => Progress,
): Result {
  const leadership = leadershipOf(context);
  const followers = withNoted(leadership.followers, from, noted);
  return followers === undefined ? {} : settle(context, { ...leadership, followers }, atMs);
}

const proposed = ({ slots }: ServerContext, { lastIndex }: Leadership): { baseIndex: number; lastIndex: number } => ({
  baseIndex: slots.baseIndex,
  lastIndex,
});

/** Paxos 2b: so much is accepted there, at this ballot. */
export const noteAccepted = (context: ServerContext, message: Received<'accepted'>): Result =>
  note({ ...context, leadership: withGranted(withKnowing(context, message), message) }, message, (progress) =>
    noteReply(proposed(context, leadershipOf(context)), progress, message),
  );

/** Whoever has answered grants a lease, if it says so (Paxos Made Live §5.2). */
function withGranted(leadership: Leadership, message: Received<'accepted'>): Leadership {
  const lease = withGrant(leadership.lease, message);
  return lease === leadership.lease ? leadership : { ...leadership, lease };
}

/** The snapshot is on its way, or in force. */
export const noteSnapshot = (context: ServerContext, message: Received<'snapshotReply'>): Result =>
  note(context, message, (progress) => noteStanding(proposed(context, leadershipOf(context)), progress, message));

/** The leader's own acceptance counts as soon as it is durable. A word from an earlier ballot does not. */
export function noteDurable(context: ServerContext, { atMs, ballot, index }: Received<'durable'>): Result {
  const leadership = leadershipOf(context);
  if (!sameBallot(ballot, context.promised) || index <= leadership.durableIndex) return {};
  return settle(context, { ...leadership, durableIndex: index }, atMs);
}

/** What was in flight to that node may be lost. */
export function noteLost(context: ServerContext, message: Received<'unreachable'>): Result {
  const leadership = leadershipOf(context);
  return { context: { leadership: { ...leadership, followers: withLost(leadership.followers, message) } } };
}

/** Something is known that was not: commits what may be, answers reads that may be, sends what may go. */
function settle(context: ServerContext, before: Leadership, atMs: number): Result {
  const confirmed = roundConfirmed(context, before);
  const leadership = { ...before, lease: renewed(before.lease, confirmingQuorum(context.configuration), context.self) };
  const learned = learnChosen(context, chosenBy(context, leadership));
  const { answered, leadership: waiting, mustAsk } = answeredBy(leadership, confirmed);
  const next = { ...context, commitIndex: learned.commitIndex };
  // Those who do not take part any more after a stop-sign hear that it is chosen.
  const isOver = learned.configuration !== context.configuration;
  const told = isOver || mustAsk ? beginRound(next, waiting, atMs) : { leadership: waiting, outgoing: [] };
  const sent = sendAll(next, isOver ? goingOn({ ...next, ...known(learned) }, told.leadership) : told.leadership);
  return {
    context: { ...known(learned), leadership: sent.leadership },
    effects: [...learned.effects, ...answered.map(readable), ...told.outgoing, ...sent.outgoing],
  };
}

/** How far a quorum of phase 2 has come, slot by slot in their order, at the leader's own ballot. */
const chosenBy = (context: ServerContext, leadership: Leadership): number =>
  reachedByAll(choosingQuorum(context.configuration), context, leadership, 'match', leadership.durableIndex);

/**
 * The last round that so many have answered as share one with every quorum of phase 1: when it began, no later leader had
 * its promises.
 */
const roundConfirmed = (context: ServerContext, leadership: Leadership): number =>
  reachedByAll(confirmingQuorum(context.configuration), context, leadership, 'round', leadership.round);

function reachedByAll(
  quorum: Quorum,
  { self }: ServerContext,
  { followers }: Leadership,
  what: 'match' | 'round',
  own: number,
): number {
  return reachedBy(quorum, (voter) => (voter === self ? own : (followerOf(followers, voter)?.[what] ?? 0)));
}

export function sendHeartbeats(context: ServerContext, { atMs }: { readonly atMs: number }): Result {
  const { leadership, outgoing } = beginRound(context, leadershipOf(context), atMs);
  return { context: { leadership }, effects: outgoing };
}

/** A round that begins at `atMs`, from when on a lease counts. */
function beginRound(context: ServerContext, before: Leadership, atMs: number): ReturnType<typeof beginHeartbeats> {
  const { leadership, outgoing } = beginHeartbeats(context, before);
  return { leadership: { ...leadership, lease: withRound(leadership.lease, leadership.round, atMs) }, outgoing };
}

/** Before all that it took over is chosen, a leader does not know what is. */
export const knowsChosen = (context: ServerContext): boolean =>
  context.commitIndex >= leadershipOf(context).inheritedIndex;

/** A read waits for a round that begins after it arrived. One that finds a round under way shares the next. */
export function startRead(context: ServerContext, { atMs, id }: Received<'read'>): Result {
  const leadership = leadershipOf(context);
  const read: PendingRead = { id, index: context.commitIndex, round: leadership.round + 1 };
  if (isQuorum(confirmingQuorum(context.configuration), [context.self])) return { effects: [readable(read)] };
  const asked = { ...leadership, reads: [...leadership.reads, read] };
  if (leadership.reads.length > 0) return { context: { leadership: asked } };
  const { leadership: begun, outgoing } = beginRound(context, asked, atMs);
  return { context: { leadership: begun }, effects: outgoing };
}

/**
 * Paxos Made Live §5.2: so many acceptors have granted this leader a lease as share one with every quorum of phase 1, so no
 * other leader can have been promised its ballot by the time of this one's clock, which was read after the request came:
 * what is chosen here then is all that was chosen when it came.
 */
export const mayReadByLease = (context: ServerContext, { atMs, byLease }: Received<'read'>): boolean =>
  byLease === true && knowsChosen(context) && isHeld(leadershipOf(context).lease, atMs);

export const readByLease = ({ commitIndex: index }: ServerContext, { id }: Received<'read'>): Result => ({
  effects: [readable({ id, index })],
});

/** Ahead: the answer concerns what is chosen, and no record of this server. */
const readable = ({ id, index }: Pick<PendingRead, 'id' | 'index'>): Effect =>
  deliverAhead({ type: 'readable', id, index });

/**
 * Whether a quorum of phase 2 was heard since the last look, this server included; and whether its journal makes headway,
 * since a leader that can write nothing down keeps the others from electing one that can.
 */
export function hasQuorum(context: ServerContext): boolean {
  const { configuration, self } = context;
  const { dueDurableIndex, durableIndex, followers } = leadershipOf(context);
  const isHeard = (voter: string): boolean =>
    voter === self || followers.some(({ server, heard }) => heard && server === voter);
  return isMet(choosingQuorum(configuration), isHeard) && durableIndex >= dueDurableIndex;
}

/** Begins the next look. */
export function watchQuorum(context: ServerContext): Result {
  const leadership = leadershipOf(context);
  const followers = leadership.followers.map((progress) => ({ ...progress, heard: false }));
  const dueDurableIndex = Math.min(leadership.durableIndex + 1, leadership.lastIndex);
  return { context: { leadership: { ...leadership, followers, dueDurableIndex } } };
}

/** A stop-sign that this server took over has ended the configuration for which it leads: it stands in the next one. */
export const isSucceeded = (context: ServerContext): boolean =>
  context.configuration.index !== leadershipOf(context).configurationIndex &&
  votesIn(context.configuration, context.self);

/** The configuration in force is without this server. */
export const hasLeft = (context: ServerContext): boolean => !votesIn(context.configuration, context.self);

/** The leader's knowledge goes with the office, and so do the reads that wait: another one may answer them. */
export function leaveOffice(context: ServerContext): Result {
  const left = { ...context, leader: null };
  return {
    context: { leader: null, leadership: null },
    effects: leadershipOf(context).reads.map(({ id }) => refusal(left, id, 'not-leader')),
  };
}
