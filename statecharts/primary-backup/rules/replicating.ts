/** What a primary sends the others, and what it makes of their answers, at the pace that any log has. */

import { type Deliver, type Send, send, sendAhead } from '../../actor/effects.ts';
import { noteMatch, type Progress, paced, probingFrom } from '../../replication/progress.ts';
import type { Leadership, Received, ReplicaContext, Result } from '../context.ts';
import { ReplicaInvariantError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Entry, ReplicaMessage, ReplicaOutput } from '../messages.ts';
import { entriesWritten } from './records.ts';

/** What of a primary's context the messages to the others are made from. */
export type Sending = Pick<ReplicaContext, 'configuration' | 'log' | 'limits' | 'safeIndex' | 'snapshot'>;

type Source = Sending & { readonly round: number };

/** What the messages of `round` are made from: a few fields, since a copy of the whole context costs more than a message. */
export const sourceOf = ({ configuration, log, limits, safeIndex, snapshot }: Sending, round: number): Source => ({
  configuration,
  log,
  limits,
  safeIndex,
  snapshot,
  round,
});

/**
 * All of it is ahead of the primary's own records: its epoch is durable since it took office, no later life of it is primary
 * in that epoch again, and an entry that it loses in a crash was the entry of that epoch and place nevertheless.
 */
export const { sendDue, sendHeartbeat } = paced<Source, ReplicaMessage>({
  append({ configuration, log, round, safeIndex }, server, next, maxEntries, maxBytes, outgoing) {
    const { epoch, version } = configuration;
    const previousIndex = next - 1;
    const previousEpoch = knownEpoch(log, previousIndex);
    const entries = maxEntries === 0 ? [] : log.slice(next, { maxEntries, maxBytes });
    const commitIndex = safeIndex;
    outgoing.push(
      sendAhead(server, { type: 'append', epoch, version, previousIndex, previousEpoch, entries, commitIndex, round }),
    );
    return entries.length;
  },
  offer({ configuration, snapshot }, server, outgoing) {
    if (snapshot === null) throw new ReplicaInvariantError('the log is compacted, but there is no snapshot');
    const { epoch, version } = configuration;
    const { index: lastIndex, epoch: lastEpoch, file } = snapshot;
    outgoing.push(sendAhead(server, { type: 'installSnapshot', epoch, version, lastIndex, lastEpoch, file }));
    return lastIndex;
  },
});

function knownEpoch(log: Log, index: number): number {
  const epoch = log.epochAt(index);
  if (epoch === undefined) {
    throw new ReplicaInvariantError(`expected an entry from ${log.baseIndex} to ${log.lastIndex}, got ${index}`);
  }
  return epoch;
}

/** @throws ReplicaInvariantError outside of the primary's states, where no rule of primaries may be asked */
export function leadershipOf({ leadership }: ReplicaContext): Leadership {
  if (leadership === null) throw new ReplicaInvariantError('a rule of primaries was asked of a replica that is none');
  return leadership;
}

/** Takes entries of this epoch into the log, sends them, and writes them down; `durable` tells when they count. */
export function append(
  context: ReplicaContext,
  entries: readonly Entry[],
  outputs: readonly Deliver<ReplicaOutput>[],
): Result {
  const { barredEpoch, configuration, self } = context;
  const log = context.log.append(entries);
  const leadership = leadershipOf(context);
  const { followers, outgoing } = sendAll({ ...context, log }, leadership);
  return {
    context: { barredEpoch, log, leadership: { ...leadership, followers } },
    effects: [
      ...outputs,
      ...outgoing,
      entriesWritten(entries),
      send(self, { type: 'durable', epoch: configuration.epoch, index: log.lastIndex }),
    ],
  };
}

/** Sends each replica what it may be sent. */
export function sendAll(
  sending: Sending,
  leadership: Leadership,
): { followers: readonly Progress[]; outgoing: Send<ReplicaMessage>[] } {
  const source = sourceOf(sending, leadership.round);
  const outgoing: Send<ReplicaMessage>[] = [];
  const followers = leadership.followers.map((progress) => sendDue(source, progress, outgoing));
  return { followers, outgoing };
}

/** Takes note of an answer to an append: how far the logs agree, or where to try next. */
export function noteReply(log: Log, progress: Progress, reply: Received<'appended'>): Progress {
  const noted = { ...progress, heard: true, round: Math.max(progress.round, reply.round) };
  return reply.matches ? noteMatch(log, noted, reply.index) : noteRejection(log, noted, reply);
}

function noteRejection(log: Log, progress: Progress, reply: Received<'appended'>): Progress {
  const isLate = reply.index <= progress.match || (progress.mode === 'probing' && reply.index !== progress.next - 1);
  if (isLate || progress.mode === 'snapshotting') return progress;
  const agreed = log.lastIndexOfEpoch(Math.min(reply.hintIndex, log.lastIndex), reply.hintEpoch);
  return probingFrom(progress, Math.max(progress.match + 1, Math.min(reply.index, agreed + 1)), false);
}
