/**
 * A node that answers, trusted or recovered: its silence is noticed, then probed through others, and only then suspicious. That
 * nothing listens any more is suspicious at once.
 */

import { message } from '../../actor/rules.ts';
import { detecting } from './vocabulary.ts';

const stalledSilence = {
  guard: { type: 'isSilenceLate', params: message },
  target: 'fresh',
  reenter: true,
  actions: { type: 'discardSilence', params: message },
  meta: { rule: 'a stall is no silence' },
} as const;

export const answering = detecting.createStateConfig({
  initial: 'fresh',
  on: {
    suspicion: { actions: { type: 'disagree', params: message } },
    down: [
      {
        guard: { type: 'isRefusal', params: message },
        target: '#suspected',
        actions: { type: 'suspectRefused', params: message },
        meta: { rule: 'what is refused is no silence' },
      },
      {},
    ],
  },
  states: {
    fresh: {
      on: { stalled: { target: 'fresh', reenter: true } },
      after: {
        silence: [
          stalledSilence,
          { target: 'probing', actions: { type: 'probe', params: message }, meta: { rule: 'SWIM §3.1: ping-req' } },
        ],
      },
    },
    probing: {
      on: {
        stalled: 'fresh',
        relayed: {
          guard: { type: 'isOfProbe', params: message },
          actions: { type: 'noteRelayed', params: message },
          meta: { rule: 'Lifeguard §IV-A: nack' },
        },
        'indirect-ack': {
          guard: { type: 'isIndirectNews', params: message },
          target: 'fresh',
          actions: { type: 'hearIndirectly', params: message },
          meta: { rule: 'SWIM §3.1' },
        },
      },
      after: {
        probeTimeout: [
          {
            guard: { type: 'isWaitLate', params: message },
            target: 'fresh',
            actions: { type: 'discardWait', params: message },
            meta: { rule: 'a stall is no silence' },
          },
          {
            target: '#suspected',
            actions: { type: 'suspect', params: message },
            meta: { rule: 'SWIM §4.2: suspicion' },
          },
        ],
      },
    },
  },
});
