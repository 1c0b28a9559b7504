/**
 * The backup: a member of the in-sync set, which takes what its primary sends and holds it before it is acknowledged. When
 * its primary is not heard for an election timeout, it takes nothing more from it, and looks for the next one.
 */

import { given } from '../actor/given.ts';
import { replica, sentTheLog } from './vocabulary.ts';

export const backup = replica.createStateConfig({
  id: 'backup',
  tags: 'backup',
  initial: 'listening',
  always: { guard: 'isNotInSync', target: '#catching-up', meta: { rule: 'KIP-966' } },
  states: {
    listening: { after: { electionTimeout: { target: '#electing', meta: { rule: 'VR §4.2' } } } },
  },
  on: sentTheLog('VR §4.1'),
});

/** The backup by itself. */
export const backupAlone = replica.createMachine({
  id: 'primary-backup-backup',
  context: given,
  initial: 'backup',
  states: {
    backup,
    catchingUp: { id: 'catching-up', type: 'final' },
    fenced: { id: 'fenced', type: 'final' },
    electing: { id: 'electing', type: 'final' },
  },
});
