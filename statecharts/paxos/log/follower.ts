/**
 * The follower: an acceptor that answers candidates and takes what its leader proposes, and a learner of what is chosen. It
 * tells the others whether it is led, and stands for election when neither it nor any of them is, or when its leader tells
 * it to. Where leaders have leases, it grants one with each answer: for that time it neither promises another ballot nor
 * stands itself (Paxos Made Live §5.2).
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
  paxos,
  retired,
  transferEnd,
  withheld,
} from './vocabulary.ts';

// A follower stays one.
const { target: _, ...laterBallotHere } = laterBallot;

const standing = {
  guard: 'mayStand',
  target: '#candidate',
  actions: 'giveUpHandOver',
  meta: { rule: 'Omni-Paxos §5.2' },
} as const;

/** A server that handed over hears by it that another one leads. */
const handedOver = { type: 'concludeHandOver', params: message } as const;

/** A message that is answered to the leader at the promised ballot grants it a lease anew. */
const granting = {
  guard: { type: 'mayGrant', params: message },
  target: '.bound',
  actions: 'grant',
  meta: { rule: 'Paxos Made Live §5.2' },
} as const;

export const follower = paxos.createStateConfig({
  id: 'follower',
  tags: 'follower',
  type: 'parallel',
  states: {
    beats: every('heartbeatInterval', 'sendBeats', 'Omni-Paxos §5.2'),
    lease: {
      initial: 'free',
      states: {
        free: {
          always: [
            { guard: 'isBoundByEarlier', target: 'boundByEarlier', meta: { rule: 'Paxos Made Live §5.2' } },
            { guard: 'isBound', target: 'bound', meta: { rule: 'Paxos Made Live §5.2' } },
          ],
        },
        // An earlier life has granted more than this one does. What is granted meanwhile is over when the next grant would be.
        boundByEarlier: {
          after: {
            earlierGrant: { target: 'bound', actions: 'endEarlierGrants', meta: { rule: 'Paxos Made Live §5.2' } },
          },
          on: { accept: {}, installSnapshot: {} },
        },
        bound: {
          after: { leaseGrant: { target: 'free', actions: 'endPromise', meta: { rule: 'Paxos Made Live §5.2' } } },
        },
      },
      on: { accept: [granting, {}], installSnapshot: [granting, {}] },
    },
    listening: {
      initial: 'alone',
      states: {
        // A leader was heard, or a candidate, which has a round to become one.
        led: {
          after: {
            electionRound: [
              standing,
              { target: 'alone', actions: 'giveUpHandOver', meta: { rule: 'Omni-Paxos §5.2' } },
            ],
          },
        },
        alone: {
          id: 'alone',
          entry: 'noteAlone',
          after: {
            electionRound: [
              standing,
              { target: 'alone', reenter: true, actions: 'giveUpHandOver', meta: { rule: 'Omni-Paxos §5.2' } },
            ],
          },
        },
      },
      on: {
        prepare: [
          retired,
          withheld,
          laterBallotHere,
          earlierBallot,
          // It has to fetch a snapshot first; this server has what is in that, and need not wait for it in order to lead.
          {
            guard: { type: 'lacksCompacted', params: message },
            actions: { type: 'answerPrepare', params: message },
            meta: { rule: 'Paxos 1b' },
          },
          {
            target: '.led',
            actions: [{ type: 'answerPrepare', params: message }, 'noteLed'],
            meta: { rule: 'Paxos 1b' },
          },
        ],
        accept: [
          laterBallotHere,
          earlierBallot,
          {
            target: '.led',
            actions: [{ type: 'acceptFromLeader', params: message }, handedOver],
            meta: { rule: 'Paxos 2b' },
          },
        ],
        installSnapshot: [
          laterBallotHere,
          earlierBallot,
          {
            target: '.led',
            actions: [{ type: 'takeSnapshot', params: message }, handedOver],
            meta: { rule: 'Paxos Made Live §5.5' },
          },
        ],
        standNow: [
          {
            guard: { type: 'mayStandNow', params: message },
            target: '#candidate',
            actions: ['giveUpHandOver', { type: 'standForLeader', params: message }],
            meta: { rule: 'Raft §3.10' },
          },
          {},
        ],
        beat: [
          {
            guard: { type: 'isForsaken', params: message },
            target: '.alone',
            actions: { type: 'noteBeat', params: message },
            meta: { rule: 'Omni-Paxos §5.2' },
          },
          beat,
        ],
        refused: { actions: { type: 'noteBallot', params: message }, meta: { rule: 'Paxos Made Simple §2.2' } },
        promise: {},
        accepted: {},
        snapshotReply: {},

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
    },
  },
});

/** The follower by itself. */
export const followerAlone = paxos.createMachine({
  id: 'paxos-follower',
  context: given,
  initial: 'follower',
  states: { follower, candidate: { id: 'candidate', type: 'final' } },
});
