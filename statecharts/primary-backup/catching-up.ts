/**
 * The replica that catches up: it is sent the log, or a snapshot, as a backup is, and nothing waits for it. Once it holds
 * what the primary does, the authority records it as in sync. What an earlier epoch has left in its log it discards.
 */

import { given } from '../actor/given.ts';
import { replica, sentTheLog } from './vocabulary.ts';

export const catchingUp = replica.createStateConfig({
  id: 'catching-up',
  tags: 'catching-up',
  initial: 'listening',
  always: { guard: 'isInSync', target: '#backup', meta: { rule: 'KIP-966' } },
  states: {
    // Who is not in sync does not look for a primary: it asks what it may have missed.
    listening: { after: { electionTimeout: { target: '#fenced', meta: { rule: 'KIP-966' } } } },
  },
  on: sentTheLog('VR §4.3'),
});

/** The replica that catches up by itself. */
export const catchingUpAlone = replica.createMachine({
  id: 'primary-backup-catching-up',
  context: given,
  initial: 'catchingUp',
  states: {
    catchingUp,
    backup: { id: 'backup', type: 'final' },
    fenced: { id: 'fenced', type: 'final' },
  },
});
