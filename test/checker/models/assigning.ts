/** A monitor that assigns goals to a keeper, whose chart knows some ways from where it stands to a goal, and not others. */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, defineModel, type Model } from '../../../src/checker.ts';
import {
  type Address,
  addressOf,
  type Delivered,
  defineActor,
  type EffectOf,
  message,
  rulesOf,
  send,
} from '../../../statecharts/actor.ts';

const goals = ['primary', 'draining', 'waiting'] as const;
type Goal = (typeof goals)[number];
type Assign = { readonly type: 'assign'; readonly goal: Goal };
type Effect = EffectOf<{ message: Assign }>;
type Event = Delivered<Assign>;

interface Monitoring {
  readonly keeper: Address;
  readonly goals: readonly Goal[];
}
const monitorRules = rulesOf<Monitoring, Event, Effect>();
const monitor = defineActor({
  name: 'monitor',
  chart: setup({
    types: { context: {} as Monitoring, events: {} as Event, emitted: {} as Effect, input: {} as Monitoring },
    ...monitorRules.bind({
      assign: ({ keeper, goals: assigned }) => ({
        effects: assigned.map((goal) => send(keeper, { type: 'assign', goal })),
      }),
    }),
  }).createMachine({
    id: 'monitor',
    context: ({ input }) => input,
    initial: 'watching',
    on: { assign: {} },
    states: { watching: { entry: 'assign' } },
  }),
  messages: { assign: v.object({ goal: v.picklist(goals) }) },
  input: (_recovered: undefined, { input }: { input: Monitoring }) => input,
});

type Keeping = Record<string, never>;
const keeperRules = rulesOf<Keeping, Event, Effect>();
const to = (goal: Goal) => ({ guard: { type: goal, params: message } as const, target: `#${goal}` }) as const;

/** The keeper. A complete one says in writing what it does when it knows no way: nothing. */
const keeperOf = (isComplete: boolean) => {
  const otherwise = isComplete ? [{}] : [];
  return defineActor({
    name: 'keeper',
    chart: setup({
      types: { context: {} as Keeping, events: {} as Event, emitted: {} as Effect },
      ...keeperRules.bind({
        primary: (_context, { goal }: Assign) => goal === 'primary',
        draining: (_context, { goal }: Assign) => goal === 'draining',
      }),
    }).createMachine({
      id: 'keeper',
      context: {},
      initial: 'standby',
      states: {
        standby: { on: { assign: [to('primary'), ...otherwise] } },
        primary: { id: 'primary', on: { assign: [to('draining'), ...otherwise] } },
        draining: { id: 'draining', on: { assign: {} } },
      },
    }),
    messages: { assign: v.object({ goal: v.picklist(goals) }) },
    input: (_recovered: undefined, _birth: { input: undefined }) => undefined,
  });
};

/** A monitor on `m` that assigns `assigned` to a keeper on `k`, all at once. */
export const assigning = (
  assigned: readonly Goal[],
  how: Pick<Model, 'network' | 'localMessages' | 'boundary'> & {
    readonly isComplete?: boolean;
    readonly keeperNode?: string;
  } = {},
): Model => {
  const { isComplete = false, keeperNode = 'k', ...others } = how;
  return defineModel<unknown>({
    name: 'assigning',
    actors: [
      actorOf(monitor, 'm', { input: { keeper: addressOf(keeperNode, 'keeper'), goals: assigned } }),
      actorOf(keeperOf(isComplete), keeperNode, { input: undefined }),
    ],
    ...others,
  });
};
