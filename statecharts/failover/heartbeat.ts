/**
 * What answers fault detectors on a node that is watched: each ping at once, with the number of the node's life. The number
 * is durable before the first answer leaves, so that an answer of an earlier life is known as such for ever.
 */

import { setup } from 'xstate';
import { given } from '../actor/given.ts';
import {
  type Birth,
  checkpoint,
  type Delivered,
  defineActor,
  type EffectOf,
  message,
  type Ruling,
  recordsOf,
  rulesOf,
  send,
} from '../actor.ts';
import { heartbeatName } from './addresses.ts';
import {
  type FaultDetectorMessage,
  type HeartbeatMessage,
  heartbeatMessages,
  heartbeatSenders,
  type LifeRecord,
  lifeRecords,
} from './detector/messages.ts';

export interface HeartbeatContext {
  /** The number of this life of the node. */
  readonly life: number;
}

type Event = Delivered<HeartbeatMessage>;
type Effect = EffectOf<{ message: Extract<FaultDetectorMessage, { type: 'ack' }>; record: LifeRecord }>;
type Answer = Ruling<HeartbeatContext, Effect>;

export const heartbeatRules = {
  beginLife: ({ life }: HeartbeatContext): Answer => ({ effects: [checkpoint({ type: 'life', number: life })] }),

  answer: ({ life }: HeartbeatContext, { from, watch, sequence, relayedFor }: Event): Answer => ({
    effects: [send(from, { type: 'ack', watch, sequence, life, relayedFor })],
  }),
};

/** The rules of what answers; a proof replaces one of them to show that it would be missed. */
export type HeartbeatRules = typeof heartbeatRules;

const { bind } = rulesOf<HeartbeatContext, Event, Effect>();

/** The chart of what answers. */
export const heartbeatChart = setup({
  types: {
    context: {} as HeartbeatContext,
    events: {} as Event,
    emitted: {} as Effect,
    input: {} as HeartbeatContext,
    tags: {} as 'beating',
    transitionMeta: {} as { rule: string },
  },
  ...bind(heartbeatRules),
}).createMachine({
  id: 'heartbeat',
  context: given,
  initial: 'beating',
  states: {
    beating: {
      tags: 'beating',
      entry: 'beginLife',
      on: { ping: { actions: { type: 'answer', params: message }, meta: { rule: 'SWIM §3.1: ack' } } },
    },
  },
});

/** What a later life of an actor remembers: how many there were. */
export const livesRecords = recordsOf({
  version: 1,
  types: lifeRecords,
  start: { lives: 0 },
  step: (_before: { readonly lives: number }, { number }) => ({ lives: number }),
});

/** Defines the actor. Other rules than the true ones are for proofs that a fault would be found. */
export const defineHeartbeat = (rules: HeartbeatRules = heartbeatRules) =>
  defineActor({
    name: heartbeatName,
    chart: heartbeatChart.provide(bind(rules)),
    messages: heartbeatMessages,
    senders: heartbeatSenders,
    records: livesRecords,
    input: ({ lives }: { readonly lives: number }, _birth: Birth<Readonly<Record<never, never>>>) => ({
      life: lives + 1,
    }),
    view: ({ context }) => context,
  });

/** What answers fault detectors; a node has one, without a key. */
export const heartbeat = defineHeartbeat();
