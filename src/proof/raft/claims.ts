/**
 * What Raft claims of every run (Ongaro, Figure 3.2, and what it rests on), said once, for the checker, the simulator and
 * the tests. A claim is a pure function over what was observed of servers. It answers with what is wrong, in words, or
 * undefined. Claims about two observations hold between any two of them, however far apart: an observer that keeps all of
 * them asks `ofAnyTwo`, one that follows a run asks of each new one against what it contradicts if anything.
 */

import type { Address } from '../../../statecharts/actor.ts';
import { isQuorum } from '../../../statecharts/quorum.ts';
import { configurationIn } from '../../../statecharts/raft/configuration.ts';
import type { Remembered } from '../../../statecharts/raft/context.ts';
import {
  type Entry,
  type Log,
  type Members,
  quorumOf,
  type RaftMessage,
  type ServerContext,
  sameMembers,
} from '../../../statecharts/raft.ts';
import type { Problem } from '../claim.ts';

/** A vote that was given. */
export interface Vote {
  readonly term: number;
  readonly voter: Address;
  readonly candidate: Address;
}

/** A server that has led a term. */
export interface Reign {
  readonly term: number;
  readonly leader: Address;
}

/** The leader of a term, and its log while it leads. */
export interface Leadership extends Reign {
  readonly log: Log;
}

/** An entry that a server knows to be committed. */
export interface Commit {
  readonly index: number;
  readonly entryTerm: number;
  /** As `entryText` has it. */
  readonly entry: string;
  /** The term in which it was committed, or a later one: leaders of earlier terms, even if elected late, need not have it. */
  readonly inTerm: number;
}

/** What a crash at this moment would leave of a server's log. */
export interface DurableLog {
  readonly address: Address;
  readonly log: Log;
}

/** An entry as text: equal for equal entries. */
export function entryText(entry: Entry): string {
  if (entry.kind === 'command') return `${entry.term} command ${entry.data.join('.')}`;
  return entry.kind === 'noop' ? `${entry.term} noop` : `${entry.term} members ${JSON.stringify(entry.members)}`;
}

/** The commit of `entry`, known to a server in `inTerm`. */
export const commitOf = (entry: Entry, inTerm: number): Commit => ({
  index: entry.index,
  entryTerm: entry.term,
  entry: entryText(entry),
  inTerm,
});

/** §3.4: a server votes for one candidate in a term. */
export const oneVotePerTerm = (one: Vote, other: Vote): Problem =>
  one.term === other.term && one.voter === other.voter && one.candidate !== other.candidate
    ? `one vote per term: ${one.voter} votes for ${one.candidate} and for ${other.candidate} in term ${one.term}`
    : undefined;

/** Figure 3.2, Election Safety: at most one leader in a term. */
export const electionSafety = (one: Reign, other: Reign): Problem =>
  one.term === other.term && one.leader !== other.leader
    ? `election safety: ${one.leader} and ${other.leader} both lead term ${one.term}`
    : undefined;

/** Figure 3.2, Leader Append-Only: while it leads, a leader overwrites and deletes no entry of its log. */
export function leaderAppendOnly(before: Leadership, now: Leadership): Problem {
  if (before.leader !== now.leader || before.term !== now.term || before.log === now.log) return undefined;
  const isKept = now.log.lastIndex >= before.log.lastIndex && holdsAllOf(now.log, before.log);
  return isKept
    ? undefined
    : `leader append-only: ${now.leader} changed entries of its log while it led term ${now.term}`;
}

/** Figure 3.2, Log Matching: where two logs agree on a term, they agree on everything up to there. */
export function logMatching(one: Log, other: Log): Problem {
  const first = Math.max(one.baseIndex, other.baseIndex) + 1;
  let index = Math.min(one.lastIndex, other.lastIndex);
  while (index >= first && one.termAt(index) !== other.termAt(index)) index -= 1;
  const last = index;
  for (; index >= first; index -= 1) {
    if (!isSame(one.entryAt(index), other.entryAt(index))) {
      return `log matching: two logs agree on the term of entry ${last}, but not on entry ${index}`;
    }
  }
  return undefined;
}

/** §3.6.1 rests on it: terms ascend along a log. */
export function ascendingTerms(log: Log): Problem {
  for (let index = log.baseIndex + 1; index <= log.lastIndex; index += 1) {
    const [before, term] = [log.termAt(index - 1) ?? 0, log.termAt(index) ?? 0];
    if (before > term) return `ascending terms: entry ${index} of term ${term} follows one of term ${before}`;
  }
  return undefined;
}

/** Figure 3.2, Leader Completeness: what was committed in a term is in the logs of the leaders of all later terms. */
export const leaderCompleteness = ({ leader, term, log }: Leadership, commit: Commit): Problem =>
  commit.inTerm >= term || hasEntry(log, commit.index, commit.entry)
    ? undefined
    : `leader completeness: ${leader} leads term ${term} without entry ${commit.index} of term ${commit.entryTerm}, committed in term ${commit.inTerm}`;

