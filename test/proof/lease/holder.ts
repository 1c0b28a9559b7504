/** A holder: asks for the lease until it is granted, and holds it for a while. */

import { setup } from 'xstate';
import {
  type Address,
  type Delivered,
  defineActor,
  deliver,
  type EffectOf,
  fixed,
  message,
  named,
  rulesOf,
  send,
} from '../../../statecharts/actor.ts';
import { type Acquire, type Ask, type Grant, type Held, holderMessages, holderRequests } from './messages.ts';

interface Context {
  readonly grantor: Address;
  /** The last epoch that it was granted. */
  readonly epoch: number;
}
type Event = Delivered<Grant | Acquire>;
type Effect = EffectOf<{ message: Ask; output: Held }>;

const rules = {
  ask: ({ grantor }: Context): { effects: Effect[] } => ({ effects: [send(grantor, { type: 'ask' })] }),
  hold: (_context: Context, { epoch }: Grant): { context: Partial<Context>; effects: Effect[] } => ({
    context: { epoch },
    effects: [deliver({ type: 'held', epoch })],
  }),
  isFresh: ({ epoch }: Context, grant: Grant): boolean => grant.epoch > epoch,
};

const { bind } = rulesOf<Context, Event, Effect>();
const delays = { retryInterval: fixed(50), leaseTime: fixed(200) };

export const holder = defineActor({
  name: 'lease.holder',
  roles: ['idle', 'asking', 'holding'],
  chart: setup({
    types: { context: {} as Context, events: {} as Event, emitted: {} as Effect, input: {} as Context },
    delays: named(delays),
    ...bind(rules),
  }).createMachine({
    id: 'holder',
    context: ({ input }) => input,
    initial: 'idle',
    states: {
      idle: { tags: 'idle', on: { acquire: 'asking', grant: {} } },
      asking: {
        tags: 'asking',
        entry: 'ask',
        on: {
          acquire: {},
          grant: {
            guard: { type: 'isFresh', params: message },
            target: 'holding',
            actions: { type: 'hold', params: message },
            meta: { rule: 'Leases §2' },
          },
        },
        after: { retryInterval: { target: 'asking', reenter: true } },
      },
      holding: { tags: 'holding', on: { acquire: {}, grant: {} }, after: { leaseTime: 'idle' } },
    },
  }),
  messages: holderMessages,
  senders: { grant: { actor: 'lease.grantor' } },
  requests: holderRequests,
  input: (_recovered: undefined, { input }: { input: { grantor: Address } }): Context => ({ ...input, epoch: 0 }),
  delays,
});
