/** A system that is small enough to be worked out by hand: one asks three times at most, each time for an answer. */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, defineModel } from '../../src/checker.ts';
import {
  type Address,
  addressOf,
  type Birth,
  type Delivered,
  defineActor,
  deliver,
  type EffectOf,
  fixed,
  message,
  named,
  type Ruling,
  rulesOf,
  send,
} from '../../statecharts/actor.ts';

type Answer = { readonly type: 'answer' };
type Ask = { readonly type: 'ask' };
type Outcome = { readonly type: 'answered' | 'gaveUp' };
interface Asking {
  readonly to: Address;
  readonly asked: number;
}
type AskingEffect = EffectOf<{ message: Ask; output: Outcome }>;
type AnsweringEffect = EffectOf<{ message: Answer }>;

const delays = { patience: fixed(1) };
const asking = rulesOf<Asking, Delivered<Answer>, AskingEffect>();
const answering = rulesOf<object, Delivered<Ask>, AnsweringEffect>();

const asker = defineActor({
  name: 'asker',
  chart: setup({
    types: {
      context: {} as Asking,
      events: {} as Delivered<Answer>,
      emitted: {} as AskingEffect,
      input: {} as Asking,
    },
    delays: named(delays),
    ...asking.bind({
      ask: ({ to, asked }): Ruling<Asking, AskingEffect> => ({
        context: { asked: asked + 1 },
        effects: [send(to, { type: 'ask' })],
      }),
      hear: (): Ruling<Asking, AskingEffect> => ({ effects: [deliver({ type: 'answered' })] }),
      giveUp: (): Ruling<Asking, AskingEffect> => ({ effects: [deliver({ type: 'gaveUp' })] }),
      mayAsk: ({ asked }): boolean => asked < 3,
    }),
  }).createMachine({
    id: 'asker',
    context: ({ input }) => input,
    initial: 'asking',
    states: {
      asking: {
        entry: 'ask',
        on: { answer: { target: 'over', actions: 'hear' } },
        after: {
          patience: [
            { guard: 'mayAsk', target: 'asking', reenter: true },
            { target: 'over', actions: 'giveUp' },
          ],
        },
      },
      over: { on: { answer: {} } },
    },
  }),
  messages: { answer: v.object({}) },
  delays,
  input: (_recovered: undefined, { input }: Birth<Pick<Asking, 'to'>>): Asking => ({ ...input, asked: 0 }),
});

const answerer = defineActor({
  name: 'answerer',
  chart: setup({
    types: { context: {} as object, events: {} as Delivered<Ask>, emitted: {} as AnsweringEffect },
    ...answering.bind({
      answer: (_context, { from }: Delivered<Ask>): Ruling<object, AnsweringEffect> => ({
        effects: [send(from, { type: 'answer' })],
      }),
    }),
  }).createMachine({
    id: 'answerer',
    context: {},
    on: { ask: { actions: { type: 'answer', params: message } } },
  }),
  messages: { ask: v.object({}) },
  input: (_recovered: undefined, _birth: Birth<undefined>) => undefined,
});

/** @param node where the one lives that answers; the other one lives on a */
export const askingOf = (node: string) =>
  defineModel<readonly Outcome['type'][]>({
    name: 'asking',
    actors: [
      actorOf(asker, 'a', { input: { to: addressOf(node, 'answerer') } }),
      actorOf(answerer, node, { input: undefined }),
    ],
    history: {
      start: [],
      observe: (history, happening) => {
        if (happening.type !== 'delivered') return history;
        const { type } = happening.output;
        return type === 'answered' || type === 'gaveUp' ? [...history, type] : history;
      },
    },
  });

export const askingModel = askingOf('b');
