/** An actor that waits for a word, and one that says it again and again. */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, defineModel, type Model } from '../../../src/checker.ts';
import {
  type Address,
  addressOf,
  type Delivered,
  defineActor,
  type EffectOf,
  fixed,
  named,
  rulesOf,
  send,
} from '../../../statecharts/actor.ts';

type Word = { readonly type: 'word' };
type Effect = EffectOf<{ message: Word }>;

const waiter = defineActor({
  name: 'waiter',
  chart: setup({
    types: {
      events: {} as Delivered<Word | { readonly type: 'stop' } | { readonly type: 'take'; readonly word: number }>,
    },
  }).createMachine({
    id: 'waiter',
    initial: 'waiting',
    states: {
      waiting: { on: { word: 'done', stop: 'done', take: 'done' } },
      done: { on: { word: {}, stop: {}, take: {} } },
    },
  }),
  messages: { word: v.object({}) },
  requests: { stop: v.object({}), take: v.object({ word: v.number() }) },
  input: (_recovered: undefined, _birth: { input: undefined }) => undefined,
});

interface Saying {
  readonly to: readonly Address[];
}
const { bind } = rulesOf<Saying, Delivered<Word>, Effect>();
const speaker = defineActor({
  name: 'speaker',
  chart: setup({
    types: {
      context: {} as Saying,
      events: {} as Delivered<Word>,
      emitted: {} as Effect,
      input: {} as Saying,
    },
    delays: named({ pause: fixed(10) }),
    ...bind({ say: ({ to }) => ({ effects: to.map((it) => send(it, { type: 'word' })) }) }),
  }).createMachine({
    id: 'speaker',
    context: ({ input }) => input,
    initial: 'saying',
    on: { word: {} },
    states: { saying: { after: { pause: { target: 'saying', reenter: true, actions: 'say' } } } },
  }),
  messages: { word: v.object({}) },
  delays: { pause: fixed(10) },
  input: (_recovered: undefined, { input }: { input: Saying }) => input,
});

export const first = actorOf(waiter, 'n1', { input: undefined });
export const second = actorOf(waiter, 'n2', { input: undefined });
const isDone = (it: typeof first) => (state: Parameters<NonNullable<Model['boundary']>>[0]) =>
  state.of(it).snapshot?.value === 'done';

/** A waiter to whom nothing is said. What it waits for comes true when it is done, or its node is down. */
export const silence = (options: Partial<Model>): Model =>
  defineModel<unknown>({
    name: 'silence',
    actors: [first],
    eventually: { 'down or done': { holds: (state) => state.of(first).life === 'down' || isDone(first)(state) } },
    ...options,
  });

/** Two waiters, and a speaker whose words a set holds until they are lost. */
export const speech = (options: Partial<Model>): Model =>
  defineModel<unknown>({
    name: 'speech',
    actors: [
      first,
      second,
      actorOf(speaker, 's', { input: { to: [addressOf('n1', 'waiter'), addressOf('n2', 'waiter')] } }),
    ],
    network: { kind: 'duplicating' },
    deliveries: 'changing',
    eventually: { 'the first is done': { holds: isDone(first) }, 'the second is done': { holds: isDone(second) } },
    ...options,
  });

/** Two waiters who are only asked. */
export const asked = (requests: Model['requests']): Model =>
  speech({ actors: [first, second], ...(requests === undefined ? {} : { requests }) });
