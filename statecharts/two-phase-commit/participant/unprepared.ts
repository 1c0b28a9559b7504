/** Before the vote: the branch is at work or being prepared, and may abort by itself at any time (Gray & Reuter §10.4). */

import { message } from '../../actor.ts';
import { participating, to } from './vocabulary.ts';

export const unprepared = participating.createStateConfig({
  tags: 'working',
  initial: 'working',
  on: {
    abort: {
      target: '#rollingBack',
      actions: { type: 'voteNo', params: ({ event }) => ({ reason: event.reason }) },
    },
    decision: [
      {
        guard: { type: 'saysAborted', params: message },
        target: '#rollingBack',
        actions: { type: 'learn', params: message },
      },
      {},
    ],
    // The peer is answered when it asks again and the branch is gone for good.
    inquiry: {
      target: '#rollingBack',
      actions: { type: 'voteNo', params: { reason: 'a peer is in doubt' } },
      meta: { rule: 'Bernstein et al. §7.4: who has not voted yes may abort' },
    },
  },
  states: {
    working: {
      id: 'working',
      on: {
        prepare: { target: 'preparing', actions: { type: 'adoptPrepare', params: message } },
        'commit-one-phase': {
          target: '#committingOnePhase',
          actions: { type: 'adoptOnePhase', params: message },
          meta: { rule: 'Gray & Reuter ch. 11: the last resource commits in one phase' },
        },
        settle: { target: '#settling', actions: { type: 'adoptSettle', params: message } },
      },
      after: {
        idleTimeout: {
          target: '#rollingBack',
          actions: { type: 'voteNo', params: { reason: 'the coordinator is silent' } },
          meta: { rule: 'Gray & Reuter §10.4: unilateral abort' },
        },
      },
    },
    preparing: {
      entry: 'prepare',
      on: {
        prepare: {},
        'commit-one-phase': {},
        settle: {},
        performed: [
          {
            guard: { type: 'isPrepared', params: message },
            target: '#inDoubt',
            actions: { type: 'voteYes', params: message },
            meta: { rule: 'Gray & Reuter §10.4: a yes is durable' },
          },
          {
            guard: { type: 'isReadOnly', params: message },
            target: '#readOnly',
            actions: ['voteReadOnly', 'finishReadOnly'],
            meta: { rule: 'Mohan et al. §3: read-only' },
          },
          {
            guard: { type: 'isRefused', params: to('prepare') },
            target: '#finished',
            actions: { type: 'finishRefused', params: message },
          },
          {
            guard: { type: 'isAnswer', params: to('prepare') },
            target: '#rollingBack',
            actions: { type: 'voteNo', params: { reason: 'whether it is prepared is unknown' } },
            meta: { rule: 'Gray & Reuter §10.4: unilateral abort' },
          },
        ],
      },
    },
  },
});
