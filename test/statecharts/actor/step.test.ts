/**
 * Plans must step a chart as XState does. Charts are drawn at random from all that plans know, and both are led along the
 * same random events. What plans do not know is refused.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, and, assign, createMachine, not, or, stateIn } from 'xstate';
import { createStepper } from '../../../statecharts/actor/step.ts';
import { ActorDefinitionError, deliver, message, rulesOf, type Step, type Tagged } from '../../../statecharts/actor.ts';
import { createInterpretedStepper } from './interpreted.ts';

interface Context extends Record<string, unknown> {
  readonly count: number;
  readonly visits: Readonly<Record<string, number>>;
}
interface Named {
  readonly name: string;
}

const { bind } = rulesOf<Context, Tagged, ReturnType<typeof deliver>>();
const implementations = bind({
  say: ({ count }, { name }: Named) => ({ effects: [deliver({ type: 'said', ...{ name, count } })] }),
  count: ({ count }) => ({ context: { count: count + 1 } }),
  visit: ({ visits }, { name }: Named) => ({
    context: { visits: { ...visits, [name]: (visits[name] ?? 0) + 1 } },
    effects: [deliver({ type: 'visited', ...{ name } })],
  }),
  hear: (_context, { type }: Tagged) => ({ effects: [deliver({ type: 'heard', ...{ heard: type } })] }),
  isEven: ({ count }) => count % 2 === 0,
  isFresh: ({ visits }, { name }: Named) => (visits[name] ?? 0) < 2,
  isShort: (_context, { type }: Tagged) => type !== 'e2',
});

const machineOf = (config: object, more: object = {}): AnyStateMachine =>
  createMachine(config, { ...implementations, ...more });

type Kind = 'atomic' | 'final' | 'compound' | 'parallel';
interface Sketch {
  readonly kind: Kind;
  readonly children: readonly Sketch[];
  readonly initial: number;
  readonly lines: readonly Line[];
  readonly eventless: readonly Line[];
  readonly delayed: readonly Line[];
  readonly hasEntry: boolean;
  readonly hasExit: boolean;
  readonly hasDone: boolean;
}
/** A guard: a name, or how it is made of others. */
type Drawn =
  | 'isEven'
  | 'isFresh'
  | 'isShort'
  | { readonly how: 'not' | 'and' | 'or'; readonly parts: readonly Drawn[] };
/** One transition. `target` counts all states of the chart; without one, it stays. */
interface Line {
  readonly trigger: number;
  readonly target: number | undefined;
  readonly reenter: boolean;
  readonly guard: Drawn | undefined;
  readonly actions: readonly ('say' | 'count' | 'hear' | 'again')[];
}

const { guard } = fc.letrec<{ guard: Drawn }>((tie) => ({
  guard: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.constantFrom('isEven' as const, 'isFresh' as const, 'isShort' as const),
    fc.record({
      how: fc.constantFrom('not' as const, 'and' as const, 'or' as const),
      parts: fc.array(tie('guard'), { minLength: 1, maxLength: 3 }),
    }),
  ),
}));
const line: fc.Arbitrary<Line> = fc.record({
  trigger: fc.nat(2),
  target: fc.option(fc.nat(30), { nil: undefined, freq: 3 }),
  reenter: fc.boolean(),
  guard: fc.option(guard, { nil: undefined, freq: 3 }),
  actions: fc.array(fc.constantFrom('say' as const, 'count' as const, 'hear' as const, 'again' as const), {
    maxLength: 2,
  }),
});
const { chart: sketch } = fc.letrec<{ chart: Sketch; node: Sketch }>((tie) => {
  const own = {
    initial: fc.nat(5),
    lines: fc.array(line, { maxLength: 3 }),
    eventless: fc.array(line, { maxLength: 1 }),
    delayed: fc.array(line, { maxLength: 2 }),
    hasEntry: fc.boolean(),
    hasExit: fc.boolean(),
    hasDone: fc.boolean(),
  };
  const leaf = fc.record({
    ...own,
    kind: fc.constantFrom<Kind>('atomic', 'atomic', 'atomic', 'final'),
    children: fc.constant([]),
  });
  const around = fc.record({
    ...own,
    kind: fc.constantFrom<Kind>('compound', 'compound', 'parallel'),
    children: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
  });
  return { node: fc.oneof({ maxDepth: 3, depthSize: 'small' }, leaf, around), chart: around };
});

const hasRegions = (node: Sketch): boolean =>
  (node.kind === 'parallel' && node.children.length > 1) || node.children.some(hasRegions);

