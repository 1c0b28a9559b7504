/** How a leader brings its proposals to its followers: what the rules of leaders share. */

import type { Address } from '../../../actor/address.ts';
import { type Deliver, type Send, send, sendAhead } from '../../../actor/effects.ts';
import type { Limits } from '../../../replication/limits.ts';
import { noteMatch, type Progress, paced, probingFrom } from '../../../replication/progress.ts';
import type { Ballot } from '../../ballot.ts';
import type { Leadership, Received, Result, ServerContext } from '../context.ts';
import { PaxosInvariantError } from '../errors.ts';
import type { Entry, PaxosMessage, PaxosOutput, Snapshot } from '../messages.ts';
import type { Slots } from '../slots.ts';
import { acceptance } from './records.ts';

/** What the messages to followers are made from. */
interface Source {
  readonly ballot: Ballot;
  /** Up to the last slot in which the leader has proposed. */
  readonly log: Slots;
  readonly limits: Limits;
  readonly snapshot: Snapshot | null;
  readonly commitIndex: number;
  readonly round: number;
}

/**
 * All of it is ahead: a leader's ballot is durable since it asked for promises, so that it never proposes another value at
 * it, whatever it loses of its own acceptances in a crash.
 */
const pace = paced<Source, PaxosMessage>({
  append({ ballot, commitIndex, log, round }, server, next, maxEntries, maxBytes, outgoing) {
    const entries = maxEntries === 0 ? [] : log.proposals(ballot, next, log.endOf(next, { maxEntries, maxBytes }));
    outgoing.push(sendAhead(server, { type: 'accept', ballot, index: next, entries, committed: commitIndex, round }));
    return entries.length;
  },
  offer({ ballot, snapshot }, server, outgoing) {
    if (snapshot === null) throw new PaxosInvariantError('the slots are compacted, but there is no snapshot');
    outgoing.push(sendAhead(server, { type: 'installSnapshot', ballot, snapshot }));
    return snapshot.index;
  },
});

/** @throws PaxosInvariantError outside of the leader's states, where no rule of leaders may be asked */
export function leadershipOf({ leadership }: ServerContext): Leadership {
  if (leadership === null) throw new PaxosInvariantError('a rule of leaders was asked of a server that does not lead');
  return leadership;
}

/** The ballot at which a leader proposes. */
export function ballotOf({ promised }: ServerContext): Ballot {
  if (promised === null) throw new PaxosInvariantError('a rule of leaders was asked of a server without a ballot');
  return promised;
}

function sourceOf(context: ServerContext, { lastIndex, round }: Leadership): Source {
  const { commitIndex, limits, slots, snapshot } = context;
  return { ballot: ballotOf(context), log: slots.upTo(lastIndex), limits, snapshot, commitIndex, round };
}

/** Paxos 2a: proposes `entries` in the next slots, and accepts them itself; `durable` tells when that counts. */
export function proposeNext(
  context: ServerContext,
  entries: readonly Entry[],
  outputs: readonly Deliver<PaxosOutput>[],
): Result {
  const ballot = ballotOf(context);
  const before = leadershipOf(context);
  const slots = context.slots.accept(ballot, entries);
  const lastIndex = before.lastIndex + entries.length;
  const { leadership, outgoing } = sendAll({ ...context, slots }, { ...before, lastIndex });
  return {
    context: { slots, leadership },
    effects: [
      ...outputs,
      ...outgoing,
      acceptance(ballot, entries),
      send(context.self, { type: 'durable', ballot, index: lastIndex } as const),
    ],
  };
}

interface Sent {
  readonly leadership: Leadership;
  readonly outgoing: Send<PaxosMessage>[];
}

/** Sends each follower what it may be sent. */
export function sendAll(context: ServerContext, leadership: Leadership): Sent {
  const source = sourceOf(context, leadership);
  const outgoing: Send<PaxosMessage>[] = [];
  const followers = leadership.followers.map((progress) => pace.sendDue(source, progress, outgoing));
  return { leadership: { ...leadership, followers }, outgoing };
}

/** Tells all followers that the ballot has a leader, and what is chosen; each round has its number, for reads. */
export function beginHeartbeats(context: ServerContext, before: Leadership): Sent {
  const leadership = { ...before, round: before.round + 1 };
  const source = sourceOf(context, leadership);
  const outgoing: Send<PaxosMessage>[] = [];
  const followers = leadership.followers.map((progress) => pace.sendHeartbeat(source, progress, outgoing));
  return { leadership: { ...leadership, followers }, outgoing };
}

/**
 * Takes note of what a follower has accepted. It has forgotten what it knew to be chosen when it comes back from a crash,
 * and may have lost messages: what it lacks is sent again, from the first slot on.
 */
export function noteReply(
  log: Pick<Slots, 'baseIndex' | 'lastIndex'>,
  progress: Progress,
  reply: Received<'accepted'>,
): Progress {
  const noted = { ...progress, heard: true, round: Math.max(progress.round, reply.round) };
  if (reply.upTo >= reply.index) return noteMatch(log, noted, reply.upTo);
  const isLate = reply.round < progress.round;
  if (isLate || noted.mode === 'snapshotting') return noted;
  const next = reply.upTo + 1;
  return noted.mode === 'probing' && noted.next === next
    ? noted
    : probingFrom({ ...noted, match: reply.upTo }, next, false);
}

/** How far a follower is that has promised, and said that all slots up to `committed` are chosen there. */
export const promisedProgress = (server: Address, committed: number): Progress => ({
  server,
  match: committed,
  next: committed + 1,
  round: 0,
  heard: true,
  mode: 'replicating',
});
