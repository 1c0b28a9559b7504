/**
 * The leader: it takes proposals into its log, replicates the log, commits what a majority holds, answers reads, changes
 * members, and hands over to another one (§3.10). It steps down when it hears of a later term, when no majority, or not even its own journal, answers
 * (Raft §6.2), or when it has left the cluster (§4.2.2).
 */

import { every } from '../actor/fragments.ts';
import { given } from '../actor/given.ts';
import { message } from '../actor/rules.ts';
import { handingOver, notHandingOver } from '../replication/handing-over.ts';
import {
  compaction,
  newerTerm,
  notReconfiguring,
  notReplacing,
  onlyNewerTerm,
  raft,
  retired,
  staleAppend,
  staleReply,
  staleSnapshot,
  staleVote,
  transferEnd,
  uninvited,
} from './vocabulary.ts';

/** §3.4: a term has one leader; another one of this term means that a server voted twice. */
const rival = { actions: { type: 'refuseRival', params: message }, meta: { rule: 'Raft §3.4' } } as const;

export const leader = raft.createStateConfig({
  id: 'leader',
  tags: 'leader',
  entry: 'takeOffice',
  exit: 'leaveOffice',
  type: 'parallel',
  states: {
    heartbeats: every('heartbeatInterval', { type: 'sendHeartbeats', params: message }, 'Raft §3.4'),
    quorum: {
      initial: 'watching',
      states: {
        watching: {
          after: {
            quorumTimeout: [
              {
                guard: 'hasQuorum',
                target: 'watching',
                reenter: true,
                actions: 'watchQuorum',
                meta: { rule: 'Raft §6.2' },
              },
              { target: '#follower', meta: { rule: 'Raft §6.2' } },
            ],
          },
        },
      },
    },
    members: {
      initial: 'settled',
      states: {
        settled: {
          id: 'settled',
          always: [
            { guard: 'isLearning', target: 'learning', meta: { rule: 'Raft §4.2.1' } },
            { guard: 'isJoint', target: 'joint', meta: { rule: 'Raft §4.3' } },
            { guard: 'hasLeft', target: '#follower', meta: { rule: 'Raft §4.2.2' } },
          ],
        },
        learning: {
          initial: 'inTime',
          states: {
            inTime: {
              entry: 'beginRound',
              always: {
                guard: 'hasCaughtUp',
                target: '#joint',
                actions: 'beginJoint',
                meta: { rule: 'Raft §4.3' },
              },
              after: { catchUpRound: { target: 'late', meta: { rule: 'Raft §4.2.1' } } },
            },
            late: {
              always: [
                {
                  guard: 'isOutOfRounds',
                  target: '#settled',
                  actions: 'giveUpReplacement',
                  meta: { rule: 'Raft §4.2.1' },
                },
                { guard: 'hasCaughtUp', target: 'inTime', meta: { rule: 'Raft §4.2.1' } },
              ],
              after: {
                catchUpPatience: [
                  {
                    guard: 'makesHeadway',
                    target: 'late',
                    reenter: true,
                    actions: 'watchLearner',
                    meta: { rule: 'Raft §4.2.1' },
                  },
                  { target: '#settled', actions: 'giveUpReplacement', meta: { rule: 'Raft §4.2.1' } },
                ],
              },
            },
          },
        },
        joint: {
          id: 'joint',
          always: {
            guard: 'mayEndJoint',
            target: 'settled',
            actions: 'endJoint',
            meta: { rule: 'Raft §4.3' },
          },
        },
      },
    },
    handOver: handingOver('sendTimeoutNow'),
  },
  on: {
    propose: [
      {
        guard: { type: 'isOverloaded', params: message },
        actions: { type: 'refuseOverloaded', params: message },
        meta: { rule: 'Raft §10.2' },
      },
      { actions: { type: 'appendCommands', params: message }, meta: { rule: 'Raft §3.5' } },
    ],
    durable: { actions: { type: 'noteDurable', params: message }, meta: { rule: 'Raft §10.2.1' } },
    appendReply: [
      newerTerm,
      staleReply,
      { actions: { type: 'noteAppended', params: message }, meta: { rule: 'Raft §3.5' } },
    ],
    snapshotReply: [
      newerTerm,
      staleReply,
      { actions: { type: 'noteSnapshot', params: message }, meta: { rule: 'Raft §5.3' } },
    ],
    read: [
      {
        guard: { type: 'mayReadByLease', params: message },
        actions: { type: 'readByLease', params: message },
        meta: { rule: 'Raft §6.4.1' },
      },
      {
        guard: 'knowsCommitted',
        actions: { type: 'startRead', params: message },
        meta: { rule: 'Raft §6.4' },
      },
      { actions: { type: 'refuseNotReady', params: message }, meta: { rule: 'Raft §6.4' } },
    ],
    replace: [
      {
        guard: { type: 'mayReplace', params: message },
        actions: { type: 'beginReplacement', params: message },
        meta: { rule: 'Raft §4.1' },
      },
      notReplacing,
    ],
    reconfigure: [
      {
        guard: { type: 'mayReconfigure', params: message },
        actions: { type: 'beginReconfiguration', params: message },
        meta: { rule: 'Raft §4.1' },
      },
      notReconfiguring,
    ],
    handOver: notHandingOver,
    compact: compaction,
    performed: transferEnd,
    unreachable: { actions: { type: 'noteLost', params: message }, meta: { rule: 'Raft §3.5' } },

    // §4.2.3: a leader is loyal to itself; a candidate that is ahead of it says so in its answer to an append.
    preVote: {},
    vote: [retired, staleVote, uninvited, newerTerm, {}],
    append: [newerTerm, staleAppend, rival],
    installSnapshot: [newerTerm, staleSnapshot, rival],
    preVoteReply: onlyNewerTerm,
    voteReply: onlyNewerTerm,
    timeoutNow: onlyNewerTerm,
  },
});

/** The leader by itself. */
export const leaderAlone = raft.createMachine({
  id: 'raft-leader',
  context: given,
  initial: 'leader',
  states: { leader, follower: { id: 'follower', type: 'final' } },
});