/** The configuration that a sketch stands for; every state has an id of its own. */
function chartOf(drawn: Sketch): AnyStateMachine {
  let drawnNodes = 0;
  const count = (node: Sketch): number => node.children.reduce((sum, child) => sum + count(child), 1);
  const size = count(drawn);
  const guardOf = (drawnGuard: Drawn, name: string): object => {
    if (typeof drawnGuard === 'string') {
      return { type: drawnGuard, params: drawnGuard === 'isFresh' ? { name } : message };
    }
    const parts = drawnGuard.parts.map((part) => guardOf(part, name));
    // What guards are made of is typed by the machine that they belong to, and this one is drawn.
    if (drawnGuard.how === 'not') return Reflect.apply(not, undefined, parts);
    return Reflect.apply(drawnGuard.how === 'and' ? and : or, undefined, [parts]);
  };
  const transition = (own: string, { target, reenter, guard, actions }: Line, isBounded: boolean) => {
    const name = `${own}/${target}`;
    // What could go on for ever is taken a few times only.
    const isLimited = isBounded || actions.includes('again');
    const others = guard === undefined ? [] : [guard];
    const how: Drawn | undefined = isLimited ? { how: 'and', parts: ['isFresh', ...others] } : guard;
    return {
      // The root cannot be entered from within.
      ...(target === undefined || size < 2 ? {} : { target: `#s${1 + (target % (size - 1))}`, reenter }),
      ...(how === undefined ? {} : { guard: guardOf(how, name) }),
      actions: [
        ...(isLimited ? [{ type: 'visit', params: { name } }] : []),
        ...actions.map((type) => ({ type, params: type === 'hear' ? message : { name } })),
      ],
    };
  };
  const grouped = (own: string, lines: readonly Line[], prefix: string) =>
    Object.fromEntries(
      [0, 1, 2].flatMap((trigger) => {
        const same = lines.filter((it) => it.trigger === trigger).map((it) => transition(own, it, false));
        return same.length === 0 ? [] : [[`${prefix}${trigger}`, same]];
      }),
    );
  /**
   * @param isAlone whether no region beside it has eventless transitions: where several have, plans keep to the order of
   * the document, as SCXML says; with XState the order depends on which region was entered last
   */
  const configOf = (node: Sketch, isAlone: boolean): object => {
    const id = `s${drawnNodes}`;
    drawnNodes += 1;
    const keys = node.children.map((_, index) => `c${index}`);
    const states = Object.fromEntries(
      node.children.map((child, index) => {
        const isTheOne = node.kind !== 'parallel' || index === node.initial % keys.length;
        return [`c${index}`, configOf(child, isAlone && isTheOne)];
      }),
    );
    const isFinal = node.kind === 'final';
    return {
      id,
      tags: [id],
      ...(node.hasEntry ? { entry: [{ type: 'say', params: { name: `enter ${id}` } }, 'count'] } : {}),
      ...(node.hasExit ? { exit: [{ type: 'say', params: { name: `leave ${id}` } }] } : {}),
      ...(node.kind === 'parallel' || isFinal ? { type: node.kind } : {}),
      ...(node.kind === 'compound' ? { initial: keys[node.initial % keys.length] } : {}),
      ...(keys.length > 0 ? { states } : {}),
      ...(isFinal
        ? {}
        : {
            on: grouped(id, node.lines, 'e'),
            after: grouped(id, node.delayed, 'd'),
            always:
              isAlone && !hasRegions(node) ? node.eventless.map((it) => transition(`${id} always`, it, true)) : [],
          }),
      ...(node.hasDone && keys.length > 0
        ? { onDone: { actions: [{ type: 'say', params: { name: `${id} is done` } }] } }
        : {}),
    };
  };
  return machineOf({ ...configOf(drawn, true), context: { count: 0, visits: {} } });
}

/** Without the transitions where there are regions: XState names those, too, that were preempted by another region's. */
const seen = ({ state, effects, timers, transitions }: Step, hasRegions: boolean) => ({
  value: state.snapshot.value,
  status: state.snapshot.status,
  context: state.snapshot.context,
  tags: [...state.snapshot.tags].sort(),
  armed: state.armed,
  effects,
  timers,
  transitions: hasRegions ? [] : transitions,
});

const delays = ['d0', 'd1', 'd2'];
const steppersOf = (chart: AnyStateMachine) => ({
  planned: createStepper(chart),
  interpreted: createStepper(chart, (machine, timers) => createInterpretedStepper(machine, timers, delays)),
});

