/** A lamp that breaks, and is mended, by itself, and two that look at it when they are asked to: small enough to be worked out by hand. */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, defineModel, resourceModel } from '../../src/checker.ts';
import {
  addressOf,
  type Birth,
  type Delivered,
  defineActor,
  deliver,
  type EffectOf,
  message,
  type Performed,
  type Ruling,
  rulesOf,
} from '../../statecharts/actor.ts';

type Seen = { readonly type: 'seen'; readonly state: string };
type Effect = EffectOf<{ output: Seen; operation: { readonly type: 'look' } }>;
type Event = Delivered<{ readonly type: 'look' } | Performed>;

const rules = rulesOf<object, Event, Effect>();

/** Looks at the lamp when it is asked to, and tells what it saw. */
const watcher = defineActor({
  name: 'watcher',
  chart: setup({
    types: { context: {} as object, events: {} as Event, emitted: {} as Effect },
    ...rules.bind({
      look: (): Ruling<object, Effect> => ({
        effects: [{ type: 'perform', id: 'look', resource: 'lamp', operation: { type: 'look' }, deadlineMs: 1_000 }],
      }),
      tell: (_context, { result }: Delivered<Performed>): Ruling<object, Effect> => ({
        effects: [deliver({ type: 'seen', state: result.type === 'done' ? String(result.value) : 'nothing' })],
      }),
    }),
  }).createMachine({
    id: 'watcher',
    context: {},
    on: { look: { actions: 'look' }, performed: { actions: { type: 'tell', params: message } } },
  }),
  requests: { look: v.object({}) },
  performs: true,
  input: (_recovered: undefined, _birth: Birth<undefined>) => undefined,
});

export const self = addressOf('a', 'watcher');
export const other = addressOf('b', 'watcher');
type Lamp = 'lit' | 'broken';

/** A lamp that breaks, and is mended, by itself; a look is told its state, and that in which it was asked. */
const lamp = resourceModel<Lamp, { readonly type: 'look' }>({
  start: 'lit',
  connect: (state) => state,
  perform: (state, _operation, { connection }) => [
    { state, result: { type: 'done', value: `${connection}, ${state}` } },
  ],
  changes: (state) =>
    state === 'lit'
      ? [{ name: 'breaks', of: 'lamp', state: 'broken' }]
      : [{ name: 'is mended', of: 'lamp', state: 'lit' }],
});

export type Told = readonly string[];
export const lampModel = defineModel<Told>({
  name: 'lamp',
  actors: [actorOf(watcher, 'a', { input: undefined }), actorOf(watcher, 'b', { input: undefined })],
  resources: { lamp },
  history: {
    start: [],
    observe: (history, happening) =>
      happening.type === 'delivered' && happening.output.type === 'seen' && 'state' in happening.output
        ? [...history, String(happening.output.state)]
        : history,
  },
});

/** What is asked when. */
export const asks = (afterTicks: number, actor = self) => ({ actor, request: { type: 'look' }, afterTicks });
