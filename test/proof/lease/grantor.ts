/** The grantor: one lease at a time, each under an epoch of its own. */

import { setup } from 'xstate';
import {
  type Address,
  type Delivered,
  defineActor,
  type EffectOf,
  fixed,
  message,
  named,
  persist,
  recordsOf,
  rulesOf,
  send,
} from '../../../statecharts/actor.ts';
import { type Ask, type Grant, type Granted, grantorMessages, grantorRecords } from './messages.ts';

interface Context {
  /** The last epoch that was given out, and to whom; 0 before the first. */
  readonly epoch: number;
  readonly holder: string;
}
type Event = Delivered<Ask>;
type Effect = EffectOf<{ message: Grant; record: Granted }>;
type Asked = Delivered<Ask>;

/** The grantor's rules. */
export const grantorRules = {
  /** What is given out is written down before it is said (§2). */
  grant({ epoch }: Context, { from }: Asked): { context: Context; effects: Effect[] } {
    const granted = { epoch: epoch + 1, holder: from };
    return {
      context: granted,
      effects: [persist({ type: 'granted', ...granted }), send(from, { type: 'grant', epoch: granted.epoch })],
    };
  },
  /** The holder has not heard of its lease, or wants to go on: the same again. */
  grantAgain: ({ epoch }: Context, { from }: Asked): { effects: Effect[] } => ({
    effects: [send(from, { type: 'grant', epoch })],
  }),
  isHolder: ({ holder }: Context, { from }: Asked): boolean => holder === from,
};
export type GrantorRules = typeof grantorRules;

const { bind } = rulesOf<Context, Event, Effect>();
const delays = { leaseTime: fixed(300) };

/** Makes the grantor, over `rules`. */
export const defineGrantor = (rules: GrantorRules = grantorRules) =>
  defineActor({
    name: 'lease.grantor',
    roles: ['free', 'leased'],
    chart: setup({
      types: { context: {} as Context, events: {} as Event, emitted: {} as Effect, input: {} as Context },
      delays: named(delays),
      ...bind(rules),
    }).createMachine({
      id: 'grantor',
      context: ({ input }) => input,
      // A new life does not know when the last lease ends.
      initial: 'leased',
      states: {
        free: {
          tags: 'free',
          on: { ask: { target: 'leased', actions: { type: 'grant', params: message }, meta: { rule: 'Leases §2' } } },
        },
        leased: {
          tags: 'leased',
          on: {
            ask: { guard: { type: 'isHolder', params: message }, actions: { type: 'grantAgain', params: message } },
          },
          after: { leaseTime: { target: 'free', meta: { rule: 'Leases §2: the term is over' } } },
        },
      },
    }),
    messages: grantorMessages,
    senders: { ask: { actor: 'lease.holder' } },
    records: recordsOf({
      version: 1,
      types: grantorRecords,
      start: { epoch: 0, holder: '' },
      step: (_before, { epoch, holder }) => ({ epoch, holder }),
    }),
    input: (recovered: Context, _birth: { input: undefined }): Context => recovered,
    delays,
  });

/** Where the grantor of a cluster is. */
export type GrantorAddress = Address;
