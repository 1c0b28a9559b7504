/** What a leader sends its followers, and what it makes of their answers (Raft §3.5, §5.3, §10.2), at the pace that any log has. */

import { sendAhead } from '../../actor/effects.ts';
import { noteMatch, type Progress, paced, probingFrom } from '../../replication/progress.ts';
import type { Received, ServerContext } from '../context.ts';
import { RaftInvariantError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RaftMessage } from '../messages.ts';

/** What of a leader's context the messages to its followers are made from. */
export type Sending = Pick<ServerContext, 'term' | 'log' | 'commitIndex' | 'limits' | 'snapshot'>;

type Source = Sending & { readonly round: number };

/** What the messages of `round` are made from: a few fields, since a copy of the whole context costs more than a message. */
export const sourceOf = ({ term, log, commitIndex, limits, snapshot }: Sending, round: number): Source => ({
  term,
  log,
  commitIndex,
  limits,
  snapshot,
  round,
});

/**
 * An append names the entry before the next one to send, so that a follower which lost appends on the way says so (§3.5);
 * one that needs what is compacted is told of the latest snapshot (§5.3). All of it is ahead: a leader's term is durable
 * since it asked for votes in it, and an entry that it loses in a crash was the entry of that term and index nevertheless
 * (§10.2.1).
 */
export const { sendDue, sendHeartbeat } = paced<Source, RaftMessage>({
  append({ commitIndex, log, round, term }, server, next, maxEntries, maxBytes, outgoing) {
    const previousIndex = next - 1;
    const previousTerm = knownTerm(log, previousIndex);
    const entries = maxEntries === 0 ? [] : log.slice(next, { maxEntries, maxBytes });
    outgoing.push(
      sendAhead(server, { type: 'append', term, previousIndex, previousTerm, entries, commitIndex, round }),
    );
    return entries.length;
  },
  offer({ snapshot, term }, server, outgoing) {
    if (snapshot === null) throw new RaftInvariantError('the log is compacted, but there is no snapshot');
    const { index: lastIndex, term: lastTerm, members, file } = snapshot;
    outgoing.push(sendAhead(server, { type: 'installSnapshot', term, lastIndex, lastTerm, members, file }));
    return lastIndex;
  },
});

function knownTerm(log: Log, index: number): number {
  const term = log.termAt(index);
  if (term === undefined) {
    throw new RaftInvariantError(`expected an entry from ${log.baseIndex} to ${log.lastIndex}, got ${index}`);
  }
  return term;
}

/** Takes note of an answer to an append: how far the logs agree, or where to try next. */
export function noteAppendReply(log: Log, progress: Progress, reply: Received<'appendReply'>): Progress {
  const noted = { ...progress, heard: true, round: Math.max(progress.round, reply.round) };
  return reply.matches ? noteMatch(log, noted, reply.index) : noteRejection(log, noted, reply);
}

function noteRejection(log: Log, progress: Progress, reply: Received<'appendReply'>): Progress {
  const isLate = reply.index <= progress.match || (progress.mode === 'probing' && reply.index !== progress.next - 1);
  if (isLate || progress.mode === 'snapshotting') return progress;
  const agreed = log.lastIndexOfTerm(Math.min(reply.hintIndex, log.lastIndex), reply.hintTerm);
  return probingFrom(progress, Math.max(progress.match + 1, Math.min(reply.index, agreed + 1)), false);
}
