/**
 * The candidate: it has begun a term and voted for itself, and leads the term when a majority has (Raft §3.4). When the
 * votes are split, or no server answers, it asks for pre-votes again before it begins another term.
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
  staleSnapshot,
  transferEnd,
} from './vocabulary.ts';

export const candidate = raft.createStateConfig({
  id: 'candidate',
  tags: 'candidate',
  entry: 'askForVotes',
  exit: 'forgetElection',
  always: { guard: 'hasMajority', target: '#leader', meta: { rule: 'Raft §3.4' } },
  after: { electionTimeout: { target: '#pre-candidate', meta: { rule: 'Raft §3.4' } } },
  on: {
    voteReply: [newerTerm, { actions: { type: 'countVote', params: message }, meta: { rule: 'Raft §3.4' } }],
    durable: { actions: { type: 'countOwnVote', params: message }, meta: { rule: 'Raft §3.8' } },
    preVote: [retired, preVoteAnswer],
    vote: [retired, newerTerm, { actions: { type: 'denyVote', params: message }, meta: { rule: 'Raft §3.4' } }],
    append: [newerTerm, staleAppend, leaderElected],
    installSnapshot: [newerTerm, staleSnapshot, leaderElected],
    preVoteReply: onlyNewerTerm,
    appendReply: onlyNewerTerm,
    snapshotReply: onlyNewerTerm,
    timeoutNow: onlyNewerTerm,

    propose: notLeading,
    read: notLeading,
    replace: notReplacing,
    reconfigure: notReconfiguring,
    handOver: notHandingOver,
    compact: compaction,
    performed: transferEnd,
    unreachable: {},
  },
});

/** The candidate by itself. */
export const candidateAlone = raft.createMachine({
  id: 'raft-candidate',
  context: given,
  initial: 'candidate',
  states: {
    candidate,
    follower: { id: 'follower', type: 'final' },
    preCandidate: { id: 'pre-candidate', type: 'final' },
    leader: { id: 'leader', type: 'final' },
  },
});
