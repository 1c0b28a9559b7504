/**
 * A coordinator without memory, born of a participant's inquiry: what it answers depends on where the decision was to be
 * made, which the one who asks knows.
 */

import { message, repeating } from '../../actor.ts';
import { coordinating, fromAcceptors, to } from './vocabulary.ts';

export const presuming = coordinating.createStateConfig({
  id: 'presuming',
  tags: 'presuming',
  initial: 'listening',
  on: {
    inquiry: { actions: { type: 'remember', params: message } },
    // Who asked is answered when it asks again.
    'take-over': { guard: 'keepsRegister', target: '#claiming', actions: { type: 'beginTakeOver', params: message } },
    vote: {},
    acknowledgement: {},
    settled: {},
    ...fromAcceptors,
    reminder: [
      {
        guard: { type: 'asksForAcceptors', params: message },
        target: '#leading',
        actions: { type: 'beginToLead', params: message },
        meta: { rule: 'Gray & Lamport §4.2: a new leader' },
      },
      {},
    ],
  },
  states: {
    listening: {
      on: {
        inquiry: [
          {
            guard: { type: 'mayPresume', params: message },
            target: '#finished',
            actions: { type: 'presume', params: message },
            meta: { rule: 'Mohan et al. §3: presumed abort' },
          },
          {
            guard: { type: 'asksForBranch', params: message },
            target: 'settling',
            actions: { type: 'remember', params: message },
          },
          {
            guard: { type: 'asksForRegister', params: message },
            target: 'reading',
            actions: { type: 'remember', params: message },
          },
          {
            guard: { type: 'asksForAcceptors', params: message },
            target: '#leading',
            actions: { type: 'remember', params: message },
            meta: { rule: 'Gray & Lamport §4.2: a new leader' },
          },
          { target: '#finished' },
        ],
      },
    },
    settling: {
      ...repeating('settling', 'settle', 'settleRetryInterval'),
      on: { settled: { target: '#finished', actions: { type: 'answerAskers', params: message } } },
    },
    reading: {
      entry: 'readDecision',
      on: {
        performed: [
          {
            guard: { type: 'isDecided', params: to('read-decision') },
            target: '#finished',
            actions: { type: 'answerAskersFromRegister', params: message },
          },
          { guard: { type: 'isAnswer', params: to('read-decision') }, target: '#finished' },
        ],
      },
    },
  },
});
