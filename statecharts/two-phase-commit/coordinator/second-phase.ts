/** The second phase: the decision is told until every branch has it, and then only remembered. */

import { and } from 'xstate';
import { message, repeating } from '../../actor.ts';
import { ending } from './register.ts';
import { coordinating, fromAcceptors } from './vocabulary.ts';

/** Phase two of a commit and of an abort alike. */
const telling = {
  initial: 'telling',
  always: [
    { guard: and(['allAcknowledged', 'isRegistered']), target: 'ending' },
    { guard: 'allAcknowledged', target: 'retained', actions: 'end', meta: { rule: 'Mohan et al. §2: end' } },
  ],
  states: { telling: repeating('telling', 'announce', 'decisionRetryInterval') },
} as const;

export const decided = coordinating.createStateConfig({
  tags: 'decided',
  initial: 'retained',
  on: {
    inquiry: { actions: { type: 'answer', params: message } },
    vote: { actions: { type: 'answerVote', params: message } },
    acknowledgement: { actions: { type: 'countAcknowledgement', params: message } },
    settled: {},
    ...fromAcceptors,
    reminder: {},
  },
  states: {
    committing: { id: 'committing', ...telling },
    aborting: { id: 'aborting', ...telling },
    ending,
    retained: {
      id: 'retained',
      on: { reminder: { actions: { type: 'tellEnd', params: message } } },
      after: { retention: '#finished' },
    },
  },
});
