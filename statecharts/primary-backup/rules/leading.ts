/** What a primary does: VR §4.1, and reads that others have confirmed. */

import { deliver, deliverAhead, type Send } from '../../actor/effects.ts';
import { isQuorum, reachedBy } from '../../quorum.ts';
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
import { type Configuration, isEnough, offers } from '../configuration.ts';
import { type Effect, type Leadership, peersOf, type Received, type ReplicaContext, type Result } from '../context.ts';
import { ReplicaInvariantError } from '../errors.ts';
import type { Entry, ReplicaMessage } from '../messages.ts';
import { acknowledgedBy, holders, losslessMode } from './acknowledging.ts';
import { learnCommitted, refusal } from './committing.ts';
import { append, leadershipOf, noteReply, type Sending, sendAll, sendHeartbeat, sourceOf } from './replicating.ts';

/** VR §4.2: opens the epoch with an entry of its own; the log so far is durable, as the configuration after it is. */
export function takeOffice(context: ReplicaContext): Result {
  const { configuration, log } = context;
  const { epoch } = configuration;
  const durableIndex = log.lastIndex;
  const firstIndex = durableIndex + 1;
  const leadership: Leadership = {
    followers: peersOf(context).map((peer) => freshProgress(peer, firstIndex)),
    firstIndex,
    durableIndex,
    dueDurableIndex: firstIndex,
    dueIndex: firstIndex,
    isAnswered: true,
    asked: null,
    round: 0,
    reads: [],
  };
  return append(
    { ...context, barredEpoch: epoch, leadership },
    [{ index: firstIndex, epoch, kind: 'noop' }],
    [inSyncTold(configuration)],
  );
}

/** Who is in sync and who is not: told whenever it changes, so that no write is ever silently held by fewer. */
export const inSyncTold = (configuration: Configuration) => {
  const { inSync, replicas } = configuration;
  return deliver({
    type: 'inSync',
    members: inSync,
    missing: replicas.filter((replica) => !inSync.includes(replica)),
    isEnough: isEnough(configuration, inSync),
  } as const);
};

/** VR §4.1: the commands become entries, and go to the others while they are being written down here. */
export function appendCommands(context: ReplicaContext, { commands, id, mode }: Received<'propose'>): Result {
  const { configuration, log } = context;
  const { epoch } = configuration;
  const index = log.lastIndex + 1;
  const own = mode === undefined || mode === configuration.mode ? {} : { mode };
  const entries = commands.map((data, at): Entry => ({ index: index + at, epoch, kind: 'command', data, ...own }));
  return append(context, entries, [deliverAhead({ type: 'proposed', id, epoch, index })]);
}

/** More bytes than allowed would wait to be acknowledged. */
export function isOverloaded(context: ReplicaContext, { commands }: Received<'propose'>): boolean {
  const { commitIndex, limits, log } = context;
  const waitingBytes = log.sizeBetween(commitIndex, log.lastIndex);
  return wouldOverload(commands, waitingBytes, limits.maxUncommittedBytes);
}

export const refuseOverloaded = (context: ReplicaContext, { id }: Received<'propose'>): Result => ({
  effects: [refusal(context, id, 'overloaded')],
});

/** The write asks for what the store's elections do not keep. */
export const isNotOffered = ({ configuration }: ReplicaContext, { mode }: Received<'propose'>): boolean =>
  mode !== undefined && !offers(configuration, mode);

export const refuseMode = (context: ReplicaContext, { id }: Received<'propose'>): Result => ({
  effects: [refusal(context, id, 'mode-not-offered')],
});

/** KIP-966: too few would hold the write. */
export const refuseTooFew = (context: ReplicaContext, { id }: Received<'propose'>): Result => ({
  effects: [refusal(context, id, 'too-few-in-sync')],
});

/** An answer of `server` in this epoch changes what the primary knows of it; the rest follows. */
function note(context: ReplicaContext, server: string, noted: (progress: Progress) => Progress): Result {
  const leadership = leadershipOf(context);
  const followers = withNoted(leadership.followers, server, noted);
  const isNews = followers !== undefined && followers !== leadership.followers;
  return isNews ? settle(context, { ...leadership, followers }) : {};
}

/** Whether an answer is one to this epoch's primary. */
export const isOfEpoch = (
  { configuration }: ReplicaContext,
  { epoch }: Received<'appended' | 'snapshotReply' | 'durable'>,
): boolean => epoch === configuration.epoch;

/** VR §4.1: success advances the backup, failure goes back. */
export const noteAppended = (context: ReplicaContext, message: Received<'appended'>): Result =>
  note(context, message.from, (progress) => noteReply(context.log, progress, message));

