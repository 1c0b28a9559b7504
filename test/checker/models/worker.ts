/**
 * A worker that a first message brings to life: it writes down its job, has a resource do it, tells itself that it is
 * done, delivers that, and ends. After a crash its record brings it back, and it asks again under the same id.
 */

import * as v from 'valibot';
import { setup } from 'xstate';
import {
  actorOf,
  bornOfMessage,
  defineModel,
  type Model,
  type ResourceModel,
  resourceModel,
} from '../../../src/checker.ts';
import {
  type Address,
  type Effect as AnyEffect,
  addressOf,
  type Delivered,
  defineActor,
  deliver,
  type EffectOf,
  fixed,
  message,
  named,
  type Performed,
  persist,
  recordsOf,
  rulesOf,
  send,
} from '../../../statecharts/actor.ts';

type Job = { readonly type: 'job'; readonly amount: number };
type Add = { readonly type: 'add'; readonly amount: number };
type Effect = EffectOf<{
  message: Job | { readonly type: 'finish' };
  record: Job;
  operation: Add;
  output: { readonly type: 'finished' | 'doubted' };
}>;
interface Working {
  readonly self: Address;
  readonly amount: number;
}
type Event = Delivered<Job | { readonly type: 'finish' } | Performed>;
const { bind } = rulesOf<Working, Event, Effect>();

const add = ({ amount }: Working) =>
  ({ type: 'perform', id: 'add', resource: 'store', operation: { type: 'add', amount }, deadlineMs: 1_000 }) as const;

const chart = setup({
  types: { context: {} as Working, events: {} as Event, emitted: {} as Effect, input: {} as Working },
  ...bind({
    accept: (context, { amount }: Job) => ({
      context: { amount },
      effects: [persist({ type: 'job', amount }), add({ ...context, amount })],
    }),
    resume: (context) => ({ effects: [add(context)] }),
    tellSelf: ({ self }) => ({ effects: [send(self, { type: 'finish' })] }),
    finish: () => ({ effects: [deliver({ type: 'finished' })] }),
    doubt: () => ({ effects: [deliver({ type: 'doubted' })] }),
    isResumed: ({ amount }) => amount > 0,
    isDone: (_context, { result }: Performed) => result.type === 'done',
  }),
}).createMachine({
  id: 'worker',
  context: ({ input }) => input,
  initial: 'idle',
  states: {
    idle: {
      always: { guard: 'isResumed', target: 'working', actions: 'resume' },
      on: { job: { target: 'working', actions: { type: 'accept', params: message } }, finish: {}, performed: {} },
    },
    working: {
      on: {
        job: {},
        finish: { target: 'finished', actions: 'finish' },
        performed: [
          { guard: { type: 'isDone', params: message }, actions: 'tellSelf' },
          { target: 'doubting', actions: 'doubt' },
        ],
      },
    },
    doubting: { on: { job: {}, finish: {}, performed: {} } },
    finished: { type: 'final' },
  },
});

const worker = defineActor({
  name: 'worker',
  chart,
  messages: { job: v.object({ amount: v.number() }) },
  own: ['finish'],
  performs: true,
  records: recordsOf({
    version: 1,
    types: { job: v.object({ amount: v.number() }) },
    start: 0,
    step: (_amount, record) => record.amount,
  }),
  input: (amount: number, { self }: { self: Address; input: string }) => ({ self, amount }),
  bornOfMessage: () => 'born',
  bornOfRecords: () => 'reborn',
});

const { bind: bindClient } = rulesOf<{ readonly jobs: number }, Delivered<Job>, AnyEffect>();
const client = defineActor({
  name: 'client',
  chart: setup({
    types: {
      context: {} as { readonly jobs: number },
      events: {} as Delivered<Job>,
      emitted: {} as AnyEffect,
      input: {} as { readonly jobs: number },
    },
    delays: named({ interval: fixed(10) }),
    ...bindClient({
      ask: () => ({ effects: [send(addressOf('n', 'worker', 'w'), { type: 'job', amount: 1 })] }),
    }),
  }).createMachine({
    id: 'client',
    context: ({ input }) => input,
    initial: 'asking',
    on: { job: {} },
    states: { asking: { after: { interval: { target: 'asking', reenter: true, actions: 'ask' } } } },
  }),
  messages: { job: v.object({ amount: v.number() }) },
  delays: { interval: fixed(10) },
  input: (_recovered: undefined, _birth: { input: undefined }) => ({ jobs: 1 }),
});

/** A sum; one that knows ids adds each of them once. */
export const storeOf = (knowsIds: boolean): ResourceModel =>
  resourceModel({
    start: { sum: 0, ids: [''] },
    perform: ({ sum, ids }, { amount }: Add, { id }) => {
      const isKnown = knowsIds && ids.includes(id);
      return [
        {
          state: { sum: isKnown ? sum : sum + amount, ids: isKnown ? ids : [...ids, id].sort() },
          result: { type: 'done', value: undefined },
        },
      ];
    },
  });

export type WorkHistory = readonly string[];

/** A client on `c` that asks once, by a timer, and the worker on `n`. */
export function work(options: Partial<Model<WorkHistory>> & { readonly knowsIds: boolean }): Model<WorkHistory> {
  const { knowsIds, ...rest } = options;
  const sumOf = (state: unknown): number =>
    typeof state === 'object' && state !== null && 'sum' in state ? Number(state.sum) : 0;
  const start: WorkHistory = [];
  return defineModel<WorkHistory>({
    name: 'work',
    actors: [actorOf(client, 'c', { input: undefined }), bornOfMessage(worker, 'n', 'w')],
    timers: { interval: 1 },
    resources: { store: storeOf(knowsIds) },
    history: {
      start,
      observe: (history, it) => (it.type === 'delivered' ? [...new Set([...history, it.output.type])].sort() : history),
    },
    always: {
      'it is added once': (state) => sumOf(state.resource('store')) <= 1,
      'what is finished was added': (state) =>
        !state.history.includes('finished') || sumOf(state.resource('store')) >= 1,
      'who has ended has no records': (state) =>
        state.actors.every((actor) => actor.life !== 'absent' || actor.unflushedRecords === 0),
    },
    sometimes: {
      'it finishes': ({ history }) => history.includes('finished'),
      'it ends': ({ actors, history }) =>
        history.includes('finished') &&
        actors.some(({ life, durableRecords }) => life === 'absent' && durableRecords.length === 0),
    },
    ...rest,
  });
}
