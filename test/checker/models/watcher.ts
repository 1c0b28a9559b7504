/** An actor that reads time and hears that nodes cannot be reached, and tells its node's clerk of both. */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, defineModel, type Model, request } from '../../../src/checker.ts';
import {
  type Address,
  addressOf,
  type Delivered,
  defineActor,
  type EffectOf,
  message,
  rulesOf,
  send,
  type Unreachable,
} from '../../../statecharts/actor.ts';

type Told = { readonly type: 'told'; readonly what: string };
type Effect = EffectOf<{ message: Told }>;
interface Watching {
  readonly clerk: Address;
}
type Event = Delivered<Unreachable | { readonly type: 'look' }>;
const watching = rulesOf<Watching, Event, Effect>();

const watcher = defineActor({
  name: 'watcher',
  chart: setup({
    types: { context: {} as Watching, events: {} as Event, emitted: {} as Effect, input: {} as Watching },
    ...watching.bind({
      tellTime: ({ clerk }, { atMs }: { readonly atMs: number }) => ({
        effects: [send(clerk, { type: 'told', what: `${atMs} ms` })],
      }),
      tellLoss: ({ clerk }, { node }: Unreachable) => ({
        effects: [send(clerk, { type: 'told', what: node })],
      }),
    }),
  }).createMachine({
    id: 'watcher',
    context: ({ input }) => input,
    initial: 'watching',
    states: {
      watching: {
        on: {
          look: { actions: { type: 'tellTime', params: message } },
          unreachable: { actions: { type: 'tellLoss', params: message } },
        },
      },
    },
  }),
  requests: { look: v.object({}) },
  hearsUnreachable: true,
  readsTime: true,
  input: (_recovered: undefined, { input }: { input: Watching }) => input,
});

interface Noting {
  readonly notes: readonly string[];
}
const noting = rulesOf<Noting, Delivered<Told>, Effect>();
const clerk = defineActor({
  name: 'clerk',
  chart: setup({
    types: { context: {} as Noting, events: {} as Delivered<Told>, emitted: {} as Effect },
    ...noting.bind({ note: ({ notes }, { what }: Told) => ({ context: { notes: [...notes, what] } }) }),
  }).createMachine({
    id: 'clerk',
    context: { notes: [] },
    initial: 'noting',
    states: { noting: { on: { told: { actions: { type: 'note', params: message } } } } },
  }),
  messages: { told: v.object({ what: v.string() }) },
  input: (_recovered: undefined, _birth: { input: undefined }) => undefined,
});

/** A watcher and its clerk on `n`, a clerk without work on `m`; it looks at most `looks` times. */
export function watch(looks: number, options: Partial<Model>): Model {
  const own = actorOf(clerk, 'n', { input: undefined });
  const seeing = actorOf(watcher, 'n', { input: { clerk: addressOf('n', 'clerk') } });
  const notes = (wanted: string) => (state: Parameters<NonNullable<Model['boundary']>>[0]) =>
    state.of(own).snapshot?.context.notes.join() === wanted;
  return defineModel({
    name: 'watch',
    actors: [seeing, own, actorOf(clerk, 'm', { input: undefined })],
    requests: [request(seeing, { type: 'look' }, { times: looks })],
    sometimes: Object.fromEntries(
      ['0 ms', '50 ms', '0 ms,50 ms', '50 ms,0 ms', 'm', 'n'].map((wanted) => [wanted, notes(wanted)]),
    ),
    ...options,
  });
}
