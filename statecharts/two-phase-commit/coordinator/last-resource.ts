/** A decision that is the commit of one branch, in one phase, after the votes of all others (Gray & Reuter ch. 11). */

import { message, repeating } from '../../actor.ts';
import { coordinating } from './vocabulary.ts';

export const delegating = coordinating.createStateConfig({
  ...repeating('delegating', 'delegate', 'settleRetryInterval'),
  on: {
    settled: [
      {
        guard: { type: 'saysCommitted', params: message },
        target: '#committing',
        actions: { type: 'adoptSettlement', params: message },
      },
      { target: '#aborting', actions: { type: 'adoptSettlement', params: message } },
    ],
  },
});
