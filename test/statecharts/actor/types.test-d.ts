import * as v from 'valibot';
import { expectTypeOf, test } from 'vitest';
import { setup } from 'xstate';
import { faultDetector } from '../../../examples/fault-detector.ts';
import type { HandleOf } from '../../../src/host/handle.ts';
import type { Node } from '../../../src/host/node.ts';
import {
  type Address,
  askingUntilAnswered,
  type Delivered,
  defineActor,
  type EffectOf,
  fixed,
  message,
  named,
  persist,
  recordsOf,
  repeating,
  rulesOf,
  type Send,
  send,
  type TaggedBy,
} from '../../../statecharts/actor.ts';
import { raftServer } from '../../../statecharts/raft.ts';
import { type CoordinatorView, coordinator } from '../../../statecharts/two-phase-commit.ts';

type Ping = { readonly type: 'ping'; readonly count: number };
type Pong = { readonly type: 'pong' };
interface Context {
  readonly count: number;
}
type Event = Delivered<Ping | Pong>;
type Effect = EffectOf<{ message: Ping | Pong }>;
const { bind } = rulesOf<Context, Event, Effect>();

const rules = {
  count: (context: Context, { count }: Ping) => ({ context: { count: context.count + count } }),
  reply: () => ({ effects: [send('n2/x/', { type: 'pong' as const })] }),
  fail: () => {
    throw new Error('always');
  },
  isBig: (_context: Context, { count }: Ping) => count > 9,
};

const charts = setup({
  types: { context: {} as Context, events: {} as Event, emitted: {} as Effect, tags: {} as 'idle' },
  delays: named({ pause: fixed(1) }),
  ...bind(rules),
});

test('a vocabulary has the effects of its parts and no others', () => {
  expectTypeOf<Effect>().toEqualTypeOf<Send<Ping | Pong>>();
  expectTypeOf<EffectOf<Record<never, never>>>().toBeNever();
});

test('schemas give the union of what they describe', () => {
  const messages = { vote: v.object({ term: v.number() }), tick: v.object({}) };
  expectTypeOf<TaggedBy<typeof messages>['type']>().toEqualTypeOf<'vote' | 'tick'>();
  expectTypeOf<Extract<TaggedBy<typeof messages>, { type: 'vote' }>['term']>().toEqualTypeOf<number>();
});

test('a chart with a wrong action, guard, parameter or tag does not compile', () => {
  const context = { count: 0 };
  const counted = { guard: { type: 'isBig', params: message }, actions: { type: 'count', params: message } } as const;
  charts.createMachine({ context, on: { ping: [counted, { actions: ['reply', 'fail', 'again'] }] } });
  // @ts-expect-error pong has no count
  charts.createMachine({ context, on: { pong: { actions: { type: 'count', params: message } } } });
  // @ts-expect-error count wants its params
  charts.createMachine({ context, on: { ping: { actions: 'count' } } });
  // @ts-expect-error there is no such action
  charts.createMachine({ context, on: { pong: { actions: 'answer' } } });
  // @ts-expect-error there is no such guard
  charts.createMachine({ context, on: { pong: { guard: 'isSmall' } } });
  // @ts-expect-error a guard is no action
  charts.createMachine({ context, on: { ping: { actions: { type: 'isBig', params: message } } } });
  // @ts-expect-error an action is no guard
  charts.createMachine({ context, on: { ping: { guard: 'reply' } } });
  // @ts-expect-error there is no such tag
  charts.createMachine({ context, tags: 'busy' });
});

test('a fragment asks by an action that its chart knows', () => {
  const unanswered = { type: 'isBig', params: message } as const;
  const asks = { pause: 'pause', answer: 'ping', answers: [], unanswered } as const;
  charts.createStateConfig(askingUntilAnswered({ ...asks, ask: 'reply' }));
  // @ts-expect-error there is no such action
  charts.createStateConfig(askingUntilAnswered({ ...asks, ask: 'answer' }));
  // @ts-expect-error a pong cannot be asked whether it is big
  charts.createStateConfig(askingUntilAnswered({ ...asks, ask: 'reply', answer: 'pong' }));
  charts.createStateConfig({ initial: 'saying', states: { saying: repeating('saying', 'reply', 'pause') } });
  // @ts-expect-error there is no such action
  charts.createStateConfig({ initial: 'saying', states: { saying: repeating('saying', 'shout', 'pause') } });
});

