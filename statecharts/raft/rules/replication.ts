/** How a leader replicates its log (Raft §3.5, §10.2.1): what the rules of leaders share. */

import { type Deliver, type Send, send } from '../../actor/effects.ts';
import type { Progress } from '../../replication/progress.ts';
import type { Leadership, Result, ServerContext } from '../context.ts';
import { RaftInvariantError } from '../errors.ts';
import type { Entry, RaftMessage, RaftOutput } from '../messages.ts';
import { entriesWritten } from './entries.ts';
import { sendDue } from './progress.ts';

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
  const { configuration, leader, self, term } = context;
  const log = context.log.append(entries);
  const { followers, outgoing } = sendAll({ ...context, log });
  return {
    context: { configuration, log, leader, leadership: { ...leadershipOf(context), followers } },
    effects: [
      ...outputs,
      ...outgoing,
      entriesWritten(entries),
      send(self, { type: 'durable', term, index: log.lastIndex }),
    ],
  };
}

/** Sends each follower what it may be sent. */
export function sendAll(context: ServerContext): { followers: readonly Progress[]; outgoing: Send<RaftMessage>[] } {
  const leadership = leadershipOf(context);
  const source = { ...context, round: leadership.round };
  const outgoing: Send<RaftMessage>[] = [];
  const followers = leadership.followers.map((progress) => sendDue(source, progress, outgoing));
  return { followers, outgoing };
}
