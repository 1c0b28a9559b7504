/**
 * What answers fault detectors for a server, which knows nothing of them: each ping by asking the server whether it is there. That
 * nothing listens is told, too; of a server that is silent nothing is said. It asks once for all pings that have come until then, and anew for those that come
 * while it asks: an answer speaks for no moment before its question.
 */

import { setup } from 'xstate';
import { given } from '../actor/given.ts';
import {
  type Birth,
  type Delivered,
  defineActor,
  type EffectOf,
  message,
  type Performed,
  partsOf,
  type Ruling,
  rulesOf,
  send,
} from '../actor.ts';
import { probeName } from './addresses.ts';
import {
  type FaultDetectorMessage,
  type HeartbeatMessage,
  heartbeatMessages,
  heartbeatSenders,
} from './detector/messages.ts';

type Ping = Delivered<HeartbeatMessage>;

export interface ProbeContext {
  /** By which the node reaches the server; what it is asked is answered by `answers`, or whatever else it found. */
  readonly resource: string;
  /** How long the server may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The number of the question. */
  readonly question: number;
  /** Whose pings the question under way will answer. */
  readonly asking: readonly Ping[];
  /** And those that have come since. */
  readonly waiting: readonly Ping[];
}

/** What a probe is begun with. */
export interface ProbeBegin {
  /** Default the key of the probe's address, `group.server`. */
  readonly resource?: string;
  /** Default 1,000. */
  readonly timeoutMs?: number;
}

/** So many pings wait; a detector whose ping is not among them asks again. */
const maxWaiting = 64;

/** A server has no lives that detectors tell apart: a restart is seen by its incarnation. */
const life = 1;

type Event = Delivered<HeartbeatMessage | Performed>;
type Effect = EffectOf<{
  message: Extract<FaultDetectorMessage, { type: 'ack' | 'down' }>;
  operation: { readonly type: 'probe' };
}>;
type Answer = Ruling<ProbeContext, Effect>;

export const probeRules = {
  keep: ({ waiting }: ProbeContext, ping: Ping): Answer => ({ context: { waiting: [...waiting, ping] } }),

  ask: ({ question, waiting, resource, timeoutMs }: ProbeContext): Answer => ({
    context: { question: question + 1, asking: waiting, waiting: [] },
    effects: [
      { type: 'perform', id: `probe/${question + 1}`, resource, operation: { type: 'probe' }, deadlineMs: timeoutMs },
    ],
  }),

  answer: ({ asking }: ProbeContext, { result }: Delivered<Performed>): Answer => ({
    context: { asking: [] },
    effects: asking.flatMap(({ from, watch, sequence, relayedFor }): readonly Effect[] => {
      const found = result.type === 'done' ? result.value : 'silent';
      if (found === 'answers') return [send(from, { type: 'ack', watch, sequence, life, relayedFor })];
      return found === 'refused' ? [send(from, { type: 'down', watch, sequence, relayedFor })] : [];
    }),
  }),

  hasRoom: ({ waiting }: ProbeContext): boolean => waiting.length < maxWaiting,
  isAsked: ({ waiting }: ProbeContext): boolean => waiting.length > 0,
};

/** The rules of a probe; a proof replaces one of them to show that it would be missed. */
export type ProbeRules = typeof probeRules;

const { bind } = rulesOf<ProbeContext, Event, Effect>();
const keep = {
  guard: { type: 'hasRoom' },
  actions: { type: 'keep', params: message },
  meta: { rule: 'SWIM §3.1: ping' },
} as const;

/** The chart of a probe. */
export const probeChart = setup({
  types: {
    context: {} as ProbeContext,
    events: {} as Event,
    emitted: {} as Effect,
    input: {} as ProbeContext,
    tags: {} as 'idle' | 'asking',
    transitionMeta: {} as { rule: string },
  },
  ...bind(probeRules),
}).createMachine({
  id: 'probe',
  context: given,
  initial: 'idle',
  on: { ping: [keep, {}] },
  states: {
    idle: {
      tags: 'idle',
      on: { performed: {} },
      always: { guard: 'isAsked', target: 'asking' },
    },
    asking: {
      tags: 'asking',
      entry: 'ask',
      on: {
        performed: { target: 'idle', actions: { type: 'answer', params: message }, meta: { rule: 'SWIM §3.1: ack' } },
      },
    },
  },
});

/** Defines the actor. Other rules than the true ones are for proofs that a fault would be found. */
export const defineProbe = (rules: ProbeRules = probeRules) =>
  defineActor({
    name: probeName,
    chart: probeChart.provide(bind(rules)),
    messages: heartbeatMessages,
    senders: heartbeatSenders,
    performs: true,
    input: (_recovered: undefined, { self, input }: Birth<ProbeBegin>) => ({
      resource: input.resource ?? partsOf(self).key,
      timeoutMs: input.timeoutMs ?? 1_000,
      question: 0,
      asking: [],
      waiting: [],
    }),
  });

/** What answers detectors for a server; the key of its address is `group.server`. */
export const probe = defineProbe();