describe('plans and XState', () => {
  test('take the same steps on charts drawn at random', () => {
    let steps = 0;
    let changes = 0;
    fc.assert(
      fc.property(sketch, fc.array(fc.nat(11), { maxLength: 12 }), (drawn, choices) => {
        const { planned, interpreted } = steppersOf(chartOf(drawn));
        const withRegions = hasRegions(drawn);
        let left = planned.start(undefined, true);
        let right = interpreted.start(undefined, true);
        expect(seen(left, withRegions)).toEqual(seen(right, withRegions));
        for (const choice of choices) {
          if (left.state.snapshot.status !== 'active') return;
          const timer = left.state.armed[choice % 4];
          if (choice >= 6 && timer !== undefined) {
            left = planned.fire(left.state, timer, 0, true);
            right = interpreted.fire(right.state, timer, 0, true);
          } else {
            const event = { type: `e${choice % 3}` };
            left = planned.step(left.state, event, true);
            right = interpreted.step(right.state, event, true);
          }
          expect(seen(left, withRegions)).toEqual(seen(right, withRegions));
          steps += 1;
          if (left.transitions.length > 0) changes += 1;
        }
      }),
      { numRuns: 600, seed: 20_260_101 },
    );
    expect(steps).toBeGreaterThan(2_000);
    expect(changes).toBeGreaterThan(500);
  });

  test('go on from each other, and from a state that XState has resolved', () => {
    const chart = machineOf({
      id: 'sample',
      context: { count: 0, visits: {} },
      initial: 'a',
      states: { a: { on: { e0: 'b' } }, b: { after: { d0: 'a' }, on: { e0: { actions: 'count' } } } },
    });
    const { planned, interpreted } = steppersOf(chart);
    const snapshot = chart.resolveState({ value: 'a', context: { count: 7, visits: {} } });
    const entered = planned.step({ snapshot, armed: [] }, { type: 'e0' });
    const counted = interpreted.step(entered.state, { type: 'e0' });
    const left = planned.fire(counted.state, 'xstate.after.d0.sample.b', 0);
    expect(left.state.snapshot.value).toBe('a');
    expect(left.state.snapshot.context).toEqual({ count: 8, visits: {} });
    expect(left.state.armed).toEqual([]);
  });
});

describe('a chart is refused, with the way out, when it has', () => {
  const defining =
    (config: object, more: object = {}) =>
    () => {
      createStepper(machineOf({ id: 'sample', context: { count: 0, visits: {} }, ...config }, more));
    };
  const refusal = (config: object, more?: object): unknown => {
    try {
      defining(config, more)();
    } catch (error) {
      if (error instanceof ActorDefinitionError) return error.message;
      throw error;
    }
    return 'not refused';
  };

  test('history', () => {
    expect(defining({ initial: 'a', states: { a: {}, b: {} } })).not.toThrow();
    expect(refusal({ initial: 'a', states: { a: {}, b: { type: 'history' } } })).toBe(
      "machine 'sample' cannot be stepped: state 'sample.b' is a history state; keep in the context where to return to, and choose by a guard",
    );
  });

  test("XState's own actions", () => {
    expect(defining({ entry: 'count' })).not.toThrow();
    expect(refusal({ entry: 'reset' }, { actions: { reset: assign({ count: 0 }) } })).toBe(
      "machine 'sample' cannot be stepped: state 'sample' runs 'reset', which is no rule; make it of a function by 'bind' (see rulesOf)",
    );
  });

  test('a guard that looks at states', () => {
    expect(defining({ on: { e0: { guard: or(['isEven', not('isEven')]), actions: 'count' } } })).not.toThrow();
    const isIn = { guards: { ...implementations.guards, isIn: stateIn('a') } };
    expect(refusal({ on: { e0: { guard: and(['isEven', 'isIn']), actions: 'count' } } }, isIn)).toBe(
      "machine 'sample' cannot be stepped: state 'sample' asks 'isIn', which is neither a predicate nor made by not(), and() or or() of such; ask the context by one",
    );
  });

  test('an output', () => {
    const states = { a: {}, b: { type: 'final' } };
    expect(defining({ initial: 'a', states })).not.toThrow();
    expect(refusal({ initial: 'a', states, output: 1 })).toBe(
      "machine 'sample' cannot be stepped: state 'sample' has an output; let a rule deliver it",
    );
  });

  test('actions on an initial transition', () => {
    expect(refusal({ initial: { target: 'a', actions: 'count' }, states: { a: {} } })).toBe(
      "machine 'sample' cannot be stepped: state 'sample' has actions on its initial transition; make them entry actions of the state that it enters",
    );
  });
});

test('a predicate for an action, and a rule for a guard, stop at their first use', () => {
  const chart = machineOf({
    id: 'sample',
    context: { count: 0, visits: {} },
    on: { e0: { actions: 'isEven' }, e1: { guard: 'count', actions: 'count' } },
  });
  const { state } = createStepper(chart).start(undefined);
  expect(() => createStepper(chart).step(state, { type: 'e0' })).toThrow(/expected the action 'isEven' to answer/);
  expect(() => createStepper(chart).step(state, { type: 'e1' })).toThrow(/expected the guard 'count' to answer/);
});
