/**
 * What must always hold of a Raft cluster (Ongaro, Figure 3.2), checked from above, over all servers at once: each is
 * looked at only when its state has changed.
 */

import type { Address } from '../../../statecharts/actor.ts';
import type { Entry, ServerContext } from '../../../statecharts/raft.ts';
import { entryText } from './claims.ts';

/** One server, as an observer from above sees it. */
export interface ServerView {
  readonly address: Address;
  readonly role: string | undefined;
  readonly context: ServerContext;
}

/** What may happen in a run, and must in some: otherwise the invariants held because nothing happened. */
export const raftGoals = [
  'a leader was elected',
  'another leader was elected',
  'a leader was elected whose log had uncommitted entries',
  'a leader stepped down for want of a quorum',
  'entries that conflicted were dropped',
  'a snapshot was installed',
  'a log was compacted',
] as const;
export type RaftGoal = (typeof raftGoals)[number];

/** Watches one run. */
export interface RaftInvariants {
  /** Looks at the servers that are up. @returns the first problem, in words */
  check(servers: readonly ServerView[]): string | undefined;
  /** A server has died: what was not durable is gone, and was told to nobody. */
  died(server: Address): void;
  readonly reached: ReadonlySet<RaftGoal>;
}

/** A committed entry. */
interface Chosen {
  readonly text: string;
  readonly term: number;
  readonly by: Address;
  /** The term in which it was committed: leaders of earlier terms, even if elected late, need not have it. */
  readonly inTerm: number;
}

/** Makes the invariants of one run. */
export function createRaftInvariants(): RaftInvariants {
  const leaders = new Map<number, Address>();
  /** What is committed at each index, as the first server that said so had it. */
  const chosen = new Map<number, Chosen>();
  const seen = new Map<Address, ServerView>();
  const reached = new Set<RaftGoal>();
  let lastChosen = 0;

  /** Election safety: at most one leader per term. Leader completeness: it has every committed entry. */
  const checkLeader = ({ address, context }: ServerView): string | undefined => {
    const { term, log, commitIndex, leadership } = context;
    const known = leaders.get(term);
    if (known === address) return undefined;
    if (known !== undefined) return `election safety: ${known} and ${address} both lead term ${term}`;
    reached.add(leaders.size === 0 ? 'a leader was elected' : 'another leader was elected');
    if (leaders.size > 0 && (leadership?.firstIndex ?? 0) - 1 > commitIndex) {
      reached.add('a leader was elected whose log had uncommitted entries');
    }
    leaders.set(term, address);
    for (let index = log.baseIndex + 1; index <= lastChosen; index += 1) {
      const entry = chosen.get(index);
      if (entry !== undefined && entry.inTerm < term && log.termAt(index) !== entry.term) {
        return `leader completeness: ${address} leads term ${term} without entry ${index} of term ${entry.term}, which ${entry.by} had committed`;
      }
    }
    return undefined;
  };
  /** State machine safety: no two servers commit different entries at one index. */
  const checkCommitted = (address: Address, inTerm: number, entries: readonly Entry[]): string | undefined => {
    for (const entry of entries) {
      const text = entryText(entry);
      const known = chosen.get(entry.index);
      if (known === undefined) {
        chosen.set(entry.index, { text, term: entry.term, by: address, inTerm });
        lastChosen = Math.max(lastChosen, entry.index);
      } else if (known.text !== text) {
        return `state machine safety: ${address} committed another entry at ${entry.index} than ${known.by}`;
      }
    }
    return undefined;
  };
  const checkProgress = (before: ServerView | undefined, now: ServerView): string | undefined => {
    const { address, context } = now;
    const { log, commitIndex, snapshot, term } = context;
    if (commitIndex > log.lastIndex)
      return `${address} has committed ${commitIndex}, beyond its log's end ${log.lastIndex}`;
    const earlier = before?.context;
    if (earlier !== undefined) {
      if (term < earlier.term) return `the term of ${address} went back from ${earlier.term} to ${term}`;
      if (commitIndex < earlier.commitIndex) {
        return `${address} took its commits back from ${earlier.commitIndex} to ${commitIndex}`;
      }
      if (log !== earlier.log && isCut(earlier, context)) reached.add('entries that conflicted were dropped');
      if (snapshot !== earlier.snapshot && snapshot !== null) {
        // A leader's snapshot replaces a log that did not reach so far; one's own leaves some entries before its end.
        const isForeign = earlier.log.lastIndex < snapshot.index && log.baseIndex === snapshot.index;
        reached.add(isForeign ? 'a snapshot was installed' : 'a log was compacted');
      }
      if (before?.role === 'leader' && now.role !== 'leader' && term === earlier.term) {
        reached.add('a leader stepped down for want of a quorum');
      }
    }
    const from = Math.max(earlier?.commitIndex ?? 0, log.baseIndex) + 1;
    return commitIndex < from ? undefined : checkCommitted(address, term, log.between(from, commitIndex));
  };

  return {
    check(servers) {
      for (const server of servers) {
        const before = seen.get(server.address);
        if (before?.context === server.context && before.role === server.role) continue;
        seen.set(server.address, server);
        const problem = checkProgress(before, server) ?? (server.role === 'leader' ? checkLeader(server) : undefined);
        if (problem !== undefined) return problem;
      }
      return undefined;
    },
    died: (server) => void seen.delete(server),
    reached,
  };
}

/** Whether entries of `before` are gone that no snapshot covers. */
const isCut = (before: ServerContext, now: ServerContext): boolean =>
  before.log.lastIndex > now.log.baseIndex && now.log.termAt(before.log.lastIndex) !== before.log.lastTerm;
