/**
 * The primary: it takes proposals into its log, sends them to all others, acknowledges what those hold whom the write's mode
 * names, answers reads that others confirm, and keeps the in-sync set, which the authority records. It fences itself when
 * it is in touch neither with those who could choose another primary nor with the authority.
 */

import { every } from '../actor/fragments.ts';
import { given } from '../actor/given.ts';
import { message } from '../actor/rules.ts';
import {
  anotherEpoch,
  compaction,
  laterEpoch,
  notHandingOver,
  outdated,
  replica,
  transferInVain,
} from './vocabulary.ts';

const ofEpoch = { type: 'isOfEpoch', params: message } as const;
/** The authority makes one replica primary in an epoch. */
const rival = { actions: { type: 'refuseRival', params: message }, meta: { rule: 'VR §4.2' } } as const;

export const primary = replica.createStateConfig({
  id: 'primary',
  tags: 'primary',
  entry: 'takeOffice',
  exit: 'leaveOffice',
  type: 'parallel',
  states: {
    heartbeats: every('heartbeatInterval', ['sendHeartbeats', 'askAgain'], 'VR §4.1'),
    inSyncSet: {
      initial: 'watching',
      states: {
        watching: {
          after: {
            inSyncTimeout: [
              {
                guard: 'isInTouch',
                target: 'watching',
                reenter: true,
                actions: 'reviewInSyncSet',
                meta: { rule: 'KIP-966' },
              },
              { target: '#fenced', meta: { rule: 'VR §4.2' } },
            ],
          },
        },
      },
    },
    redundancy: {
      initial: 'whole',
      states: {
        whole: { always: { guard: 'isDegraded', target: 'degraded', meta: { rule: 'KIP-966' } } },
        degraded: {
          tags: 'degraded',
          always: [
            { guard: 'isWhole', target: 'whole', meta: { rule: 'KIP-966' } },
            { guard: 'isTooFewInSync', target: 'tooFew', meta: { rule: 'KIP-966' } },
          ],
        },
        tooFew: {
          tags: ['degraded', 'too-few-in-sync'],
          always: { guard: 'isEnoughInSync', target: 'degraded', meta: { rule: 'KIP-966' } },
        },
      },
    },
    handOver: {
      initial: 'none',
      states: {
        none: {
          on: {
            handOver: [
              {
                guard: { type: 'mayHandOver', params: message },
                target: 'underWay',
                actions: { type: 'beginHandOver', params: message },
                meta: { rule: 'VR §4.2' },
              },
              notHandingOver,
            ],
          },
        },
        underWay: {
          initial: 'catchingUp',
          after: { handOverTimeout: { target: 'none', actions: 'giveUpHandOver', meta: { rule: 'VR §4.2' } } },
          states: {
            catchingUp: {
              always: {
                guard: 'successorHasAll',
                target: 'proposed',
                actions: 'proposeSuccessor',
                meta: { rule: 'VR §4.2' },
              },
            },
            proposed: {},
          },
        },
      },
    },
  },
  on: {
    propose: [
      {
        guard: 'isHandingOver',
        actions: { type: 'refuseHandingOver', params: message },
        meta: { rule: 'VR §4.2' },
      },
      {
        guard: { type: 'isNotOffered', params: message },
        actions: { type: 'refuseMode', params: message },
        meta: { rule: 'KIP-966' },
      },
      {
        guard: 'isTooFewInSync',
        actions: { type: 'refuseTooFew', params: message },
        meta: { rule: 'KIP-966' },
      },
      {
        guard: { type: 'isOverloaded', params: message },
        actions: { type: 'refuseOverloaded', params: message },
        meta: { rule: 'VR §4.1' },
      },
      { actions: { type: 'appendCommands', params: message }, meta: { rule: 'VR §4.1' } },
    ],
    durable: [{ guard: ofEpoch, actions: { type: 'noteDurable', params: message }, meta: { rule: 'VR §4.1' } }, {}],
    appended: [{ guard: ofEpoch, actions: { type: 'noteAppended', params: message }, meta: { rule: 'VR §4.1' } }, {}],
    snapshotReply: [
      { guard: ofEpoch, actions: { type: 'noteSnapshot', params: message }, meta: { rule: 'VR §5.2' } },
      {},
    ],
    outdated: [
      { guard: { type: 'isDeposed', params: message }, target: '#fenced', meta: { rule: 'VR §4.2' } },
      { guard: { type: 'isPromised', params: message }, actions: 'reaffirm', meta: { rule: 'VR §4.2' } },
      {},
    ],
    read: [
      { guard: 'knowsCommitted', actions: { type: 'startRead', params: message }, meta: { rule: 'VR §4.1' } },
      { actions: { type: 'refuseNotReady', params: message }, meta: { rule: 'VR §4.1' } },
    ],
    configured: [
      {
        guard: { type: 'isSameEpoch', params: message },
        actions: { type: 'adoptChange', params: message },
        meta: { rule: 'KIP-966' },
      },
      anotherEpoch,
      { actions: 'noteAuthority', meta: { rule: 'KIP-966' } },
    ],
    handOver: notHandingOver,
    compact: compaction,
    performed: transferInVain,
    unreachable: { actions: { type: 'noteLost', params: message }, meta: { rule: 'VR §4.1' } },

    append: [laterEpoch, outdated, rival],
    installSnapshot: [laterEpoch, outdated, rival],
    // The primary is here: others may be chosen without it, and not by it.
    elect: {},
    promise: {},
    settled: {},
  },
});

/** The primary by itself. */
export const primaryAlone = replica.createMachine({
  id: 'primary-backup-primary',
  context: given,
  initial: 'primary',
  states: { primary, fenced: { id: 'fenced', type: 'final' } },
});
