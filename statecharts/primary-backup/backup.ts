/**
 * The backup: a member of the in-sync set, which takes what its primary sends and holds it before it is acknowledged. When
 * its primary is not heard for an election timeout, it takes nothing more from it, and looks for the next one.
 */

import { message } from '../actor/rules.ts';
import {
  compaction,
  configured,
  election,
  laterEpoch,
  notForBackups,
  notHandingOver,
  notPrimary,
  outdated,
  replica,
  transferEnd,
} from './vocabulary.ts';

export const backup = replica.createStateConfig({
  id: 'backup',
  tags: 'backup',
  initial: 'listening',
  always: { guard: 'isNotInSync', target: '#catching-up', meta: { rule: 'KIP-966' } },
  states: {
    listening: { after: { electionTimeout: { target: '#electing', meta: { rule: 'VR §4.2' } } } },
  },
  on: {
    append: [
      laterEpoch,
      outdated,
      {
        target: '.listening',
        reenter: true,
        actions: { type: 'appendFromPrimary', params: message },
        meta: { rule: 'VR §4.1' },
      },
    ],
    installSnapshot: [
      laterEpoch,
      outdated,
      {
        target: '.listening',
        reenter: true,
        actions: { type: 'takeSnapshot', params: message },
        meta: { rule: 'VR §5.2' },
      },
    ],
    elect: election,
    configured,
    propose: notPrimary,
    read: notPrimary,
    handOver: notHandingOver,
    compact: compaction,
    performed: transferEnd,
    unreachable: {},
    ...notForBackups,
  },
});

/** The backup by itself. */
export const backupAlone = replica.createMachine({
  id: 'primary-backup-backup',
  context: ({ input }) => input,
  initial: 'backup',
  states: {
    backup,
    catchingUp: { id: 'catching-up', type: 'final' },
    fenced: { id: 'fenced', type: 'final' },
    electing: { id: 'electing', type: 'final' },
  },
});