test('a rule that asks for what its vocabulary lacks does not compile', () => {
  // @ts-expect-error nothing is persisted here
  bind({ vote: () => ({ effects: [persist({ type: 'vote' })] }) });
  // @ts-expect-error there is no such member of the context
  bind({ vote: () => ({ context: { counter: 1 } }) });
  // @ts-expect-error a number is neither an outcome nor an answer to a guard
  bind({ vote: ({ count }) => count });
});

test('a twin has the rules of the true one, and no others', () => {
  const chart = charts.createMachine({ context: { count: 0 } });
  const variantOf = (broken: Partial<typeof rules>) => chart.provide(bind({ ...rules, ...broken }));
  variantOf({ isBig: () => true, count: ({ count }) => ({ context: { count } }) });
  // @ts-expect-error there is no such rule
  variantOf({ isSmall: () => true });
  // @ts-expect-error a ping has no name
  variantOf({ count: (_context, { name }) => ({ context: { count: name } }) });
  // @ts-expect-error the context has no such member
  variantOf({ count: () => ({ context: { counter: 1 } }) });
});

test('a definition whose chart has events that are not declared does not compile', () => {
  const chart = charts.createMachine({ id: 'c', context: { count: 0 }, on: { ping: {}, pong: {} } });
  defineActor({ name: 'x', chart, messages: { ping: v.object({}), pong: v.object({}) }, input: () => undefined });
  // @ts-expect-error pong is missing
  defineActor({ name: 'x', chart, messages: { ping: v.object({}) }, input: () => undefined });
});

test('each record is known by its type in the fold', () => {
  recordsOf({
    version: 1,
    types: { vote: v.object({ term: v.number() }), end: v.object({}) },
    start: 0,
    step: (_term, record) => {
      expectTypeOf(record.type).toEqualTypeOf<'vote' | 'end'>();
      return record.type === 'vote' ? record.term : 0;
    },
  });
});

test('a handle knows its chart, and starting asks for the definition’s input', () => {
  const node = {} as Node;
  const handle = node.start(faultDetector, { input: { peer: 'n2/example.fault-detector/n1' } });
  expectTypeOf(handle).toEqualTypeOf<HandleOf<typeof faultDetector>>();
  expectTypeOf(handle.getSnapshot().context.suspicions).toEqualTypeOf<number>();
  // @ts-expect-error the input is missing
  node.start(faultDetector, { input: {} });
});

test('a view has the type that the definition gives it', () => {
  const node = {} as Node;
  expectTypeOf(node.view(coordinator, 'tx-1')).toEqualTypeOf<CoordinatorView | undefined>();
  expectTypeOf(node.view(faultDetector)).toBeUndefined();
});

test('a handle knows what its actor delivers', () => {
  const handle = {} as HandleOf<typeof faultDetector>;
  handle.on('suspected', ({ peer }) => expectTypeOf(peer).toEqualTypeOf<Address>());
  // @ts-expect-error it delivers no such output
  handle.on('elected', () => {});
});

test('the bench takes what its definition has, and nothing else', () => {
  const context = raftServer.contextOf({ self: 'n1/raft.server/kv', input: { voters: [] } });
  const state = raftServer.at('leader', context);
  const remembered = raftServer.recover([{ type: 'term-and-vote', term: 1, votedFor: null }]);
  raftServer.start(remembered, { self: 'n1/raft.server/kv', input: { voters: [] } });
  raftServer.step(state, { timer: 'electionTimeout' });
  // @ts-expect-error there is no such record
  raftServer.recover([{ type: 'typo' }]);
  // @ts-expect-error a vote has a term
  raftServer.recover([{ type: 'term-and-vote', votedFor: null }]);
  // @ts-expect-error the input has no such member
  raftServer.start(remembered, { self: 'n1/raft.server/kv', input: { voter: [] } });
  // @ts-expect-error no fold of records gives a text
  raftServer.start('remembered', { self: 'n1/raft.server/kv', input: { voters: [] } });
  // @ts-expect-error there is no such timer
  raftServer.step(state, { timer: 'electionTimeuot' });
  // @ts-expect-error there is no such message
  raftServer.step(state, { type: 'appned' });
  // @ts-expect-error a context has more than that
  raftServer.at('follower', { term: 1 });
  // @ts-expect-error there is no such member of a context
  raftServer.at('follower', { ...context, trem: 1 });
  // @ts-expect-error there is no such state
  raftServer.at('folower', context);
});
