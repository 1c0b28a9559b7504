/** How a leader replicates its log (Raft §3.5, §10.2.1): what the rules of leaders share. */

import { type Deliver, type Send, send } from '../../actor/effects.ts';
import type { Progress } from '../../replication/progress.ts';
import type { Leadership, Result, ServerContext } from '../context.ts';
import { RaftInvariantError } from '../errors.ts';
import type { Entry, RaftMessage, RaftOutput } from '../messages.ts';
import { entriesWritten } from './entries.ts';
import { type Sending, sendDue, sourceOf } from './progress.ts';

/** @throws RaftInvariantError outside of the leader's states, where no rule of leaders may be asked */
export function leadershipOf({ leadership }: ServerContext): Leadership {
  if (leadership === null) throw new RaftInvariantError('a rule of leaders was asked of a server that does not lead');
  return leadership;
}

/** Appends entries of this term, sends them, and writes them down; `durable` tells when they count (§10.2.1). */
export function append(
  context: ServerContext,
  entries: readonly Entry[],
  outputs: readonly Deliver<RaftOutput>[],
): Result {
  const { commitIndex, configuration, leader, limits, self, snapshot, term } = context;
  const leadership = leadershipOf(context);
  const log = context.log.append(entries);
  const { followers, outgoing } = sendAll({ commitIndex, limits, log, snapshot, term }, leadership);
  return {
    context: { configuration, log, leader, leadership: { ...leadership, followers } },
    effects: [
      ...outputs,
      ...outgoing,
      entriesWritten(entries),
      send(self, { type: 'durable', term, index: log.lastIndex }),
    ],
  };
}

/** Sends each follower what it may be sent. */
export function sendAll(
  sending: Sending,
  leadership: Leadership,
): { followers: readonly Progress[]; outgoing: Send<RaftMessage>[] } {
  const source = sourceOf(sending, leadership.round);
  const outgoing: Send<RaftMessage>[] = [];
  const followers = leadership.followers.map((progress) => sendDue(source, progress, outgoing));
  return { followers, outgoing };
}