/** Figure 3.2, State Machine Safety: no two servers apply different entries at one index. */
export const stateMachineSafety = (one: Commit, other: Commit): Problem =>
  one.index === other.index && one.entry !== other.entry
    ? `state machine safety: committed at ${one.index} are '${one.entry}' and '${other.entry}'`
    : undefined;

/** §3.5: what is committed is in the log of the server that says so. */
export const commitsWithinLog = ({
  self,
  commitIndex,
  log,
}: Pick<ServerContext, 'self' | 'commitIndex' | 'log'>): Problem =>
  commitIndex <= log.lastIndex
    ? undefined
    : `${self} has committed ${commitIndex}, beyond its log's end ${log.lastIndex}`;

/** §5.1: what was taken from the log is in the snapshot. */
export const snapshotReachesLog = ({
  self,
  log,
  snapshot,
}: Pick<ServerContext, 'self' | 'log' | 'snapshot'>): Problem =>
  (snapshot?.index ?? 0) >= log.baseIndex
    ? undefined
    : `the snapshot of ${self} ends at ${snapshot?.index ?? 0}, before its log begins after ${log.baseIndex}`;

/** Within a life, a server takes back no term (§3.3), no vote of its term (§3.4) and no commit (§3.5). */
export function nothingTakenBack(before: ServerContext, now: ServerContext): Problem {
  const { self, term, votedFor, commitIndex } = now;
  if (term < before.term) return `the term of ${self} went back from ${before.term} to ${term}`;
  if (term === before.term && before.votedFor !== null && votedFor === null) {
    return `${self} forgot that it voted for ${before.votedFor} in term ${term}`;
  }
  if (commitIndex < before.commitIndex) {
    return `${self} took its commits back from ${before.commitIndex} to ${commitIndex}`;
  }
  return undefined;
}

/** §4.1: in force is the latest configuration in the log, committed or not. */
export const latestConfiguration = ({ self, configuration, log, snapshot }: ServerContext): Problem =>
  sameMembers(configurationIn(log, snapshot), configuration)
    ? undefined
    : `the configuration in force at ${self} is not the latest in its log`;

/** §3.5: what is committed is durable at a quorum of one of the configurations that may be `inForce`. */
export function durableAtQuorum(
  { index, entry }: Commit,
  inForce: readonly Members[],
  servers: readonly DurableLog[],
): Problem {
  const holders = servers.flatMap(({ address, log }) => (hasEntry(log, index, entry) ? [address] : []));
  if (inForce.some((members) => isQuorum(quorumOf(members), holders))) return undefined;
  return `entry ${index} is committed, and durable at ${holders.join(', ') || 'no server'} only`;
}

/** §3.8: no entry becomes durable before the term that it is of. */
export const durableTermReachesLog = ({ term, log }: Pick<Remembered, 'term' | 'log'>): Problem =>
  log.lastTerm <= term ? undefined : `an entry of term ${log.lastTerm} is durable, but only term ${term}`;

/** §3.8: a server says nothing to another that a crash at this moment would make untrue. */
export function durableBeforeSaid(from: Address, durable: Remembered, to: Address, message: RaftMessage): Problem {
  const { log, snapshot, term, votedFor } = durable;
  if (isTrueOf(durable, from, to, message)) return undefined;
  return `${from} says ${JSON.stringify(message)}, but durable are term ${term}, a vote for ${votedFor}, a snapshot of ${snapshot?.index ?? 0} and a log of ${log.lastIndex} entries`;
}

function isTrueOf(
  { log, snapshot, term, votedFor }: Remembered,
  from: Address,
  to: Address,
  message: RaftMessage,
): boolean {
  switch (message.type) {
    case 'vote':
      return term > message.term || (term === message.term && votedFor === from);
    case 'voteReply':
      return !message.granted || term > message.term || (term === message.term && votedFor === to);
    case 'appendReply':
      return term > message.term || !message.matches || log.lastIndex >= message.index;
    case 'snapshotReply':
      return message.standing !== 'installed' || Math.max(snapshot?.index ?? 0, log.lastIndex) >= message.lastIndex;
    case 'append':
    case 'installSnapshot':
      return term >= message.term;
    default:
      return true;
  }
}

/** §6.4, linearizability: a read sees all that was committed, up to `floor`, before it was asked. */
export const readsSeeCommits = (server: Address, floor: number, index: number): Problem =>
  index >= floor ? undefined : `${server} let a read see ${index}, though ${floor} was committed before`;

/** Whether `log` has the entry, or has compacted it away. */
function hasEntry(log: Log, index: number, text: string): boolean {
  if (index <= log.baseIndex) return true;
  const entry = log.entryAt(index);
  return entry !== undefined && entryText(entry) === text;
}

/** Whether `log` has what `part` has, as far as it has not compacted it away. */
function holdsAllOf(log: Log, part: Log): boolean {
  for (let index = Math.max(log.baseIndex, part.baseIndex) + 1; index <= part.lastIndex; index += 1) {
    if (!isSame(log.entryAt(index), part.entryAt(index))) return false;
  }
  return true;
}

const isSame = (one: Entry | undefined, other: Entry | undefined): boolean =>
  one === other || (one !== undefined && other !== undefined && entryText(one) === entryText(other));
