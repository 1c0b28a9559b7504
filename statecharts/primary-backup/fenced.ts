/**
 * The fenced replica: it takes no part, because it does not know that its configuration is still in force, or knows that it
 * is not. It asks the authority; and where it is in sync and hears of nothing else, it looks for the next primary.
 */

import { repeating } from '../actor/fragments.ts';
import { given } from '../actor/given.ts';
import { message } from '../actor/rules.ts';
import { compaction, election, notHandingOver, notPrimary, outdated, replica, transferInVain } from './vocabulary.ts';

const adopted = {
  target: '#settling',
  actions: { type: 'adopt', params: message },
  meta: { rule: 'VR §4.2' },
} as const;

export const fenced = replica.createStateConfig({
  id: 'fenced',
  tags: 'fenced',
  initial: 'asking',
  states: {
    asking: {
      id: 'asking',
      initial: 'waiting',
      states: { waiting: repeating('waiting', 'enquire', 'retryInterval') },
      after: {
        electionTimeout: [
          { guard: 'mayElect', target: 'electing', actions: 'giveUpHandOver', meta: { rule: 'VR §4.2' } },
          { target: 'asking', reenter: true, actions: 'giveUpHandOver', meta: { rule: 'KIP-966' } },
        ],
      },
      on: { configured: { guard: { type: 'isInForce', params: message }, ...adopted } },
    },
    settling: {
      id: 'settling',
      on: {
        settled: [
          { guard: { type: 'isPassed', params: message } },
          { guard: 'mayLead', target: '#primary', meta: { rule: 'VR §4.2' } },
          { guard: 'isBarred', target: 'electing', meta: { rule: 'VR §4.3' } },
          { guard: 'hasPromised', target: 'asking', meta: { rule: 'VR §4.2' } },
          { guard: 'isInSync', target: '#backup', meta: { rule: 'KIP-966' } },
          { target: '#catching-up', meta: { rule: 'KIP-966' } },
        ],
      },
    },
    electing: {
      id: 'electing',
      entry: 'callElection',
      always: { guard: 'hasHeardAll', target: 'proposing', meta: { rule: 'VR §4.2' } },
      on: { promise: { actions: { type: 'notePromise', params: message }, meta: { rule: 'VR §4.2' } } },
      after: {
        gatherTimeout: [
          { guard: 'hasHeardEnough', target: 'proposing', meta: { rule: 'VR §4.2' } },
          { target: 'electing', reenter: true, meta: { rule: 'VR §4.2' } },
        ],
      },
    },
    proposing: repeating('proposing', 'proposePrimary', 'retryInterval'),
  },
  on: {
    configured: [{ guard: { type: 'isNews', params: message }, ...adopted }, {}],
    elect: [election[0], { actions: { type: 'promise', params: message }, meta: { rule: 'VR §4.2' } }],
    append: [outdated, {}],
    installSnapshot: [outdated, {}],
    propose: notPrimary,
    read: notPrimary,
    handOver: notHandingOver,
    compact: compaction,
    performed: transferInVain,
    appended: {},
    outdated: {},
    snapshotReply: {},
    promise: {},
    durable: {},
    settled: {},
    unreachable: {},
  },
});

/** The fenced replica by itself. */
export const fencedAlone = replica.createMachine({
  id: 'primary-backup-fenced',
  context: given,
  entry: 'begin',
  initial: 'fenced',
  states: {
    fenced,
    primary: { id: 'primary', type: 'final' },
    backup: { id: 'backup', type: 'final' },
    catchingUp: { id: 'catching-up', type: 'final' },
  },
});
