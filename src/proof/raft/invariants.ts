/**
 * Watches a run of Raft servers from above, and asks the claims of each change: each server is looked at only when its
 * state is another one.
 */

import type { Address } from '../../../statecharts/actor.ts';
import type { Entry, ServerContext } from '../../../statecharts/raft.ts';
import { ofAnyTwo, type Problem } from '../claim.ts';
import { type LogInvariants, type ServerView, watched } from '../store/servers.ts';
import {
  ascendingTerms,
  type Commit,
  commitOf,
  commitsWithinLog,
  electionSafety,
  type Leadership,
  latestConfiguration,
  leaderAppendOnly,
  leaderCompleteness,
  logMatching,
  nothingTakenBack,
  oneVotePerTerm,
  snapshotReachesLog,
  stateMachineSafety,
  type Vote,
} from './claims.ts';

/** A server of Raft, as an observer from above sees it. */
export type RaftView = ServerView<ServerContext>;

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

/** What must happen as well in a run in which a server is replaced. */
export const raftReplacementGoals = ['a joint configuration was in force'] as const;

type Goal = (typeof raftGoals | typeof raftReplacementGoals)[number];

/** Makes the invariants of one run. */
export function createRaftInvariants(): LogInvariants<ServerContext> {
  const leaders = new Map<number, Address>();
  /** What is committed at each index, as the first server that said so had it. */
  const commits = new Map<number, Commit>();
  /** The entries of those commits: the servers of a run mostly share them, and one need not be compared with itself. */
  const entries = new Map<number, Entry>();
  const seen = new Map<Address, RaftView>();
  const reached = new Set<Goal>();
  let lastCommitted = 0;

  const checkLeader = (server: RaftView): Problem => {
    const { address, context } = server;
    const { term, log, commitIndex, leadership } = context;
    const known = leaders.get(term);
    if (known === address) return undefined;
    const leader = reignOf(server);
    if (known !== undefined) return electionSafety({ term, leader: known }, leader);
    reached.add(leaders.size === 0 ? 'a leader was elected' : 'another leader was elected');
    if (leaders.size > 0 && (leadership?.firstIndex ?? 0) - 1 > commitIndex) {
      reached.add('a leader was elected whose log had uncommitted entries');
    }
    leaders.set(term, address);
    for (let index = log.baseIndex + 1; index <= lastCommitted; index += 1) {
      const commit = commits.get(index);
      const problem = commit === undefined ? undefined : leaderCompleteness(leader, commit);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  const checkCommits = ({ log, commitIndex, term }: ServerContext, seenIndex: number): Problem => {
    const from = Math.max(seenIndex, log.baseIndex) + 1;
    for (const entry of commitIndex < from ? [] : log.between(from, commitIndex)) {
      if (entries.get(entry.index) === entry) continue;
      const commit = commitOf(entry, term);
      const known = commits.get(entry.index);
      const problem = known === undefined ? undefined : stateMachineSafety(known, commit);
      if (problem !== undefined) return problem;
      if (known === undefined) {
        commits.set(entry.index, commit);
        entries.set(entry.index, entry);
      }
      lastCommitted = Math.max(lastCommitted, entry.index);
    }
    return undefined;
  };
  const checkLog = ({ address, context }: RaftView): Problem => {
    const problem = ascendingTerms(context.log) ?? latestConfiguration(context);
    if (problem !== undefined) return problem;
    for (const other of seen.values()) {
      const mismatch = other.address === address ? undefined : logMatching(context.log, other.context.log);
      if (mismatch !== undefined) return `${mismatch} (${address}, ${other.address})`;
    }
    return undefined;
  };
  const checkServer = (now: RaftView, before: RaftView | undefined): Problem =>
    commitsWithinLog(now.context) ??
    snapshotReachesLog(now.context) ??
    (before === undefined ? undefined : checkStep(before, now)) ??
    (now.context.log === before?.context.log ? undefined : checkLog(now)) ??
    checkCommits(now.context, before?.context.commitIndex ?? 0) ??
    (now.role === 'leader' ? checkLeader(now) : undefined);

  return watched({ check: checkServer, note: (before, now) => noteStep(before, now, reached), seen, reached });
}

/** What a server may not do from one moment of its life to the next. */
function checkStep(before: RaftView, now: RaftView): Problem {
  const problem =
    nothingTakenBack(before.context, now.context) ??
    ofAnyTwo([...votesIn(before.context), ...votesIn(now.context)], oneVotePerTerm);
  if (problem !== undefined || before.role !== 'leader' || now.role !== 'leader') return problem;
  return leaderAppendOnly(reignOf(before), reignOf(now));
}

const reignOf = ({ address, context: { term, log } }: RaftView): Leadership => ({ leader: address, term, log });
const votesIn = ({ self, term, votedFor }: ServerContext): readonly Vote[] =>
  votedFor === null ? [] : [{ term, voter: self, candidate: votedFor }];

function noteStep(before: RaftView, now: RaftView, reached: Set<Goal>): void {
  const earlier = before.context;
  const { log, snapshot, term, configuration } = now.context;
  if (configuration.nextVoters !== null) reached.add('a joint configuration was in force');
  if (log !== earlier.log && isCut(earlier, now.context)) reached.add('entries that conflicted were dropped');
  if (snapshot !== earlier.snapshot && snapshot !== null) {
    // A leader's snapshot replaces a log that did not reach so far; one's own leaves some entries before its end.
    const isForeign = earlier.log.lastIndex < snapshot.index && log.baseIndex === snapshot.index;
    reached.add(isForeign ? 'a snapshot was installed' : 'a log was compacted');
  }
  if (before.role === 'leader' && now.role !== 'leader' && term === earlier.term) {
    reached.add('a leader stepped down for want of a quorum');
  }
}

/** Whether entries of `before` are gone that no snapshot covers. */
const isCut = (before: ServerContext, now: ServerContext): boolean =>
  before.log.lastIndex > now.log.baseIndex && now.log.termAt(before.log.lastIndex) !== before.log.lastTerm;
