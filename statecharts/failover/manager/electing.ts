/** Another primary is looked for: who could confirm writes to the old one is fenced, and one is chosen among them. */

import { message } from '../../actor.ts';
import { adopt, isChosen, judge, leadsTo, maintain, managing, notNow, ofTerm, see, seeFailing } from './vocabulary.ts';

const heard = {
  stands: { guard: ofTerm, actions: see, meta: { rule: 'Paxos 1b' } },
  fails: { guard: ofTerm, actions: seeFailing },
  judged: { actions: judge },
} as const;

const chosen = { guard: 'mayChoose', target: '#choosing', meta: { rule: 'Paxos 2a: of the farthest' } } as const;
const held = leadsTo('manual', '#manual', 'flaps, and maintenance, are for the operator');

export const fencing = managing.createStateConfig({
  id: 'fencing',
  on: { ...heard, recorded: [held], switchover: notNow, maintain: notNow, resume: notNow, allowLoss: notNow },
  initial: 'beginning',
  states: {
    beginning: {
      tags: 'fencing',
      always: [{ guard: 'isPlanned', target: 'stopping', meta: { rule: 'VR §4.2: planned' } }, { target: 'gathering' }],
    },
    stopping: {
      tags: 'fencing',
      entry: 'stopPrimary',
      // The others are looked at again once it is known where the primary has stopped.
      on: { stands: { guard: ofTerm, actions: [see, 'steerAll'], meta: { rule: 'VR §4.2: planned' } } },
      always: { guard: 'isTargetThere', target: 'gathering', meta: { rule: 'VR §4.2: planned' } },
      after: { catchUpTimeout: { target: 'gathering', meta: { rule: 'VR §4.2: planned' } } },
    },
    gathering: {
      tags: 'fencing',
      entry: 'gather',
      always: { guard: 'hasHeardAll', target: 'choosing', meta: { rule: 'Paxos 2a: of the farthest' } },
      after: {
        gatherTimeout: [
          chosen,
          { guard: 'isEpochRecorded', target: '#degraded', meta: { rule: 'without a quorum nothing is chosen' } },
          { target: 'gathering', reenter: true },
        ],
      },
    },
    choosing: {
      id: 'choosing',
      tags: 'choosing',
      entry: 'choose',
      on: { recorded: [isChosen('#promoting', 'Paxos 2a: of the farthest'), held] },
    },
  },
});

/** The same with too few who could tell: whoever comes back is fenced, and may be enough. */
export const degraded = managing.createStateConfig({
  id: 'degraded',
  tags: 'degraded',
  entry: ['gather', 'wantDegraded', 'sound'],
  always: chosen,
  on: {
    ...heard,
    recorded: { guard: { type: 'isOwnChange', params: message }, actions: [adopt, 'sound'] },
    switchover: notNow,
    maintain,
    resume: notNow,
    allowLoss: { actions: { type: 'allowLoss', params: message } },
  },
});

const failed = {
  target: '#fencing',
  actions: ['spend', 'wantElection'],
  meta: { rule: 'Paxos 1a: a greater epoch' },
} as const;

/** The candidate is recorded, and told. */
export const promoting = managing.createStateConfig({
  id: 'promoting',
  tags: 'promoting',
  entry: ['steerAll', 'sound'],
  always: { guard: 'hasCandidateFailed', ...failed },
  after: { promoteTimeout: failed },
  on: {
    ...heard,
    stands: [
      {
        guard: { type: 'isPromoted', params: message },
        actions: [see, { type: 'notePromoted', params: message }],
        meta: { rule: 'Vertical Paxos §4: activation' },
      },
      heard.stands,
    ],
    recorded: [leadsTo('redirecting', '#redirecting', 'Vertical Paxos §4: activation'), held],
    switchover: notNow,
    maintain,
    resume: notNow,
    allowLoss: notNow,
  },
});
