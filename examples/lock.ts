/** An actor of one's own: a lock that gives each holder a fencing token, greater than every one before it. */

import * as v from 'valibot';
import { setup } from 'xstate';
import {
  type Delivered,
  defineActor,
  deliver,
  deliverAhead,
  type EffectOf,
  persist,
  recordsOf,
  rulesOf,
} from '../statecharts/actor.ts';

type Acquire = { readonly type: 'acquire'; readonly client: string };
type Granted = { readonly type: 'granted'; readonly token: number };
type Context = { readonly token: number };
type Event = Delivered<Acquire | { readonly type: 'release' }>;
type Effect = EffectOf<{ record: Granted; output: Granted & Pick<Acquire, 'client'> }>;
const { bind } = rulesOf<Context, Event, Effect>();

/** The lock; a hasty one tells its client of a token before the record of it is durable. */
export const lockOf = (hasty: boolean) => {
  const chart = setup({
    types: { context: {} as Context, events: {} as Event, emitted: {} as Effect, input: {} as Context },
    ...bind({
      grant: ({ token }, { client }: Acquire) => {
        const granted = { type: 'granted', token: token + 1 } as const;
        const tell = hasty ? deliverAhead : deliver;
        return { context: { token: token + 1 }, effects: [persist(granted), tell({ ...granted, client })] };
      },
    }),
  }).createMachine({
    id: 'lock',
    context: ({ input }) => input,
    initial: 'free',
    states: {
      free: {
        on: { acquire: { target: 'held', actions: { type: 'grant', params: ({ event }) => event } }, release: {} },
      },
      held: { on: { acquire: {}, release: 'free' } },
    },
  });
  const token = v.object({ token: v.number() });
  return defineActor({
    name: 'example.lock',
    chart,
    requests: { acquire: v.object({ client: v.string() }), release: v.object({}) },
    records: recordsOf({ version: 1, types: { granted: token }, start: 0, step: (_last, record) => record.token }),
    input: (last: number, _birth: { input: undefined }) => ({ token: last }),
  });
};
