/** Between its yes and the decision, a participant neither commits nor aborts, however long it takes. */

import { every, message } from '../../actor.ts';
import { participating } from './vocabulary.ts';

export const inDoubt = participating.createStateConfig({
  id: 'inDoubt',
  tags: 'in-doubt',
  on: {
    prepare: [{ guard: 'mayVoteAgain', actions: [{ type: 'adoptPoll', params: message }, 'voteAgain'] }, {}],
    decision: { actions: { type: 'learn', params: message } },
    inquiry: {},
    'commit-one-phase': {},
    settle: {},
  },
  always: [
    { guard: 'learnedCommit', target: '#committing', meta: { rule: 'Gray & Reuter §10.4: phase two' } },
    { guard: 'learnedAbort', target: '#rollingBack', meta: { rule: 'Gray & Reuter §10.4: phase two' } },
  ],
  initial: 'relying',
  states: {
    // A coordinator that lives may be waiting for a slower vote, and a peer that is asked before its vote gives up.
    relying: {
      ...every('inquiryInterval', 'inquire', 'Gray & Reuter §10.4: in doubt, ask the coordinator'),
      on: {
        unreachable: {
          guard: { type: 'concernsCoordinator', params: message },
          target: 'cooperating',
          actions: 'inquireEverywhere',
        },
      },
      after: { peerInquiryDelay: { target: 'cooperating', actions: 'inquireEverywhere' } },
    },
    cooperating: {
      after: {
        inquiryInterval: {
          target: 'cooperating',
          reenter: true,
          actions: 'inquireEverywhere',
          meta: { rule: 'Bernstein et al. §7.4: cooperative termination' },
        },
      },
    },
  },
});
