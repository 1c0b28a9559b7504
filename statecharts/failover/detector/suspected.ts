/**
 * A node that is suspected: it may refute that for a while, the shorter the more other detectors suspect it, too; and it
 * is confirmed dead afterwards, when a quorum of them does.
 */

import { every, message } from '../../actor.ts';
import { detecting } from './vocabulary.ts';

export const suspected = detecting.createStateConfig({
  id: 'suspected',
  tags: 'suspected',
  type: 'parallel',
  on: {
    suspicion: { actions: { type: 'agree', params: message } },
    ack: {
      guard: { type: 'isRefutation', params: message },
      target: 'trusted',
      actions: [
        { type: 'trust', params: message },
        { type: 'hear', params: message },
      ],
      meta: { rule: 'SWIM §4.2: alive' },
    },
    'indirect-ack': {
      guard: { type: 'isIndirectNews', params: message },
      target: 'trusted',
      actions: [
        { type: 'trust', params: message },
        { type: 'hearIndirectly', params: message },
      ],
      meta: { rule: 'SWIM §4.2: alive' },
    },
  },
  states: {
    asking: every('askAgain', 'askOthers', 'ask until a quorum has answered'),
    standing: {
      initial: 'refutable',
      on: {
        opinion: {
          guard: { type: 'isDisagreement', params: message },
          actions: { type: 'noteTrusting', params: message },
        },
      },
      states: {
        refutable: {
          on: {
            stalled: { target: 'refutable', reenter: true, actions: { type: 'extend', params: message } },
            opinion: {
              guard: { type: 'isAgreement', params: message },
              target: 'refutable',
              reenter: true,
              actions: { type: 'noteSuspecting', params: message },
              meta: { rule: 'Lifeguard §IV-B: confirmations shorten a suspicion' },
            },
          },
          after: {
            suspicionTimeout: [
              {
                guard: { type: 'isWaitLate', params: message },
                target: 'refutable',
                reenter: true,
                actions: [
                  { type: 'discardWait', params: message },
                  { type: 'extend', params: message },
                ],
                meta: { rule: 'a stall is no silence' },
              },
              { target: 'unrefuted' },
            ],
          },
        },
        unrefuted: {
          on: {
            opinion: {
              guard: { type: 'isAgreement', params: message },
              actions: { type: 'noteSuspecting', params: message },
            },
          },
          always: {
            guard: 'isConfirmed',
            target: '#confirmed',
            actions: { type: 'confirm', params: message },
            meta: { rule: 'a quorum confirms' },
          },
        },
      },
    },
  },
});
