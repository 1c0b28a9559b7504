/**
 * The candidate: a proposer in phase 1, for all open slots at once. It has promised itself a ballot, and asks the others
 * for theirs, and for what they have accepted. It leads when a quorum of phase 1 has told all; it gives up when another
 * ballot was promised, or nothing comes any more.
 */

import { every } from '../../actor/fragments.ts';
import { given } from '../../actor/given.ts';
import { message } from '../../actor/rules.ts';
import { notHandingOver } from '../../replication/handing-over.ts';
import {
  beat,
  compaction,
  earlierBallot,
  laterBallot,
  notLeading,
  notReconfiguring,
  notReplacing,
  overtaken,
  paxos,
  retired,
  rival,
  transferEnd,
} from './vocabulary.ts';

export const candidate = paxos.createStateConfig({
  id: 'candidate',
  tags: 'candidate',
  entry: 'stand',
  type: 'parallel',
  always: { guard: 'hasPromises', target: '#leader', meta: { rule: 'Paxos 2a' } },
  states: {
    asking: every('heartbeatInterval', ['askAgain', 'sendBeats'], 'Paxos 1a'),
    patience: {
      initial: 'watching',
      states: {
        watching: {
          after: {
            electionRound: [
              {
                guard: 'isAdvancing',
                target: 'watching',
                reenter: true,
                actions: 'watchPhase1',
                meta: { rule: 'Paxos 1a' },
              },
              { target: '#alone', meta: { rule: 'Omni-Paxos §5.2' } },
            ],
          },
        },
      },
    },
  },
  on: {
    promise: { actions: { type: 'notePromise', params: message }, meta: { rule: 'Paxos 2a' } },
    durable: { actions: { type: 'countOwnPromise', params: message }, meta: { rule: 'Paxos 1b' } },
    refused: [overtaken, {}],
    prepare: [retired, laterBallot, earlierBallot, rival],
    accept: [laterBallot, earlierBallot, rival],
    installSnapshot: [laterBallot, earlierBallot, rival],
    beat,
    accepted: {},
    snapshotReply: {},
    standNow: {},

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
export const candidateAlone = paxos.createMachine({
  id: 'paxos-candidate',
  context: given,
  initial: 'candidate',
  states: {
    candidate,
    follower: { id: 'follower', type: 'final' },
    alone: { id: 'alone', type: 'final' },
    leader: { id: 'leader', type: 'final' },
  },
});
