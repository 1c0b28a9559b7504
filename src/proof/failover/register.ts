/**
 * The register of a model whose managers are the charts: it never fails, and lives on the node of the one manager, which leads
 * from the beginning. What replicates it, and how, has proofs of its own.
 */

import { setup } from 'xstate';
import {
  type Birth,
  type Delivered,
  defineActor,
  type EffectOf,
  message,
  type Ruling,
  rulesOf,
  send,
} from '../../../statecharts/actor.ts';
import {
  decide,
  managerAddress,
  type RegisterAnswer,
  type RegisterMessage,
  registerMessages,
  registerName,
  registerSenders,
  type Standing,
} from '../../../statecharts/failover.ts';

interface Context {
  readonly group: string;
  readonly node: string;
  readonly standing: Standing;
}
type Event = Delivered<RegisterMessage>;
type Effect = EffectOf<{ message: RegisterAnswer }>;
type Result = Ruling<Context, Effect>;

const rules = {
  /** The manager on its node is the one that may be in office. */
  lead: ({ group, node }: Context): Result => ({ effects: [send(managerAddress(node, group), { type: 'leads' })] }),
  answer: ({ standing }: Context, { asked, from }: Extract<Event, { type: 'enquire' }>): Result => ({
    effects: [send(from, { type: 'recorded', standing, asked })],
  }),
  record(context: Context, { change, from }: Extract<Event, { type: 'record' }>): Result {
    const standing = decide(context.standing, change);
    return { context: { standing }, effects: [send(from, { type: 'recorded', standing, asked: null })] };
  },
};

const { bind } = rulesOf<Context, Event, Effect>();

const chart = setup({
  types: { context: {} as Context, events: {} as Event, emitted: {} as Effect, input: {} as Context },
  ...bind(rules),
}).createMachine({
  id: 'register',
  context: ({ input }) => input,
  entry: 'lead',
  on: {
    enquire: { actions: { type: 'answer', params: message } },
    record: { actions: { type: 'record', params: message } },
  },
});

export const register = defineActor({
  name: registerName,
  chart,
  messages: registerMessages,
  senders: registerSenders,
  input: (_recovered: undefined, { input }: Birth<Context>) => input,
});
