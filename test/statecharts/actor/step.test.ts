/**
 * The two ways of stepping a chart, by plans and by XState itself, must not differ. Charts are drawn at random from all
 * that plans know, and both are led along the same random events.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, assign, createMachine, not } from 'xstate';
import { createInterpretedStepper } from '../../../statecharts/actor/step/interpreted.ts';
import { createPlannedStepper } from '../../../statecharts/actor/step/planned.ts';
import { createStepper } from '../../../statecharts/actor/step.ts';
import { deliver, message, rulesOf, type Step, type Tagged } from '../../../statecharts/actor.ts';

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
/** One transition. `target` counts all states of the chart; without one, it stays. */
interface Line {
  readonly trigger: number;
  readonly target: number | undefined;
  readonly reenter: boolean;
  readonly guard: 'isEven' | 'isFresh' | 'isShort' | undefined;
  readonly actions: readonly ('say' | 'count' | 'hear' | 'again')[];
}

const line: fc.Arbitrary<Line> = fc.record({
  trigger: fc.nat(2),
  target: fc.option(fc.nat(30), { nil: undefined, freq: 3 }),
  reenter: fc.boolean(),
  guard: fc.constantFrom('isEven' as const, 'isFresh' as const, 'isShort' as const, undefined),
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
  // Where several regions have eventless transitions, plans keep to the order of the document, as SCXML says; with XState
  // the order depends on which region was entered last.
  const hasEventless = !hasRegions(drawn);
  const transition = (own: string, { target, reenter, guard, actions }: Line, isBounded: boolean) => {
    const name = `${own}/${target}`;
    // What could go on for ever is taken a few times only.
    const isLimited = isBounded || actions.includes('again');
    const how = isLimited ? 'isFresh' : guard;
    return {
      // The root cannot be entered from within.
      ...(target === undefined || size < 2 ? {} : { target: `#s${1 + (target % (size - 1))}`, reenter }),
      ...(how === undefined ? {} : { guard: { type: how, params: how === 'isFresh' ? { name } : message } }),
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
  const configOf = (node: Sketch): object => {
    const id = `s${drawnNodes}`;
    drawnNodes += 1;
    const keys = node.children.map((_, index) => `c${index}`);
    const states = Object.fromEntries(node.children.map((child, index) => [`c${index}`, configOf(child)]));
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
            always: hasEventless ? node.eventless.map((it) => transition(`${id} always`, it, true)) : [],
          }),
      ...(node.hasDone && keys.length > 0
        ? { onDone: { actions: [{ type: 'say', params: { name: `${id} is done` } }] } }
        : {}),
    };
  };
  return machineOf({ ...configOf(drawn), context: { count: 0, visits: {} } });
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
  planned: createStepper(chart, delays, (machine, timers) => {
    const planned = createPlannedStepper(machine, timers);
    if (planned === undefined) throw new Error('expected a chart that plans know');
    return planned;
  }),
  interpreted: createStepper(chart, delays, createInterpretedStepper),
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

describe('a chart is left to XState when it has', () => {
  const isPlanned = (config: object, more: object = {}): boolean => {
    const chart = machineOf({ id: 'sample', context: { count: 0, visits: {} }, ...config }, more);
    return createPlannedStepper(chart, new Map()) !== undefined;
  };

  test('history', () => {
    expect(isPlanned({ initial: 'a', states: { a: {}, b: {} } })).toBe(true);
    expect(isPlanned({ initial: 'a', states: { a: {}, b: { type: 'history' } } })).toBe(false);
  });

  test("XState's own actions", () => {
    expect(isPlanned({ entry: 'count' })).toBe(true);
    expect(isPlanned({ entry: 'reset' }, { actions: { reset: assign({ count: 0 }) } })).toBe(false);
  });

  test('a composed guard', () => {
    expect(isPlanned({ on: { e0: { guard: 'isEven', actions: 'count' } } })).toBe(true);
    expect(isPlanned({ on: { e0: { guard: not('isEven'), actions: 'count' } } })).toBe(false);
  });

  test('an output', () => {
    const states = { a: {}, b: { type: 'final' } };
    expect(isPlanned({ initial: 'a', states })).toBe(true);
    expect(isPlanned({ initial: 'a', states, output: 1 })).toBe(false);
  });

  test('actions on an initial transition', () => {
    expect(isPlanned({ initial: { target: 'a', actions: 'count' }, states: { a: {} } })).toBe(false);
  });
});