/** VR §5.2: the snapshot is on its way, or in force. */
export const noteSnapshot = (context: ReplicaContext, message: Received<'snapshotReply'>): Result =>
  note(context, message.from, (progress) => noteStanding(context.log, progress, message));

/** The primary's own copy counts as soon as it is durable. */
export function noteDurable(context: ReplicaContext, { index }: Received<'durable'>): Result {
  const leadership = leadershipOf(context);
  return index <= leadership.durableIndex ? {} : settle(context, { ...leadership, durableIndex: index });
}

/** What was in flight to that node may be lost. */
export function noteLost(context: ReplicaContext, message: Received<'unreachable'>): Result {
  const leadership = leadershipOf(context);
  return { context: { leadership: { ...leadership, followers: withLost(leadership.followers, message) } } };
}

/** Something is known that was not: acknowledges what may be, answers reads that may be, sends what may go. */
export function settle(context: ReplicaContext, leadership: Leadership): Result {
  const { commitIndex, safeIndex } = acknowledgedBy(context, leadership);
  const { context: learned, effects } = learnCommitted(context, commitIndex, safeIndex);
  const { answered, leadership: waiting, mustAsk } = answeredBy(leadership, roundConfirmed(context, leadership));
  const { leadership: asked, outgoing: heartbeats } = mustAsk
    ? beginRound(learned, waiting)
    : { leadership: waiting, outgoing: [] };
  const { followers, outgoing } = sendAll(learned, asked);
  return {
    context: { ...learned, leadership: { ...asked, followers } },
    effects: [...effects, ...answered.map(readable), ...heartbeats, ...outgoing],
  };
}

/**
 * The last round that so many have answered of each in-sync set that may be in force that no primary can have been chosen
 * without them: so none had been when the round began. No clock is asked.
 */
function roundConfirmed(context: ReplicaContext, leadership: Leadership): number {
  return reachedBy(holders(context, leadership, losslessMode(context)), (server) =>
    server === context.self ? leadership.round : (followerOf(leadership.followers, server)?.round ?? 0),
  );
}

/** VR §4.1: tells the others that the epoch has a primary; each round has its number, for reads. */
export function sendHeartbeats(context: ReplicaContext): Result {
  const { leadership, outgoing } = beginRound(context, leadershipOf(context));
  return { context: { leadership }, effects: outgoing };
}

function beginRound(
  sending: Sending,
  leadership: Leadership,
): { leadership: Leadership; outgoing: Send<ReplicaMessage>[] } {
  const round = leadership.round + 1;
  const source = sourceOf(sending, round);
  const outgoing: Send<ReplicaMessage>[] = [];
  const followers = leadership.followers.map((progress) => sendHeartbeat(source, progress, outgoing));
  return { leadership: { ...leadership, followers, round }, outgoing };
}

/** Before its epoch's first entry is acknowledged, a primary does not know what was before it. */
export const knowsCommitted = (context: ReplicaContext): boolean =>
  context.commitIndex >= leadershipOf(context).firstIndex;

/** A read waits for a round that begins after it arrived. One that finds a round under way shares the next. */
export function startRead(context: ReplicaContext, { id }: Received<'read'>): Result {
  const leadership = leadershipOf(context);
  const read: PendingRead = { id, index: context.commitIndex, round: leadership.round + 1 };
  if (isQuorum(holders(context, leadership, losslessMode(context)), [context.self]))
    return { effects: [readable(read)] };
  const asked = { ...leadership, reads: [...leadership.reads, read] };
  if (leadership.reads.length > 0) return { context: { leadership: asked } };
  const { leadership: begun, outgoing } = beginRound(context, asked);
  return { context: { leadership: begun }, effects: outgoing };
}

/** Ahead: the answer concerns what is acknowledged, and no record of this replica. */
const readable = ({ id, index }: PendingRead): Effect => deliverAhead({ type: 'readable', id, index });

export const refuseNotReady = (context: ReplicaContext, { id }: Received<'read'>): Result => ({
  effects: [refusal(context, id, 'not-ready')],
});

/**
 * An epoch has one primary.
 *
 * @throws ReplicaInvariantError always
 */
export function refuseRival(
  { configuration, self }: ReplicaContext,
  { from }: Received<'append' | 'installSnapshot'>,
): Result {
  throw new ReplicaInvariantError(
    `expected '${self}' alone to be primary in epoch ${configuration.epoch}, and '${from}' is, too; check that every replica has its own data, no older than its last run, and that all ask one authority`,
  );
}

/** The primary's knowledge goes with the office, and so do the reads that wait: another may answer them. */
export function leaveOffice(context: ReplicaContext): Result {
  const left = { ...context, leadership: null };
  return {
    context: { leadership: null },
    effects: leadershipOf(context).reads.map(({ id }) => refusal(left, id, 'not-leader')),
  };
}
