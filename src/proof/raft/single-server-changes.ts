/**
 * Changes of members without joint configurations, the other way that the dissertation gives (§4.1), and the bug that was
 * found in it in 2015. The servers do not change so; a proof shows by it that the fault would be missed here, and that its
 * cure is one.
 */

import type { Received, ServerContext } from '../../../statecharts/raft/context.ts';
import { appendMembers, begunBy } from '../../../statecharts/raft/rules/members.ts';
import { type RaftRules, raftRules } from '../../../statecharts/raft.ts';
import { reconfigured } from '../../../statecharts/replication/reconfiguration.ts';

/**
 * Single-server changes (§4.1): where the voters change by one, no joint configuration is needed, as any two majorities of
 * before and after share a server. Sound as long as a leader changes nothing before an entry of its own term is committed.
 */
export const singleServerChanges: Partial<RaftRules> = {
  beginReconfiguration: (context, { id, change }) =>
    appendMembers(context, reconfigured(context.configuration, change), [begunBy(context, id)]),
};

/** Takes what a leader's log holds at first for committed (Ongaro 2015, "bug in single-server membership changes"). */
export function mayReconfigureAtOnce(context: ServerContext, message: Received<'reconfigure'>): boolean {
  const { leadership, commitIndex } = context;
  if (leadership === null) return false;
  return raftRules.mayReconfigure({ ...context, commitIndex: Math.max(commitIndex, leadership.firstIndex) }, message);
}
