import { describe, expect, test } from 'vitest';
import { ofAnyTwo } from '../../../src/proof/claim.ts';
import { toldInOrder } from '../../../src/proof/log/claims.ts';
import * as claims from '../../../src/proof/raft/claims.ts';
import { type Address, addressOf } from '../../../statecharts/actor.ts';
import { type Entry, foundingMembers, Log } from '../../../statecharts/raft.ts';

const serverOn = (node: string): Address => addressOf(node, 'raft.server', 'kv');
const [n1, n2, n3] = [serverOn('n1'), serverOn('n2'), serverOn('n3')];
const members = foundingMembers([n1, n2, n3]);

const noop = (index: number, term: number): Entry => ({ index, term, kind: 'noop' });
const command = (index: number, term: number, byte: number): Entry => ({
  index,
  term,
  kind: 'command',
  data: Uint8Array.of(byte),
});
const logOf = (...entries: Entry[]): Log => Log.empty.append(entries);

describe('each claim of Raft', () => {
  test('one vote per term: says which two candidates a voter chose in one term', () => {
    const vote = { term: 2, voter: n1, candidate: n2 };
    expect(claims.oneVotePerTerm(vote, { ...vote, candidate: n3 })).toMatch(/one vote per term: n1/);
    expect(claims.oneVotePerTerm(vote, vote)).toBeUndefined();
    expect(claims.oneVotePerTerm(vote, { ...vote, term: 3, candidate: n3 })).toBeUndefined();
    expect(claims.oneVotePerTerm(vote, { ...vote, voter: n2, candidate: n3 })).toBeUndefined();
  });

  test('election safety: says that two servers lead one term, but not that they lead two', () => {
    expect(claims.electionSafety({ term: 1, leader: n1 }, { term: 1, leader: n2 })).toMatch(/election safety/);
    expect(claims.electionSafety({ term: 1, leader: n1 }, { term: 2, leader: n2 })).toBeUndefined();
  });

  test('leader append-only: says that a leader overwrote or cut entries, but not that it appended or compacted', () => {
    const before = { term: 2, leader: n1, log: logOf(noop(1, 1), command(2, 2, 1)) };
    const now = (log: Log): string | undefined => claims.leaderAppendOnly(before, { ...before, log });
    expect(now(logOf(noop(1, 1), command(2, 2, 9)))).toMatch(/leader append-only: n1/);
    expect(now(logOf(noop(1, 1)))).toMatch(/leader append-only: n1/);
    expect(now(before.log.append([noop(3, 2)]))).toBeUndefined();
    expect(now(Log.after(2, 2))).toBeUndefined();
    expect(claims.leaderAppendOnly(before, { term: 3, leader: n1, log: logOf(noop(1, 1)) })).toBeUndefined();
  });

  test('log matching: says that logs which agree on a term differ in it or before it, but lets them part after it', () => {
    const one = logOf(noop(1, 1), command(2, 1, 1), noop(3, 2));
    expect(claims.logMatching(one, logOf(noop(1, 1), command(2, 1, 9), noop(3, 2)))).toMatch(/not on entry 2/);
    expect(claims.logMatching(one, logOf(noop(1, 1), command(2, 1, 9)))).toMatch(/not on entry 2/);
    expect(claims.logMatching(one, logOf(noop(1, 1), command(2, 1, 1), noop(3, 3)))).toBeUndefined();
    expect(claims.logMatching(one, Log.after(2, 1))).toBeUndefined();
  });

  test('ascending terms: says which entry is of an earlier term than the one before it', () => {
    expect(claims.ascendingTerms(logOf(noop(1, 2), noop(2, 1)))).toMatch(/entry 2 of term 1/);
    expect(claims.ascendingTerms(logOf(noop(1, 1), noop(2, 1), noop(3, 4)))).toBeUndefined();
  });

  test('leader completeness: asks a leader for what was committed in earlier terms alone', () => {
    const commit = claims.commitOf(command(2, 1, 1), 2);
    const leads = (term: number, log: Log): string | undefined =>
      claims.leaderCompleteness({ leader: n2, term, log }, commit);
    expect(leads(3, logOf(noop(1, 1)))).toMatch(/leader completeness: n2/);
    expect(leads(3, logOf(noop(1, 1), command(2, 1, 9)))).toMatch(/leader completeness: n2/);
    expect(leads(3, logOf(noop(1, 1), command(2, 1, 1)))).toBeUndefined();
    expect(leads(3, Log.after(2, 1))).toBeUndefined();
    expect(leads(2, logOf(noop(1, 1)))).toBeUndefined();
  });

  test('state machine safety: tells entries at one index apart, by their members, too', () => {
    const founding: Entry = { index: 1, term: 0, kind: 'configuration', members };
    const others: Entry = { ...founding, members: foundingMembers([n1, n2]) };
    const [one, other] = [claims.commitOf(founding, 1), claims.commitOf(others, 1)];
    expect(claims.stateMachineSafety(one, other)).toMatch(/state machine safety/);
    expect(claims.stateMachineSafety(one, claims.commitOf(founding, 4))).toBeUndefined();
    expect(claims.stateMachineSafety(one, { ...other, index: 2 })).toBeUndefined();
  });

  test('durability: asks for a quorum of one of the configurations that may be in force', () => {
    const commit = claims.commitOf(noop(1, 1), 1);
    const durable = [n1, n2, n3].map((address) => ({ address, log: address === n1 ? logOf(noop(1, 1)) : Log.empty }));
    expect(claims.durableAtQuorum(commit, [members], durable)).toMatch(/entry 1 is committed, and durable at n1/);
    expect(claims.durableAtQuorum(commit, [members, foundingMembers([n1])], durable)).toBeUndefined();
  });

  test('durable before said: says which answer a crash would make untrue', () => {
    const durable = { term: 2, votedFor: n1, log: logOf(noop(1, 1)), snapshot: null, grantedMs: 0 };
    const vote = { type: 'voteReply', term: 2, granted: true } as const;
    expect(claims.durableBeforeSaid(n2, durable, n3, vote)).toMatch(/n2\S* says/);
    expect(claims.durableBeforeSaid(n2, { ...durable, votedFor: null }, n1, vote)).toMatch(/says/);
    expect(claims.durableBeforeSaid(n2, durable, n1, vote)).toBeUndefined();
    expect(claims.durableBeforeSaid(n2, durable, n3, { ...vote, granted: false })).toBeUndefined();
  });

  test('terms of the disk: says that an entry is durable before its term', () => {
    expect(claims.durableTermReachesLog({ term: 1, log: logOf(noop(1, 2)) })).toMatch(/entry of term 2/);
    expect(claims.durableTermReachesLog({ term: 2, log: logOf(noop(1, 2)) })).toBeUndefined();
  });

  test('outputs and reads: say what was left out, repeated or not seen', () => {
    expect(toldInOrder(n1, 2, 4)).toMatch(/of 4 instead of 3/);
    expect(toldInOrder(n1, 2, 3)).toBeUndefined();
    expect(claims.readsSeeCommits(n1, 3, 2)).toMatch(/though 3 was committed/);
    expect(claims.readsSeeCommits(n1, 3, 3)).toBeUndefined();
  });

  test('of any two observations, however far apart', () => {
    const reigns = [1, 2, 3].map((term) => ({ term, leader: n1 }));
    expect(ofAnyTwo(reigns, claims.electionSafety)).toBeUndefined();
    expect(ofAnyTwo([...reigns, { term: 1, leader: n2 }], claims.electionSafety)).toMatch(/term 1/);
  });
});
