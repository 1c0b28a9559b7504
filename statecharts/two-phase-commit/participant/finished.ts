/** The branch has ended. For a while it still answers those who missed what it said. */

import { message } from '../../actor.ts';
import { participating } from './vocabulary.ts';

export const finished = participating.createStateConfig({
  tags: 'finished',
  initial: 'ended',
  after: { linger: 'gone' },
  states: {
    readOnly: {
      id: 'readOnly',
      on: {
        prepare: { actions: [{ type: 'adoptPoll', params: message }, 'voteReadOnly'] },
        decision: { actions: { type: 'acknowledgeReadOnly', params: message } },
        inquiry: {},
        'commit-one-phase': {},
        settle: {},
      },
    },
    ended: {
      id: 'finished',
      on: {
        prepare: { actions: 'voteNoAgain' },
        decision: { actions: { type: 'acknowledgeAgain', params: message } },
        inquiry: { actions: { type: 'answerPeer', params: message } },
        'commit-one-phase': { actions: { type: 'reportSettled', params: message } },
        settle: { actions: { type: 'reportSettled', params: message } },
      },
    },
  },
});
