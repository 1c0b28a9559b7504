/**
 * The follower: it takes what its leader sends, votes, and stands for election when it hears of no leader for an
 * election timeout. While it has heard its leader within the least election timeout it is loyal: candidates do not
 * reach it (Raft §4.2.3).
 */

import { message } from '../actor/rules.ts';
import {
  compaction,
  newerTerm,
  notLeading,
  notReplacing,
  preVoteAnswer,
  raft,
  retired,
  staleAppend,
  staleSnapshot,
  staleVote,
} from './vocabulary.ts';

// A follower stays one: its election timeout goes on running.
const { target: _, ...newerTermHere } = newerTerm;

export const follower = raft.createStateConfig({
  id: 'follower',
  tags: 'follower',
  initial: 'listening',
  states: {
    listening: {
      initial: 'free',
      after: {
        electionTimeout: [
          { guard: 'mayCampaign', target: '#pre-candidate', meta: { rule: 'Raft §9.6' } },
          { target: 'listening', reenter: true, meta: { rule: 'Raft §4.2.2' } },
        ],
      },
      states: {
        free: {
          on: {
            preVote: [retired, preVoteAnswer],
            vote: [
              retired,
              newerTermHere,
              {
                guard: { type: 'mayGrantVote', params: message },
                target: '#follower.listening',
                actions: { type: 'grantVote', params: message },
                meta: { rule: 'Raft §3.4' },
              },
              { actions: { type: 'denyVote', params: message }, meta: { rule: 'Raft §3.6.1' } },
            ],
          },
        },
        loyal: {
          after: { minElectionTimeout: { target: 'free', meta: { rule: 'Raft §4.2.3' } } },
          on: { preVote: {}, vote: [retired, staleVote] },
        },
      },
    },
  },
  on: {
    append: [
      newerTermHere,
      staleAppend,
      {
        target: '.listening.loyal',
        actions: { type: 'appendFromLeader', params: message },
        meta: { rule: 'Raft §3.5' },
      },
    ],
    installSnapshot: [
      newerTermHere,
      staleSnapshot,
      { target: '.listening.loyal', actions: { type: 'takeSnapshot', params: message }, meta: { rule: 'Raft §5.3' } },
    ],
    preVoteReply: newerTermHere,
    voteReply: newerTermHere,
    appendReply: newerTermHere,
    snapshotReply: newerTermHere,

    propose: notLeading,
    read: notLeading,
    replace: notReplacing,
    compact: compaction,
    performed: {
      guard: { type: 'isIncoming', params: message },
      actions: { type: 'endTransfer', params: message },
      meta: { rule: 'Raft §5.3' },
    },
    durable: {},
    unreachable: {},
  },
});

/** The follower by itself. */
export const followerAlone = raft.createMachine({
  id: 'raft-follower',
  context: ({ input }) => input,
  initial: 'follower',
  states: { follower, preCandidate: { id: 'pre-candidate', type: 'final' } },
});
