/** A small actor for host tests: counts durably what peers send, answers them, asks a resource, and can be ended. */

import * as v from 'valibot';
import { setup } from 'xstate';
import {
  type Address,
  type Delivered,
  defineActor,
  deliver,
  type Effect,
  fixed,
  message,
  named,
  type Performed,
  persist,
  recordsOf,
  rulesOf,
  send,
  type Unreachable,
} from '../../statecharts/actor.ts';

interface Context {
  readonly self: Address;
  readonly count: number;
  readonly answers: readonly string[];
  readonly unreachable: readonly string[];
}
type Event = Delivered<
  | { readonly type: 'add'; readonly amount: number }
  | { readonly type: 'counted' }
  | { readonly type: 'noted' }
  | { readonly type: 'ask'; readonly resource: string }
  | { readonly type: 'misbehave' | 'end' | 'tick' | 'waitForEver' }
  | Performed
  | Unreachable
>;

const delays = { pause: fixed(50), never: fixed(Number.POSITIVE_INFINITY) };
const { bind } = rulesOf<Context, Event, Effect>();

const chart = setup({
  types: {
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Effect,
    input: {} as { self: Address; count: number },
    tags: {} as 'even' | 'odd',
  },
  delays: named(delays),
  ...bind({
    add: ({ self, count }, { amount, from }: { amount: number; from: Address }) => ({
      context: { count: count + amount },
      effects: [
        persist({ type: 'added', ...{ amount } }),
        ...(from === self ? [] : [send(from, { type: 'counted' })]),
        send(self, { type: 'noted' }),
        deliver({ type: 'count', ...{ count: count + amount } }),
      ],
    }),
    note: ({ count }) => ({ effects: [deliver({ type: 'noted', ...{ count } })] }),
    ask: (_context, { resource }: { resource: string }) => ({
      effects: [{ type: 'perform', id: 'op', resource, operation: { type: 'read' }, deadlineMs: 100 }],
    }),
    keepAnswer: ({ answers }, { result }: Performed) => ({ context: { answers: [...answers, result.type] } }),
    keepNotice: ({ unreachable }, { node, reason }: Unreachable) => ({
      context: { unreachable: [...unreachable, `${node} ${reason}`] },
    }),
    misbehave: () => {
      throw new Error('a rule misbehaved');
    },
    tick: () => ({ effects: [deliver({ type: 'ticked' })] }),
    isEven: ({ count }) => count % 2 === 0,
    isOdd: ({ count }) => count % 2 === 1,
  }),
}).createMachine({
  id: 'counter',
  context: ({ input }) => ({ ...input, answers: [], unreachable: [] }),
  on: {
    add: { actions: { type: 'add', params: message } },
    counted: {},
    noted: { actions: 'note' },
    ask: { actions: { type: 'ask', params: message } },
    performed: { actions: { type: 'keepAnswer', params: message } },
    unreachable: { actions: { type: 'keepNotice', params: message } },
    misbehave: { actions: 'misbehave' },
    tick: '.ticking',
    waitForEver: '.waiting',
    end: '.ended',
  },
  initial: 'even',
  states: {
    even: { tags: 'even', always: { guard: 'isOdd', target: 'odd' } },
    odd: { tags: 'odd', always: { guard: 'isEven', target: 'even' } },
    ticking: { after: { pause: { target: 'even', actions: 'tick' } } },
    waiting: { after: { never: 'even' } },
    ended: { type: 'final' },
  },
});

const amount = v.object({ amount: v.number() });

export const counter = defineActor({
  name: 'test.counter',
  chart,
  roles: ['even', 'odd'],
  view: ({ context }) => ({ count: context.count }),
  messages: { add: amount, counted: v.object({}) },
  own: ['noted'],
  requests: {
    ask: v.object({ resource: v.string() }),
    misbehave: v.object({}),
    end: v.object({}),
    tick: v.object({}),
    waitForEver: v.object({}),
  },
  performs: true,
  hearsUnreachable: true,
  records: recordsOf({
    version: 1,
    types: { added: amount },
    start: 0,
    step: (sum, record) => sum + record.amount,
  }),
  input: (count, { self }) => ({ self, count }),
  delays,
  bornOfMessage: ({ type }) => (type === 'add' ? {} : undefined),
  bornOfRecords: () => ({}),
});
