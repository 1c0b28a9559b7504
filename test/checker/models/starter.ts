/**
 * An actor that says how it came to life: by its application, by a message, or by its records. Its application, on node
 * `n`, starts it once; a client on `c` may wake it.
 */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, bornOfMessage, defineModel, type Model, type ModelActor, startedOnce } from '../../../src/checker.ts';
import {
  addressOf,
  type Delivered,
  defineActor,
  deliver,
  type EffectOf,
  fixed,
  named,
  persist,
  recordsOf,
  rulesOf,
  send,
} from '../../../statecharts/actor.ts';

type Birth = 'begun' | 'begun again' | 'woken' | 'recovered';
interface Living {
  readonly birth: Birth;
}
type Wake = { readonly type: 'wake' };
type Effect = EffectOf<{
  message: Wake;
  record: { readonly type: 'lived' };
  output: { readonly type: Birth };
}>;
const { bind } = rulesOf<Living, Delivered<Wake>, Effect>();

const starter = defineActor({
  name: 'starter',
  chart: setup({
    types: { context: {} as Living, events: {} as Delivered<Wake>, emitted: {} as Effect, input: {} as Living },
    ...bind({
      tell: ({ birth }) => ({ effects: [deliver({ type: birth }), persist({ type: 'lived' })] }),
    }),
  }).createMachine({
    id: 'starter',
    context: ({ input }) => input,
    initial: 'living',
    states: { living: { entry: 'tell', on: { wake: {} } } },
  }),
  messages: { wake: v.object({}) },
  records: recordsOf({ version: 1, types: { lived: v.object({}) }, start: 0, step: () => 1 }),
  input: (_recovered: number, { input }: { input: Birth }): Living => ({ birth: input }),
  bornOfMessage: (): Birth => 'woken',
  bornOfRecords: (): Birth => 'recovered',
});

const { bind: bindClient } = rulesOf<object, Delivered<Wake>, Effect>();
const client = defineActor({
  name: 'client',
  chart: setup({
    types: { context: {}, events: {} as Delivered<Wake>, emitted: {} as Effect, input: {} },
    delays: named({ interval: fixed(10) }),
    ...bindClient({ wake: () => ({ effects: [send(addressOf('n', 'starter', ''), { type: 'wake' })] }) }),
  }).createMachine({
    id: 'client',
    context: {},
    initial: 'waiting',
    on: { wake: {} },
    states: { waiting: { after: { interval: { target: 'waiting', reenter: true, actions: 'wake' } } } },
  }),
  messages: { wake: v.object({}) },
  delays: { interval: fixed(10) },
  input: (_recovered: undefined, _birth: { input: undefined }) => ({}),
});

/** How the model places the actor on its node. */
export const placements = {
  always: actorOf(starter, 'n', { input: 'begun' }),
  once: startedOnce(starter, 'n', { input: 'begun' }),
  'once, and again': startedOnce(starter, 'n', { input: 'begun', later: 'begun again' }),
  'by a message': bornOfMessage(starter, 'n'),
} as const satisfies Readonly<Record<string, ModelActor>>;

export interface Births {
  /** What the application was told in the present life of the node. */
  readonly births: readonly string[];
  readonly crashes: number;
}

/**
 * One crash of the actor's node, and the history of births.
 *
 * @param wakes how often the client may send a message
 */
export const births = (placement: keyof typeof placements, wakes: number, goals: readonly string[]): Model<Births> => {
  const start: Births = { births: [], crashes: 0 };
  const actor = placements[placement];
  return defineModel<Births>({
    name: 'births',
    actors: [actor, actorOf(client, 'c', { input: undefined })],
    timers: { interval: wakes },
    crashes: { times: 1, nodes: ['n'] },
    history: {
      start,
      observe(history, it) {
        if (it.type === 'crashed') return { births: [], crashes: history.crashes + 1 };
        if (it.type !== 'delivered') return history;
        return { ...history, births: [...history.births, it.output.type] };
      },
    },
    sometimes: Object.fromEntries(
      goals.map((goal) => {
        const [when, what = ''] = goal.split(': ');
        const crashes = when === 'first' ? 0 : 1;
        const isSo = (it: Births): boolean =>
          it.crashes === crashes && (what === 'nothing' ? it.births.length === 0 : it.births.join() === what);
        return [goal, (state) => isSo(state.history) && (what !== 'nothing' || state.of(actor).life === 'absent')];
      }),
    ),
  });
};
