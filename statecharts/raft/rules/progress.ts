/**
 * How a leader replicates to one follower (Raft §3.5, §5.1, §10.2). It probes, one append at a time, until it knows where
 * the logs agree; then it replicates, with many appends in flight; and it sends its snapshot to a follower whose next
 * entry is compacted. A follower that answers no, or cannot be reached, is probed again.
 */

import type { Address } from '../../actor/address.ts';
import { type Send, sendAhead } from '../../actor/effects.ts';
import type { Progress, Received, ServerContext } from '../context.ts';
import { RaftInvariantError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RaftMessage } from '../messages.ts';

/** What the messages to a follower are made from. */
export type Source = Pick<ServerContext, 'term' | 'log' | 'commitIndex' | 'limits' | 'snapshot'> & {
  readonly round: number;
};

type Outgoing = Send<RaftMessage>[];

/** Figure 3.1, "reinitialized after election": nothing is known, so the leader tries its own last entry. */
export const freshProgress = (server: Address, lastIndex: number): Progress => ({
  server,
  match: 0,
  next: lastIndex + 1,
  round: 0,
  heard: false,
  mode: 'probing',
  probed: false,
});

/**
 * Sends what the follower may be sent now. All of it is ahead: a leader's term is durable since it asked for votes in
 * it, and an entry that it loses in a crash was the entry of that term and index nevertheless (§10.2.1).
 */
export function sendDue(source: Source, progress: Progress, outgoing: Outgoing): Progress {
  if (progress.mode === 'snapshotting') return progress;
  if (progress.next > source.log.lastIndex) return progress;
  if (progress.next <= source.log.baseIndex) return sendSnapshot(source, progress, outgoing);
  if (progress.mode === 'replicating') return sendWindow(source, progress, outgoing);
  if (progress.probed) return progress;
  sendAppend(source, progress, source.limits.windowEntries, source.limits.maxAppendBytes, outgoing);
  return { ...progress, probed: true };
}

/** §10.2.2: appends follow each other without waiting, as far as the window goes. */
function sendWindow(source: Source, progress: Progress, outgoing: Outgoing): Progress {
  const { log, limits } = source;
  const { match, server } = progress;
  let next = progress.next;
  while (next <= log.lastIndex) {
    const freeEntries = limits.windowEntries - (next - 1 - match);
    const freeBytes = limits.windowBytes - log.sizeBetween(match, next - 1);
    if (freeEntries <= 0 || freeBytes <= 0) break;
    next += sendAppend(source, { server, next }, freeEntries, Math.min(freeBytes, limits.maxAppendBytes), outgoing);
  }
  return next === progress.next ? progress : { ...progress, next };
}

/** @returns how many entries went */
function sendAppend(
  { commitIndex, log, round, term }: Source,
  { server, next }: Pick<Progress, 'server' | 'next'>,
  maxEntries: number,
  maxBytes: number,
  outgoing: Outgoing,
): number {
  const previousIndex = next - 1;
  const previousTerm = knownTerm(log, previousIndex);
  const entries = maxEntries === 0 ? [] : log.slice(next, { maxEntries, maxBytes });
  outgoing.push(sendAhead(server, { type: 'append', term, previousIndex, previousTerm, entries, commitIndex, round }));
  return entries.length;
}

function knownTerm(log: Log, index: number): number {
  const term = log.termAt(index);
  if (term === undefined) {
    throw new RaftInvariantError(`expected an entry from ${log.baseIndex} to ${log.lastIndex}, got ${index}`);
  }
  return term;
}

/**
 * §3.4: a heartbeat, an empty append. It names the entry before the next one to send, so that a follower which lost
 * appends on the way says so; or it tells again of the snapshot that the follower needs.
 */
export function sendHeartbeat(source: Source, progress: Progress, outgoing: Outgoing): Progress {
  if (progress.mode !== 'snapshotting') {
    if (progress.next <= source.log.baseIndex) return sendSnapshot(source, progress, outgoing);
    sendAppend(source, progress, 0, 0, outgoing);
    return progress;
  }
  const told = sendSnapshot(source, progress, outgoing);
  sendAppend(source, told, 0, 0, outgoing);
  return told;
}

/** §5.3: what the follower needs is compacted, so it is told of the latest snapshot, which it fetches. */
function sendSnapshot({ snapshot, term }: Source, progress: Progress, outgoing: Outgoing): Progress {
  if (snapshot === null) throw new RaftInvariantError('the log is compacted, but there is no snapshot');
  const { heard, match, round, server } = progress;
  const { index: lastIndex, term: lastTerm, members, file } = snapshot;
  outgoing.push(sendAhead(server, { type: 'installSnapshot', term, lastIndex, lastTerm, members, file }));
  const next = lastIndex + 1;
  if (progress.mode === 'snapshotting') return { ...progress, next, lastIndex };
  return { server, match, next, round, heard, mode: 'snapshotting', lastIndex, fetching: 0, hasFailed: false };
}

/** Takes note of an answer to an append: how far the logs agree, or where to try next. */
export function noteAppendReply(log: Log, progress: Progress, reply: Received<'appendReply'>): Progress {
  const noted = { ...progress, heard: true, round: Math.max(progress.round, reply.round) };
  return reply.matches ? noteMatch(log, noted, reply.index) : noteRejection(log, noted, reply);
}

function noteMatch(log: Log, progress: Progress, index: number): Progress {
  const match = Math.max(progress.match, Math.min(index, log.lastIndex));
  const { heard, round, server } = progress;
  switch (progress.mode) {
    case 'probing':
      return { server, match, next: match + 1, round, heard, mode: 'replicating' };
    case 'replicating':
      return match === progress.match ? progress : { ...progress, match, next: Math.max(progress.next, match + 1) };
    case 'snapshotting':
      if (match >= log.baseIndex) return { server, match, next: match + 1, round, heard, mode: 'replicating' };
      if (match < progress.lastIndex) return { ...progress, match };
      return probingFrom({ ...progress, match }, match + 1, false);
  }
}

function noteRejection(log: Log, progress: Progress, reply: Received<'appendReply'>): Progress {
  const isLate = reply.index <= progress.match || (progress.mode === 'probing' && reply.index !== progress.next - 1);
  if (isLate || progress.mode === 'snapshotting') return progress;
  const agreed = log.lastIndexOfTerm(Math.min(reply.hintIndex, log.lastIndex), reply.hintTerm);
  return probingFrom(progress, Math.max(progress.match + 1, Math.min(reply.index, agreed + 1)), false);
}

/** Probes from `next` on; `probed` when the next probe is the next heartbeat. */
function probingFrom({ heard, match, round, server }: Progress, next: number, probed: boolean): Progress {
  return { server, match, next, round, heard, mode: 'probing', probed };
}

/** Something was lost on the way: from what is known to be there, the next heartbeat asks how far the follower is. */
export function noteUnreachable(progress: Progress): Progress {
  switch (progress.mode) {
    case 'probing':
      return progress;
    case 'replicating':
      return probingFrom(progress, progress.match + 1, true);
    case 'snapshotting':
      return progress;
  }
}

/** Takes note of how it stands with a snapshot. */
export function noteSnapshotReply(log: Log, progress: Progress, reply: Received<'snapshotReply'>): Progress {
  const noted = { ...progress, heard: true };
  if (reply.standing === 'installed') return noteMatch(log, noted, reply.lastIndex);
  if (noted.mode !== 'snapshotting') return noted;
  if (reply.standing === 'failed') return { ...noted, hasFailed: true };
  return { ...noted, fetching: noted.fetching + 1 };
}
