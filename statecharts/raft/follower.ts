/**
 * The follower: it takes what its leader sends, votes, and stands for election when it hears of no leader for an
 * election timeout. While it has heard its leader within the least election timeout it is loyal: candidates do not
 * reach it (Raft §4.2.3), which is what leases rest on: where there are any, a server that starts anew waits as long, as if
 * it had just heard the leader of its earlier life; and where that life has granted longer ones, as long as those (§6.4.1).
 */

import { given } from '../actor/given.ts';
import { message } from '../actor/rules.ts';
import { notHandingOver } from '../replication/handing-over.ts';
import {
  compaction,
  newerTerm,
  notLeading,
  notReconfiguring,
  notReplacing,
  preVoteAnswer,
  raft,
  retired,
  staleAppend,
  staleReply,
  staleSnapshot,
  staleVote,
  timeoutNow,
  uninvited,
} from './vocabulary.ts';

// A follower stays one: its election timeout goes on running.
const { target: _, ...newerTermHere } = newerTerm;

const votes = [
  newerTermHere,
  {
    guard: { type: 'mayGrantVote', params: message },
    target: '#follower.listening',
    actions: { type: 'grantVote', params: message },
    meta: { rule: 'Raft §3.4' },
  },
  { actions: { type: 'denyVote', params: message }, meta: { rule: 'Raft §3.6.1' } },
] as const;

/** The leader that handed over hears by it that another one leads (§3.10). */
const handedOver = { type: 'concludeHandOver', params: message } as const;

const append = {
  actions: [{ type: 'appendFromLeader', params: message }, handedOver],
  meta: { rule: 'Raft §3.5' },
} as const;
const installSnapshot = {
  actions: [{ type: 'takeSnapshot', params: message }, handedOver],
  meta: { rule: 'Raft §5.3' },
} as const;

export const follower = raft.createStateConfig({
  id: 'follower',
  tags: 'follower',
  initial: 'listening',
  states: {
    listening: {
      initial: 'free',
      after: {
        electionTimeout: [
          { guard: 'mayCampaign', target: '#pre-candidate', actions: 'giveUpHandOver', meta: { rule: 'Raft §9.6' } },
          { target: 'listening', reenter: true, actions: 'giveUpHandOver', meta: { rule: 'Raft §4.2.2' } },
        ],
      },
      states: {
        free: {
          always: [
            { guard: 'isBoundByEarlier', target: '#follower.boundByEarlier', meta: { rule: 'Raft §6.4.1' } },
            { guard: 'isBound', target: 'loyal', meta: { rule: 'Raft §6.4.1' } },
          ],
          on: {
            preVote: [retired, preVoteAnswer],
            vote: [retired, ...votes],
          },
        },
        loyal: {
          after: { minElectionTimeout: { target: 'free', actions: 'endPromise', meta: { rule: 'Raft §4.2.3' } } },
          on: { preVote: {}, vote: [retired, staleVote, uninvited, ...votes] },
        },
      },
    },
    // What is heard does not end this earlier, nor begin it anew; whoever leads at its end is heard like any leader.
    boundByEarlier: {
      after: {
        earlierGrant: {
          target: '#follower.listening.loyal',
          actions: 'endEarlierGrants',
          meta: { rule: 'Raft §6.4.1' },
        },
      },
      on: {
        preVote: {},
        vote: [retired, staleVote, uninvited, ...votes],
        append: [newerTermHere, staleAppend, append],
        installSnapshot: [newerTermHere, staleSnapshot, installSnapshot],
      },
    },
  },
  on: {
    append: [newerTermHere, staleAppend, { target: '.listening.loyal', ...append }],
    installSnapshot: [newerTermHere, staleSnapshot, { target: '.listening.loyal', ...installSnapshot }],
    timeoutNow: [newerTermHere, staleReply, timeoutNow, {}],
    preVoteReply: [newerTermHere, {}],
    voteReply: [newerTermHere, {}],
    appendReply: [newerTermHere, {}],
    snapshotReply: [newerTermHere, {}],

    propose: notLeading,
    read: notLeading,
    replace: notReplacing,
    reconfigure: notReconfiguring,
    handOver: notHandingOver,
    compact: compaction,
    performed: [
      {
        guard: { type: 'isIncoming', params: message },
        actions: { type: 'endTransfer', params: message },
        meta: { rule: 'Raft §5.3' },
      },
      {},
    ],
    durable: {},
    unreachable: {},
  },
});

/** The follower by itself. */
export const followerAlone = raft.createMachine({
  id: 'raft-follower',
  context: given,
  initial: 'follower',
  states: {
    follower,
    preCandidate: { id: 'pre-candidate', type: 'final' },
    candidate: { id: 'candidate', type: 'final' },
  },
});
