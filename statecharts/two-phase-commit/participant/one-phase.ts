/** The last resource: the commit of this branch is the decision; what became of it is found out, never guessed. */

import { message } from '../../actor.ts';
import { askingResource, participating, to } from './vocabulary.ts';

const settling = participating.createStateConfig({
  id: 'settling',
  ...askingResource('findOutcome', 'end-one-phase', [
    {
      guard: { type: 'isSettled', params: message },
      target: '#finished',
      actions: { type: 'finishSettled', params: message },
    },
  ]),
});

export const deciding = participating.createStateConfig({
  tags: 'deciding',
  on: { prepare: {}, decision: {}, inquiry: {}, 'commit-one-phase': {}, settle: {} },
  initial: 'committingOnePhase',
  states: {
    committingOnePhase: {
      id: 'committingOnePhase',
      entry: 'commitOnePhase',
      on: {
        performed: [
          {
            guard: { type: 'isDone', params: to('commit-one-phase') },
            target: '#finished',
            actions: 'finishCommitted',
          },
          {
            guard: { type: 'isRefused', params: to('commit-one-phase') },
            target: '#finished',
            actions: { type: 'finishOnePhaseRefused', params: message },
          },
          { guard: { type: 'isAnswer', params: to('commit-one-phase') }, target: 'settling' },
        ],
      },
    },
    settling,
  },
});
