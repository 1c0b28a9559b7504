/**
 * A role of one's own: a fault detector that trusts a peer while its heartbeats arrive, and suspects it otherwise.
 * Every node runs one per peer; it beats and listens at once.
 */

import * as v from 'valibot';
import { setup } from 'xstate';
import {
  type Address,
  type Delivered,
  defineActor,
  deliver,
  type EffectOf,
  fixed,
  named,
  rulesOf,
  send,
} from '../statecharts/actor.ts';

interface Context {
  readonly peer: Address;
  /** How often the peer was suspected. */
  readonly suspicions: number;
}
type Heartbeat = { readonly type: 'heartbeat' };
type Output = { readonly type: 'suspected' | 'trusted'; readonly peer: Address };
type Event = Delivered<Heartbeat>;
type Effect = EffectOf<{ message: Heartbeat; output: Output }>;

const delays = { heartbeatInterval: fixed(100), heartbeatTimeout: fixed(350) };
const { bind } = rulesOf<Context, Event, Effect>();

const chart = setup({
  types: { context: {} as Context, events: {} as Event, emitted: {} as Effect, input: {} as { peer: Address } },
  delays: named(delays),
  ...bind({
    beat: ({ peer }) => ({ effects: [send(peer, { type: 'heartbeat' })] }),
    suspect: ({ peer, suspicions }) => ({
      context: { suspicions: suspicions + 1 },
      effects: [deliver({ type: 'suspected', peer })],
    }),
    trust: ({ peer }) => ({ effects: [deliver({ type: 'trusted', peer })] }),
  }),
}).createMachine({
  id: 'fault-detector',
  context: ({ input }) => ({ peer: input.peer, suspicions: 0 }),
  type: 'parallel',
  states: {
    beating: {
      initial: 'pausing',
      // A region that re-enters itself would restart its siblings, and their timers, as well.
      states: { pausing: { entry: 'beat', after: { heartbeatInterval: { target: 'pausing', reenter: true } } } },
    },
    listening: {
      initial: 'trusting',
      states: {
        trusting: {
          tags: 'trusting',
          on: { heartbeat: { target: 'trusting', reenter: true } },
          after: { heartbeatTimeout: { target: 'suspecting', actions: 'suspect' } },
        },
        suspecting: { tags: 'suspecting', on: { heartbeat: { target: 'trusting', actions: 'trust' } } },
      },
    },
  },
});

/** The detector of one peer, whose own detector of us has the address that `input.peer` names. */
export const faultDetector = defineActor({
  name: 'example.fault-detector',
  chart,
  roles: ['trusting', 'suspecting'],
  messages: { heartbeat: v.object({}) },
  senders: { heartbeat: { actor: 'example.fault-detector' } },
  input: (_recovered: undefined, { input }: { input: { peer: Address } }) => input,
  delays,
});
