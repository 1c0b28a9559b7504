/**
 * Broken twins of the Raft server: each breaks one rule, and says how it is to be found out. A new rule comes with the
 * twin that breaks it, and so with the proof that its breach would not go unnoticed.
 */

import type { Result, ServerContext } from '../../../statecharts/raft/context.ts';
import { type RaftRules, raftRules } from '../../../statecharts/raft.ts';
import { unwritten } from '../broken-results.ts';
import type { Twin } from '../protocol.ts';
import type { GivenRaftBounds } from './bounds.ts';
import * as broken from './broken-rules.ts';

/** A rule whose result is changed afterwards. */
const changed =
  <Params extends readonly unknown[]>(
    rule: (context: ServerContext, ...params: Params) => Result,
    change: (result: Result, context: ServerContext) => Result,
  ): typeof rule =>
  (context, ...params) =>
    change(rule(context, ...params), context);

/** Two servers, one of which votes for the other and crashes. */
const lostVote: GivenRaftBounds = { nodes: 2, terms: 1, entries: 0, crashes: 1, elections: 2, preVotes: false };
/** Three servers, one of which is elected in the first term and another in the second. */
const twoLeaders: GivenRaftBounds = { nodes: 3, terms: 2, entries: 0, preVotes: false, candidates: ['n1', 'n3'] };
/** The same, on a network that carries two messages at a time: what takes many steps is reached by few other ways. */
const slowly: GivenRaftBounds = { ...twoLeaders, losses: 'unlimited', inFlight: 2 };

