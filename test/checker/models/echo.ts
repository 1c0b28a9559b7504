/** Small actors for tests of the checker itself: a sender of numbered messages, and a listener that notes them. */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, defineModel, type Model } from '../../../src/checker.ts';
import type { Address } from '../../../statecharts/actor.ts';
import { addressOf, type Delivered, defineActor, type EffectOf, rulesOf, send } from '../../../statecharts/actor.ts';

type Note = { readonly type: 'note'; readonly number: number };
type Effect = EffectOf<{ message: Note }>;
interface Saying {
  readonly to: readonly Address[];
  readonly numbers: readonly number[];
}
const speaker = rulesOf<Saying, Delivered<Note>, Effect>();
const speakerChart = setup({
  types: { context: {} as Saying, events: {} as Delivered<Note>, emitted: {} as Effect, input: {} as Saying },
  ...speaker.bind({
    say: ({ to, numbers }) => ({
      effects: to.flatMap((address) => numbers.map((number) => send(address, { type: 'note', number }))),
    }),
  }),
}).createMachine({
  id: 'speaker',
  context: ({ input }) => input,
  initial: 'done',
  on: { note: {} },
  states: { done: { entry: 'say' } },
});
const speakerDefinition = defineActor({
  name: 'speaker',
  chart: speakerChart,
  messages: { note: v.object({ number: v.number() }) },
  input: (_recovered: undefined, { input }: { input: Saying }) => input,
});

interface Hearing {
  readonly heard: readonly number[];
}
const listener = rulesOf<Hearing, Delivered<Note>, Effect>();
const listenerOf = (note: (heard: readonly number[], number: number) => readonly number[]) => {
  const chart = setup({
    types: { context: {} as Hearing, events: {} as Delivered<Note>, emitted: {} as Effect },
    ...listener.bind({ note: ({ heard }, { number }: Note) => ({ context: { heard: note(heard, number) } }) }),
  }).createMachine({
    id: 'listener',
    context: { heard: [] },
    initial: 'hearing',
    states: { hearing: { on: { note: { actions: { type: 'note', params: ({ event }) => event } } } } },
  });
  return defineActor({
    name: 'listener',
    chart,
    messages: { note: v.object({ number: v.number() }) },
    input: (_recovered: undefined, _birth: { input: undefined }) => undefined,
  });
};

/** The listener that notes everything, in order. */
export const faithful = listenerOf((heard, number) => [...heard, number]);
/** Says the same thing twice running, differently: it is no pure function. */
export const impure = () => {
  let calls = 0;
  return listenerOf((heard) => {
    calls += 1;
    return [...heard, calls];
  });
};
/** Takes no notice of one number. */
export const deafTo = (ignored: number) =>
  listenerOf((heard, number) => (number === ignored ? heard : [...heard, number]));
/** Throws when it hears 2. */
export const fragile = listenerOf((heard, number) => {
  if (number === 2) throw new Error('two');
  return [...heard, number];
});

/** One speaker on `s` that says 1, 2, ... `count` to a listener on each of `nodes`. */
export function echo(
  count: number,
  network: Model['network'] = {},
  definition: typeof faithful = faithful,
  nodes: readonly string[] = ['l'],
): Model {
  const listeners = nodes.map((node) => actorOf(definition, node, { input: undefined }));
  const numbers = Array.from({ length: count }, (_number, index) => index + 1);
  return defineModel<unknown>({
    name: 'echo',
    actors: [
      actorOf(speakerDefinition, 's', { input: { to: nodes.map((node) => addressOf(node, 'listener')), numbers } }),
      ...listeners,
    ],
    network,
    sometimes: Object.fromEntries(
      [[1, 2], [2, 1], [1, 1], [2]].map((wanted) => [
        `hears ${wanted.join(' then ')}`,
        (state: Parameters<NonNullable<Model['boundary']>>[0]) =>
          listeners.some((it) => state.of(it).snapshot?.context.heard.join() === wanted.join()),
      ]),
    ),
  });
}
