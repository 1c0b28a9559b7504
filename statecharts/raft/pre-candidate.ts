/**
 * The pre-candidate: it asks whether it would be elected, and begins a term only if a majority says so (Raft §9.6). So
 * a server that was cut off comes back without forcing an election on a cluster that has a leader.
 */

import { given } from '../actor/given.ts';
import { message } from '../actor/rules.ts';
import { notHandingOver } from '../replication/handing-over.ts';
import {
  compaction,
  leaderElected,
  newerTerm,
  notLeading,
  notReconfiguring,
  notReplacing,
  onlyNewerTerm,
  preVoteAnswer,
  raft,
  retired,
  staleAppend,
  staleReply,
  staleSnapshot,
  timeoutNow,
  transferEnd,
} from './vocabulary.ts';

export const preCandidate = raft.createStateConfig({
  id: 'pre-candidate',
  tags: 'pre-candidate',
  entry: 'askForPreVotes',
  exit: 'forgetElection',
  always: { guard: 'hasMajority', target: '#candidate', meta: { rule: 'Raft §9.6' } },
  after: { electionTimeout: { target: '#pre-candidate', reenter: true, meta: { rule: 'Raft §9.6' } } },
  on: {
    preVoteReply: [newerTerm, { actions: { type: 'countPreVote', params: message }, meta: { rule: 'Raft §9.6' } }],
    preVote: [retired, preVoteAnswer],
    vote: [
      retired,
      newerTerm,
      {
        guard: { type: 'mayGrantVote', params: message },
        target: '#follower',
        actions: { type: 'grantVote', params: message },
        meta: { rule: 'Raft §3.4' },
      },
      { actions: { type: 'denyVote', params: message }, meta: { rule: 'Raft §3.6.1' } },
    ],
    append: [newerTerm, staleAppend, leaderElected],
    installSnapshot: [newerTerm, staleSnapshot, leaderElected],
    voteReply: onlyNewerTerm,
    appendReply: onlyNewerTerm,
    snapshotReply: onlyNewerTerm,
    timeoutNow: [newerTerm, staleReply, timeoutNow, {}],

    propose: notLeading,
    read: notLeading,
    replace: notReplacing,
    reconfigure: notReconfiguring,
    handOver: notHandingOver,
    compact: compaction,
    performed: transferEnd,
    durable: {},
    unreachable: {},
  },
});

/** The pre-candidate by itself. */
export const preCandidateAlone = raft.createMachine({
  id: 'raft-pre-candidate',
  context: given,
  initial: 'preCandidate',
  states: { preCandidate, follower: { id: 'follower', type: 'final' }, candidate: { id: 'candidate', type: 'final' } },
});
