import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import {
  type AnyStateMachine,
  assign,
  createMachine,
  type EventObject,
  type MachineContext,
  sendTo,
  setup,
} from 'xstate';
import { ActorDefinitionError, between, defineActor, fixed, recordsOf, rulesOf } from '../../../statecharts/actor.ts';

const noop = assign({});

/** Defines an actor that may be sent `ping` and waits for `pause`, around a raw machine configuration. */
const define = (
  config: Parameters<typeof createMachine>[0],
  implementations: Parameters<typeof createMachine>[1] = {},
  roles: readonly string[] = [],
) => {
  const chart: AnyStateMachine = createMachine({ id: 'sample', ...config }, implementations);
  return defineActor({
    name: 'sample.actor',
    chart,
    roles,
    messages: { ping: v.object({}) },
    delays: { pause: fixed(1) },
    input: () => undefined,
  });
};

const refusal = (attempt: () => unknown): string => {
  try {
    attempt();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return 'not refused';
};

describe('a definition is refused, by an error that names actor and culprit, when', () => {
  test('a target does not resolve', () => {
    expect(refusal(() => define({ initial: 'a', states: { a: { on: { ping: 'nowhere' } } } }))).toMatch(
      /sample.*nowhere/s,
    );
  });

  test('an action is unknown', () => {
    const attempt = () => define({ on: { ping: { actions: 'unheardOf' } } });
    expect(attempt).toThrow(ActorDefinitionError);
    expect(attempt).toThrow(/sample\.actor.*'unheardOf', which is no known action/);
  });

  test('an entry or exit action is unknown', () => {
    expect(() => define({ entry: 'lost', on: { ping: {} } })).toThrow(/'lost', which is no known action/);
    expect(() => define({ exit: { type: 'gone' }, on: { ping: {} } })).toThrow(/'gone', which is no known action/);
  });

  test('a guard is unknown', () => {
    expect(() => define({ on: { ping: { guard: 'unheardOf' } } })).toThrow(/'unheardOf', which is no known guard/);
  });

  test('a delay is not declared', () => {
    expect(() => define({ on: { ping: {} }, after: { tomorrow: {} } })).toThrow(
      /'tomorrow', which is no declared delay/,
    );
  });

  test('a delay is a number', () => {
    expect(() => define({ on: { ping: {} }, after: { 100: {} } })).toThrow(/numeric delay 100/);
  });

  test('an action or a guard is an inline function', () => {
    expect(() => define({ on: { ping: { actions: () => {} } } })).toThrow(/inline action/);
    expect(() => define({ on: { ping: { actions: noop } } })).toThrow(/inline action/);
    expect(() => define({ on: { ping: { guard: () => true } } })).toThrow(/inline guard/);
  });

  test('a leaf state neither handles a message nor ignores it in writing', () => {
    const attempt = () => define({ initial: 'a', states: { a: { on: { ping: {} } }, b: {} } });
    expect(attempt).toThrow(/'sample\.b' neither handles 'ping' nor ignores it/);
  });

  test('a state waits for an event that is not declared', () => {
    expect(() => define({ on: { ping: {}, pong: {} } })).toThrow(/'pong', which is no declared/);
  });

  test('a state catches whatever comes', () => {
    expect(() => define({ on: { '*': {} } })).toThrow(/wildcard/);
  });

  test('a state invokes an actor, or an action sends past the effects', () => {
    expect(() => define({ on: { ping: {} }, invoke: { src: 'child' } })).toThrow(/invokes an actor/);
    expect(() =>
      define({ on: { ping: { actions: 'shout' } } }, { actions: { shout: sendTo('x', { type: 'y' }) } }),
    ).toThrow(/'shout' acts outside the four effects/);
  });

  test('the machine id has a dot', () => {
    expect(() => define({ id: 'sample.machine', on: { ping: {} } })).toThrow(/has a dot/);
  });

  test('a role is the tag of no state, or two roles are played at once', () => {
    expect(() => define({ on: { ping: {} } }, {}, ['leader'])).toThrow(/no state carries the tag of role 'leader'/);
    expect(() =>
      define({ on: { ping: {} }, initial: 'a', states: { a: { tags: ['leader', 'follower'] } } }, {}, [
        'leader',
        'follower',
      ]),
    ).toThrow(/plays leader and follower at once/);
  });
});

describe('a definition', () => {
  test('accepts a state that inherits its duties, and one whose sibling region has them', () => {
    expect(() => define({ on: { ping: {} }, initial: 'a', states: { a: {} } })).not.toThrow();
    expect(() =>
      define({ type: 'parallel', states: { a: { on: { ping: {} } }, b: { initial: 'c', states: { c: {} } } } }),
    ).not.toThrow();
  });

  test('refuses an emission that is no effect', () => {
    const { bind } = rulesOf<MachineContext, EventObject, EventObject>();
    const bound = bind({ shout: () => ({ effects: [{ type: 'shout' }] }) });
    const chart = setup(bound).createMachine({ id: 'sample', on: { ping: { actions: 'shout' } } });
    const actor = defineActor({
      name: 'sample.actor',
      chart,
      messages: { ping: v.object({}) },
      input: () => undefined,
    });
    const { state } = actor.start(undefined, { self: 'n1/sample.actor/', input: undefined });
    expect(() => actor.transition(state, { type: 'ping', from: 'n1/sample.actor/', atMs: 0 })).toThrow(
      /'shout', which is no effect/,
    );
  });

  test('stops a chart that would never come to rest', () => {
    const actor = define({
      on: { ping: '.b' },
      initial: 'a',
      states: { a: {}, b: { always: 'c' }, c: { always: 'b' } },
    });
    const { state } = actor.start(undefined, { self: 'n1/sample.actor/', input: undefined });
    expect(() => actor.transition(state, { type: 'ping', from: 'n1/sample.actor/', atMs: 0 })).toThrow(
      /did not come to rest/,
    );
  });

  test('refuses messages that it does not know or that are malformed, and strips what it does not ask for', () => {
    const actor = defineActor({
      name: 'sample.actor',
      chart: createMachine({ id: 'sample', on: { vote: {} } }),
      messages: { vote: v.object({ term: v.number() }) },
      input: () => undefined,
    });
    expect(actor.parseMessage({ type: 'vote', ...{ term: 1, extra: true } })).toEqual({ type: 'vote', term: 1 });
    expect(() => actor.parseMessage({ type: 'vote', ...{ term: 'x' } })).toThrow(/'vote' is malformed at term/);
    expect(() => actor.parseMessage({ type: 'toString' })).toThrow(/takes no message 'toString'; it takes: vote/);
  });

  test('folds its records into the input of a new life', () => {
    const records = recordsOf({
      version: 1,
      types: { added: v.object({ amount: v.number() }) },
      start: { sum: 0 },
      step: ({ sum }, { amount }) => ({ sum: sum + amount }),
    });
    const actor = defineActor({
      name: 'sample.actor',
      chart: createMachine({ id: 'sample', context: ({ input }) => ({ input }) }),
      records,
      input: (recovered: { sum: number }, { self }) => ({ ...recovered, self }),
    });
    const recovered = actor.recover([2, 3].map((amount) => actor.parseRecord({ type: 'added', ...{ amount } })));
    const { state } = actor.start(recovered, { self: 'n1/sample.actor/', input: undefined });
    expect(state.snapshot.context).toEqual({ input: { sum: 5, self: 'n1/sample.actor/' } });
  });

  test('knows which timers are armed, and does not re-arm one that was spent on a false guard', () => {
    const actor = define(
      { on: { ping: {} }, initial: 'a', states: { a: { after: { pause: { guard: 'never', target: 'b' } } }, b: {} } },
      { guards: { never: () => false } },
    );
    const first = actor.at('a', {});
    expect(actor.timers(first).map((timer) => timer.delay)).toEqual(['pause']);
    const step = actor.step(first, { timer: 'pause' });
    expect(actor.timers(step.state)).toEqual([]);
    expect(() => actor.step(step.state, { timer: 'pause' })).toThrow(/expected one armed timer 'pause'; armed: none/);
  });

  test('draws delays from its ranges, which may follow from the context', () => {
    const chart = createMachine({ id: 'sample', context: { base: 5 }, after: { soon: {}, late: {} } });
    const actor = defineActor({
      name: 'sample.actor',
      chart,
      delays: { soon: between(1, 2), late: (context) => fixed(context.base * 10) },
      input: () => undefined,
    });
    const { state } = actor.start(undefined, { self: 'n1/sample.actor/', input: undefined });
    const ranges = actor.timers(state).map((timer) => [timer.delay, actor.rangeOf(timer, state)]);
    expect(Object.fromEntries(ranges)).toEqual({ soon: { minMs: 1, maxMs: 2 }, late: { minMs: 50, maxMs: 50 } });
  });
});
