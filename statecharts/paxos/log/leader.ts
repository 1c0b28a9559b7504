/**
 * The leader: the distinguished proposer, in phase 2 of one slot after the other, many at once. It answers reads, and
 * changes members by ending its configuration, and hands over to another one. It steps down when another ballot was promised, when no quorum, or not even
 * its own journal, answers, and when the next configuration is without it, or may have had other leaders.
 */

import { every } from '../../actor/fragments.ts';
import { given } from '../../actor/given.ts';
import { message } from '../../actor/rules.ts';
import { handingOver, notHandingOver } from '../../replication/handing-over.ts';
import {
  compaction,
  earlierBallot,
  laterBallot,
  notReconfiguring,
  notReplacing,
  overtaken,
  paxos,
  retired,
  rival,
} from './vocabulary.ts';

/** The answer to an earlier ballot is not counted for this one. */
const ofBallot = { type: 'isOfBallot', params: message } as const;
const stopped = { guard: 'isStopped', actions: { type: 'refuseNotReady', params: message } } as const;

export const leader = paxos.createStateConfig({
  id: 'leader',
  tags: 'leader',
  entry: 'takeOffice',
  exit: 'leaveOffice',
  type: 'parallel',
  always: [
    { guard: 'isSucceeded', target: '#candidate', meta: { rule: 'Stoppable §3' } },
    { guard: 'hasLeft', target: '#alone', meta: { rule: 'Stoppable §3' } },
  ],
  states: {
    heartbeats: every('heartbeatInterval', { type: 'sendHeartbeats', params: message }, 'Paxos 2a'),
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
                meta: { rule: 'Omni-Paxos §5.2' },
              },
              { target: '#alone', meta: { rule: 'Omni-Paxos §5.2' } },
            ],
          },
        },
      },
    },
    members: {
      initial: 'settled',
      states: {
        settled: { id: 'settled', always: { guard: 'isLearning', target: 'learning' } },
        learning: {
          initial: 'inTime',
          states: {
            inTime: {
              entry: 'beginRound',
              always: {
                guard: 'hasCaughtUp',
                target: '#stopping',
                actions: 'swapVoters',
                meta: { rule: 'Stoppable §3' },
              },
              after: { catchUpRound: { target: 'late' } },
            },
            late: {
              always: [
                { guard: 'isOutOfRounds', target: '#stopping', actions: 'giveUpReplacement' },
                { guard: 'hasCaughtUp', target: 'inTime' },
              ],
              after: {
                catchUpPatience: [
                  { guard: 'makesHeadway', target: 'late', reenter: true, actions: 'watchLearner' },
                  { target: '#stopping', actions: 'giveUpReplacement' },
                ],
              },
            },
          },
        },
        // The stop-sign is proposed; when it is chosen, the next configuration begins.
        stopping: {
          id: 'stopping',
          always: { guard: 'hasGoneOn', target: 'settled', meta: { rule: 'Stoppable §3' } },
        },
      },
    },
    handOver: handingOver('sendStandNow'),
  },
  on: {
    propose: [
      stopped,
      {
        guard: { type: 'isOverloaded', params: message },
        actions: { type: 'refuseOverloaded', params: message },
      },
      { actions: { type: 'proposeCommands', params: message }, meta: { rule: 'Paxos 2a' } },
    ],
    durable: { actions: { type: 'noteDurable', params: message }, meta: { rule: 'Paxos 2b' } },
    accepted: [{ guard: ofBallot, actions: { type: 'noteAccepted', params: message }, meta: { rule: 'Paxos 2b' } }, {}],
    snapshotReply: [
      { guard: ofBallot, actions: { type: 'noteSnapshot', params: message }, meta: { rule: 'Paxos Made Live §5.5' } },
      {},
    ],
    read: [
      {
        guard: { type: 'mayReadByLease', params: message },
        actions: { type: 'readByLease', params: message },
        meta: { rule: 'Paxos Made Live §5.2' },
      },
      {
        guard: 'knowsChosen',
        actions: { type: 'startRead', params: message },
        meta: { rule: 'Paxos Made Live §5.2' },
      },
      { actions: { type: 'refuseNotReady', params: message }, meta: { rule: 'Paxos Made Live §5.2' } },
    ],
    replace: [
      {
        guard: { type: 'mayReplace', params: message },
        actions: { type: 'beginReplacement', params: message },
        meta: { rule: 'Stoppable §3' },
      },
      notReplacing,
    ],
    reconfigure: [
      {
        guard: { type: 'mayReconfigure', params: message },
        actions: { type: 'beginReconfiguration', params: message },
        meta: { rule: 'Stoppable §3' },
      },
      notReconfiguring,
    ],
    handOver: notHandingOver,
    compact: compaction,
    performed: [{ guard: { type: 'isIncoming', params: message }, actions: 'forgetIncoming' }, {}],
    unreachable: { actions: { type: 'noteLost', params: message } },

    refused: [overtaken, {}],
    prepare: [retired, laterBallot, earlierBallot, rival],
    accept: [laterBallot, earlierBallot, rival],
    installSnapshot: [laterBallot, earlierBallot, rival],
    // Those who follow another ballot say so when they are asked to accept.
    beat: {},
    promise: {},
    standNow: {},
  },
});

/** The leader by itself. */
export const leaderAlone = paxos.createMachine({
  id: 'paxos-leader',
  context: given,
  initial: 'leader',
  states: {
    leader,
    follower: { id: 'follower', type: 'final' },
    alone: { id: 'alone', type: 'final' },
    candidate: { id: 'candidate', type: 'final' },
  },
});