export const raftTwins: readonly Twin<GivenRaftBounds, Partial<RaftRules>>[] = [
  {
    name: 'a vote is not written down',
    rule: 'Raft §3.8',
    broken: { grantVote: changed(raftRules.grantVote, unwritten) },
    checker: { bounds: { ...lostVote, nodes: 3 }, violates: 'one vote per server and term' },
  },
  {
    name: 'a vote is answered before it is durable',
    rule: 'Raft §3.8',
    broken: { grantVote: changed(raftRules.grantVote, broken.hasty) },
    checker: { bounds: lostVote, violates: 'one vote per server and term' },
  },
  {
    name: 'a candidate writes nothing down',
    rule: 'Raft §3.8',
    broken: { askForVotes: changed(raftRules.askForVotes, unwritten) },
    checker: { bounds: lostVote, violates: 'no durable entry is of a later term than the durable term' },
  },
  {
    name: 'a candidate asks for votes before its own is durable',
    rule: 'Raft §3.8',
    broken: { askForVotes: changed(raftRules.askForVotes, broken.hasty) },
    checker: { bounds: lostVote, violates: 'one vote per server and term' },
  },
  {
    name: 'a later term is not written down',
    rule: 'Raft §3.3',
    broken: { adoptTerm: changed(raftRules.adoptTerm, unwritten) },
    checker: {
      bounds: { ...twoLeaders, terms: 1 },
      violates: 'no durable entry is of a later term than the durable term',
    },
  },
  {
    name: 'a follower acknowledges entries before they are durable',
    rule: 'Raft §3.5',
    broken: { appendFromLeader: changed(raftRules.appendFromLeader, broken.hasty) },
    checker: {
      bounds: { nodes: 2, terms: 1, entries: 0, crashes: 1, preVotes: false },
      violates: 'what is committed is durable at a majority',
    },
    simulator: { seed: 10 },
  },
  {
    name: 'a leader counts itself before its entries are durable',
    rule: 'Raft §10.2.1',
    broken: {
      takeOffice: changed(raftRules.takeOffice, (result, { self }) => broken.selfAssured(self, result)),
      appendCommands: changed(raftRules.appendCommands, (result, { self }) => broken.selfAssured(self, result)),
    },
    checker: {
      bounds: { nodes: 2, terms: 1, entries: 0, crashes: 1, preVotes: false },
      violates: 'what is committed is durable at a majority',
    },
  },
  {
    name: 'one vote less than a majority elects',
    rule: 'Raft §3.4',
    broken: { hasMajority: broken.isAlmostMajority },
    checker: {
      bounds: { nodes: 2, terms: 1, entries: 0, elections: 2, preVotes: false },
      violates: 'election safety',
    },
    simulator: {},
  },
  {
    name: 'one server less than a majority commits',
    rule: 'Raft §3.5',
    broken: {
      noteAppended: changed(raftRules.noteAppended, (result, context) => broken.commitByMinority(context, result)),
      noteDurable: changed(raftRules.noteDurable, (result, context) => broken.commitByMinority(context, result)),
    },
    checker: {
      bounds: { nodes: 2, terms: 1, entries: 0, preVotes: false },
      violates: 'what is committed is durable at a majority',
    },
  },
  {
    name: "an earlier term's entry is committed by counting",
    rule: 'Raft §3.6.2',
    broken: {
      noteAppended: changed(raftRules.noteAppended, (result, context) => broken.commitByCounting(context, result)),
    },
    checker: {
      bounds: {
        ...slowly,
        terms: 4,
        candidates: ['n1', 'n3', 'n1', 'n3'],
      },
      violates: 'leader completeness',
      statesToFind: 500_000,
    },
  },
  {
    name: 'a second candidate gets a vote in the same term',
    rule: 'Raft §3.4',
    broken: { mayGrantVote: broken.mayVoteAgain },
    checker: {
      bounds: { nodes: 3, terms: 1, entries: 0, elections: 2, preVotes: false },
      violates: 'one vote per server and term',
    },
    simulator: { seed: 8 },
  },
  {
    name: 'a candidate with a shorter log gets votes',
    rule: 'Raft §3.6.1',
    broken: {
      mayGrantVote: broken.mayVoteForShorterLog,
      answerPreVote: broken.answerPreVoteOfShorterLog,
    },
    checker: { bounds: twoLeaders, violates: 'leader completeness' },
    simulator: { seed: 7 },
  },
  {
    name: 'a vote of an earlier term counts',
    rule: 'Raft §3.4',
    broken: { countVote: broken.countOldVote },
    checker: {
      bounds: { ...twoLeaders, candidates: ['n1', 'n1|n3'], elections: 3 },
      violates: 'election safety',
    },
  },
  {
    name: 'a leader whose term is over is followed',
    rule: 'Raft §3.3',
    broken: { isStaleTerm: broken.isStaleUnlessAppend },
    checker: { bounds: twoLeaders, violates: 'no actor fails' },
  },
  {
    name: 'a late append cuts off what followed it',
    rule: 'Raft Figure 3.1, AppendEntries 3',
    broken: { appendFromLeader: broken.appendAndTruncate },
    checker: {
      bounds: { nodes: 2, terms: 1, entries: 1, duplicates: 1, preVotes: false },
      violates: 'no actor fails',
    },
    simulator: {},
  },
  {
    name: 'a leader goes back no further when an append is rejected, and asks again',
    rule: 'Raft §3.5',
    broken: { noteAppended: broken.repeatRejected },
    simulator: { isEndless: true },
  },
  {
    name: 'entries that contradict the leader stay',
    rule: 'Raft Figure 3.1, AppendEntries 3',
    broken: { appendFromLeader: broken.appendWithoutReplacing },
    checker: { bounds: twoLeaders, violates: 'what is committed is durable at a majority' },
  },
  {
    name: 'entries are appended after one of another term',
    rule: 'Raft Figure 3.1, AppendEntries 2',
    broken: { appendFromLeader: broken.appendWithoutMatching },
    checker: { bounds: { ...slowly, terms: 3, candidates: ['n1', 'n3', 'n2'] }, violates: 'log matching' },
  },
  {
    name: 'a follower commits what the leader did not send',
    rule: 'Raft Figure 3.1, AppendEntries 5',
    broken: { appendFromLeader: broken.appendAndCommitAll },
    checker: { bounds: { ...slowly, heartbeats: 1 }, violates: 'state machine safety' },
  },
  {
    name: 'a read is answered without asking who leads',
    rule: 'Raft §6.4',
    broken: { startRead: broken.readAtOnce },
    checker: { bounds: { ...slowly, reads: 1 }, violates: 'outputs in order, reads linearizable' },
  },
  {
    name: 'a read is answered by a round that began before it',
    rule: 'Raft §6.4',
    broken: { startRead: broken.readByOldRound },
    checker: { bounds: { ...slowly, reads: 1 }, violates: 'outputs in order, reads linearizable' },
  },
  {
    name: 'a leader answers reads before it knows what is committed',
    rule: 'Raft §6.4',
    broken: { knowsCommitted: () => true },
    checker: { bounds: { ...slowly, reads: 1 }, violates: 'outputs in order, reads linearizable' },
  },
  {
    name: 'a snapshot leaves what it contradicts',
    rule: 'Raft Figure 5.3, 7',
    broken: { endTransfer: broken.endTransferAndKeepSuffix },
    checker: {
      bounds: { ...slowly, entries: 1, heartbeats: 1, compactions: 1 },
      violates: 'log matching',
      statesToFind: 800_000,
    },
  },
  {
    name: 'a server that is behind is told to lead, and gets votes because the leader asked for that',
    rule: 'Raft §3.10',
    broken: { targetHasAll: () => true, mayGrantVote: broken.mayVoteForInvited },
    checker: { bounds: { ...slowly, transfers: 1 }, violates: 'leader completeness' },
  },
  {
    name: 'a second candidate gets a vote in the same term, because the leader asked it to stand',
    rule: 'Raft §3.10',
    broken: { mayGrantVote: broken.mayVoteAgainForInvited },
    checker: {
      bounds: { ...slowly, inFlight: 3, transfers: 1, candidates: ['n1', 'n2|n3'] },
      violates: 'one vote per server and term',
      statesToFind: 120_000,
    },
  },
  {
    name: 'a server that is told to lead does so in the term of the leader that told it',
    rule: 'Raft §3.10',
    broken: { askForVotes: broken.takeTermOver },
    checker: { bounds: { ...slowly, terms: 1, transfers: 1, candidates: ['n1|n2'] }, violates: 'election safety' },
  },
];
