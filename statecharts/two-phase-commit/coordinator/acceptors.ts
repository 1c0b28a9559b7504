/**
 * A decision that acceptors keep (Gray & Lamport 2006, §4): at ballot 0 the participants propose their own votes, and the
 * coordinator only learns; at a later ballot it leads, whether it lost patience or has taken the place of a dead one.
 */

import { message, repeating } from '../../actor.ts';
import { absent, changedMind, coordinating, voteMissing } from './vocabulary.ts';

/** Another leader has told an acceptor how it ended. */
const remembered = {
  target: '#informed',
  actions: { type: 'adoptMemory', params: message },
} as const;

/** Ballot 0. */
export const polling = coordinating.createStateConfig({
  initial: 'asking',
  on: {
    vote: { actions: { type: 'countVote', params: message } },
    'phase-2b': { actions: { type: 'countAcceptance', params: message } },
    outvoted: {
      guard: { type: 'isOutvoted', params: message },
      target: '#pausing',
      actions: { type: 'noteLater', params: message },
    },
    remembered,
    unreachable: absent,
    abort: changedMind,
  },
  always: [
    { guard: 'intendsAbort', target: 'givingUp', meta: { rule: 'Gray & Lamport §4.2: one no aborts' } },
    {
      guard: 'isChosen',
      target: 'informed',
      actions: 'adoptVotes',
      meta: { rule: 'Gray & Lamport §4.2: all instances chosen as prepared commit' },
    },
  ],
  after: { voteTimeout: voteMissing },
  states: { asking: repeating('asking', 'poll', 'voteRetryInterval') },
});

/** Ballots after 0. */
export const leading = coordinating.createStateConfig({
  id: 'leading',
  initial: 'preparing',
  on: {
    'phase-1b': { actions: { type: 'countPromise', params: message } },
    outvoted: {
      guard: { type: 'isOutvoted', params: message },
      target: '.pausing',
      actions: { type: 'noteLater', params: message },
    },
    remembered,
  },
  states: {
    preparing: {
      entry: 'lead',
      initial: 'asking',
      always: { guard: 'isFollowed', target: 'proposing', meta: { rule: 'Gray & Lamport §4.1: phase 2a' } },
      states: { asking: repeating('asking', 'askPromises', 'leadRetryInterval') },
    },
    proposing: {
      entry: 'choose',
      initial: 'asking',
      on: { 'phase-1b': {}, 'phase-2b': { actions: { type: 'countAcceptance', params: message } } },
      always: {
        guard: 'isFollowed',
        target: '#informed',
        actions: 'adoptProposal',
        meta: { rule: 'Gray & Lamport §4.1: phase 3' },
      },
      states: { asking: repeating('asking', 'propose', 'leadRetryInterval') },
    },
    // So that two leaders do not outvote each other for ever.
    pausing: { id: 'pausing', after: { leadPause: 'preparing' } },
  },
});
