import { describe, expect, test } from 'vitest';
import { CheckLimitError, check, type Model, ModelError, NotPureError } from '../../src/checker.ts';
import { deafTo, echo, fragile, impure } from './models/echo.ts';

const reached = (model: Model): string[] =>
  check(model, { keepGoing: true }).properties.flatMap(({ name, verdict }) => (verdict === 'reached' ? [name] : []));

describe('networks', () => {
  test('an unordered one delivers each envelope once, in any order', () => {
    const result = check(echo(2));
    // Nothing, 1, 2, 1 then 2, 2 then 1.
    expect(result).toMatchObject({ states: 5, transitions: 4, complete: true });
    expect(reached(echo(2))).toEqual(['hears 1 then 2', 'hears 2 then 1', 'hears 2']);
  });

  test('an ordered one keeps the order of each pair', () => {
    expect(check(echo(3, { kind: 'ordered' }))).toMatchObject({ states: 4, transitions: 3 });
    expect(reached(echo(2, { kind: 'ordered' }))).toEqual(['hears 1 then 2']);
  });

  test('an ordered one delivers what the chart ignores, so that it blocks nothing', () => {
    const model: Model = { ...echo(3, { kind: 'ordered' }, deafTo(1)), deliveries: 'changing' };
    expect(reached(model)).toEqual(['hears 2']);
  });

  test('a duplicating one delivers everything again and again', () => {
    const model = { ...echo(2, { kind: 'duplicating' }), boundary: heardAtMost(3) };
    const result = check(model);
    // All sequences of 1 and 2 of up to three elements.
    expect(result).toMatchObject({ states: 1 + 2 + 4 + 8, complete: true, pruned: 16 });
    expect(reached(model)).toHaveLength(4);
  });

  test('losses stop when their budget is spent', () => {
    expect(reached(echo(2, { kind: 'ordered', losses: 1 }))).toEqual(['hears 1 then 2', 'hears 2']);
    const none = check({ ...echo(2, { losses: 1 }), always: { 'something is left': somethingIsLeft } });
    expect(none.properties).toContainEqual({ name: 'something is left', kind: 'always', verdict: 'holds' });
    const all = check({ ...echo(2, { losses: 2 }), always: { 'something is left': somethingIsLeft } });
    expect(
      all.properties.find(({ name }) => name === 'something is left')?.trace?.steps.map(({ type }) => type),
    ).toEqual(['lose', 'lose']);
  });

  test('duplicates stop when their budget is spent', () => {
    expect(reached(echo(1, { duplicates: 1 }))).toEqual(['hears 1 then 1']);
    expect(reached(echo(1))).toEqual([]);
    expect(check(echo(1, { duplicates: 2 })).depth).toBe(4);
  });
});

describe('a model', () => {
  test('is refused when an actor says different things in one state', () => {
    const model = { ...echo(2, { kind: 'duplicating' }, impure()), boundary: heardAtMost(3) };
    expect(() => check(model, { recomputeEvery: 1 })).toThrow(NotPureError);
  });

  test('shows a rule that throws as a violation, unless that is allowed', () => {
    const result = check(echo(2, {}, fragile));
    expect(result.properties[0]).toMatchObject({ name: 'no actor fails', verdict: 'violated' });
    expect(result.properties[0]?.trace?.details.at(-1)?.changes).toEqual([
      { actor: 'l/listener/', life: 'failed', state: undefined, role: undefined },
    ]);
    expect(check({ ...echo(2, {}, fragile), mayFail: true }).complete).toBe(true);
  });

  test('that sends where nobody is, is refused by name', () => {
    const model = echo(1);
    expect(() => check({ ...model, actors: model.actors.slice(0, 1) })).toThrow(
      /'l\/listener\/', which the model lacks/,
    );
    expect(check({ ...model, actors: model.actors.slice(0, 1), outside: ['l/listener/'], sometimes: {} }).states).toBe(
      1,
    );
  });

  test('with two actors at one address is refused', () => {
    const model = echo(1);
    expect(() => check({ ...model, actors: [...model.actors, ...model.actors] })).toThrow(ModelError);
  });

  test('stops at its limit of states, and says so', () => {
    const result = check(echo(5), { maxStates: 20 });
    expect(result).toMatchObject({ complete: false, stoppedBy: 'states' });
    expect(result.properties.every(({ verdict }) => verdict !== 'holds')).toBe(true);
  });

  test('whose network never stops growing is stopped with advice', () => {
    expect(() => check(echo(1_100))).toThrow(CheckLimitError);
  });

  test('reports progress while it is being checked', () => {
    let nowMs = 0;
    const clock = { nowMs: () => (nowMs += 10), setTimeout: () => 0, clearTimeout: () => {}, enqueue: () => {} };
    const seen: number[] = [];
    check(echo(8), { clock, progressIntervalMs: 10, onProgress: ({ states }) => seen.push(states) });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });
});

type Predicate = NonNullable<Model['boundary']>;

function heardOf(state: Parameters<Predicate>[0], node: string): number {
  const context: unknown = state.actors.find((actor) => actor.node === node)?.snapshot?.context;
  if (typeof context !== 'object' || context === null || !('heard' in context)) return 0;
  return Array.isArray(context.heard) ? context.heard.length : 0;
}

function heardAtMost(count: number): Predicate {
  return (state) => heardOf(state, 'l') <= count;
}

function somethingIsLeft(state: Parameters<Predicate>[0]): boolean {
  return state.network.length + heardOf(state, 'l') > 0;
}
