import { describe, expect, test, vi } from 'vitest';
import type { InspectionEvent, Sampler } from '../../src/host/inspection.ts';
import type { Released } from '../../src/host/outbox.ts';
import type { Address } from '../../statecharts/actor.ts';
import { add, address, bench } from './bench.ts';
import { counter } from './counter.ts';

/** A counter at `n1` that a peer adds to, with whether each of its steps was traced. */
function started() {
  const { settle, node: nodeOf, peer } = bench();
  const traced: boolean[] = [];
  const watchedCounter: typeof counter = {
    ...counter,
    transition(state, event, isTraced = false) {
      traced.push(isTraced);
      return counter.transition(state, event, isTraced);
    },
  };
  const { node, journal } = nodeOf('n1', { definitions: [watchedCounter] });
  const handle = node.start(watchedCounter, { input: {} });
  const { say, bus } = peer('n2');
  settle();
  return { node, journal, handle, settle, traced, say, bus };
}

/** What a sampler hears, and what it is told it did not want. */
type Heard =
  | InspectionEvent
  | { readonly type: 'passed step'; readonly actor: Address; readonly released: readonly Released[] }
  | { readonly type: 'passed flush' };

/** What a sampler hears of `add(1)` and its flush. */
function sampledBy(wants: Sampler['wants']) {
  const life = started();
  const heard: Heard[] = [];
  const sampler: Sampler = {
    wants,
    passedStep: (actor, released) => heard.push({ type: 'passed step', actor, released }),
    passedFlush: () => heard.push({ type: 'passed flush' }),
  };
  const subscription = life.node.sampled(sampler).subscribe((it) => heard.push(it));
  const addOne = () => {
    life.say(address, add(1));
    life.settle();
    life.journal.flush();
    life.settle();
  };
  return { ...life, heard, subscription, addOne };
}

const typesOf = (heard: readonly Heard[]) => heard.map(({ type }) => type);

describe('a sampler', () => {
  test('has nothing traced or built of the steps and flushes that it does not want, and hears that they were', () => {
    const { addOne, heard, traced } = sampledBy(() => false);
    addOne();
    expect(traced).toEqual([false, false]);
    expect(typesOf(heard)).toEqual(['passed step', 'passed flush', 'released', 'role', 'passed step']);
    expect(heard[0]).toEqual({ type: 'passed step', actor: address, released: [] });
  });

  test('hears of a step that was not built what leaves at once, and of a flush what it releases', () => {
    const { addOne, heard } = sampledBy(() => false);
    addOne();
    expect(heard.at(-1)).toMatchObject({
      type: 'passed step',
      released: [{ type: 'deliver', output: { type: 'noted' } }],
    });
    expect(heard.find(({ type }) => type === 'released')).toMatchObject({
      effects: [{ type: 'send', to: 'n2/test.peer/' }, { type: 'send', to: address }, { type: 'deliver' }],
    });
  });

  test('is given whole what it wants, and no other', () => {
    let wanted = 1;
    const { addOne, heard, traced } = sampledBy(() => {
      wanted -= 1;
      return wanted >= 0;
    });
    addOne();
    expect(traced).toEqual([true, false]);
    expect(heard[0]).toMatchObject({ type: 'step', cause: { type: 'add' }, sequence: 1 });
    expect(heard[0]).toHaveProperty('transitions', [expect.anything(), expect.anything()]);
    expect(typesOf(heard.slice(1))).toEqual(['passed flush', 'released', 'role', 'passed step']);
  });

  test('hears of actors that begin, end or fail, of changes of role and of refusals whatever it wants', () => {
    const { node, say, settle, handle, heard } = sampledBy(() => false);
    node.start(counter, { key: 'other', input: {} });
    say(address, { type: 'nonsense' });
    handle.send({ type: 'misbehave' });
    settle();
    expect(typesOf(heard)).toEqual(['started', 'failed', 'passed step', 'role', 'refused']);
  });

  test('is given also what only another observer wants, which misses nothing by it', () => {
    const { node, addOne, heard, traced } = sampledBy(() => false);
    const seen: InspectionEvent[] = [];
    const looking = node.inspection.subscribe((it) => seen.push(it));
    addOne();
    expect(traced).toEqual([true, true]);
    expect(seen.map(({ type }) => type)).toEqual(['step', 'flushed', 'released', 'role', 'step']);
    expect(heard).toEqual(seen);
    looking.unsubscribe();
    addOne();
    expect(seen).toHaveLength(5);
    expect(traced.slice(2)).toEqual([false, false]);
  });

  test('is asked for nothing once it has gone', () => {
    const wants = vi.fn(() => true);
    const { addOne, heard, traced, subscription } = sampledBy(wants);
    subscription.unsubscribe();
    addOne();
    expect(wants).not.toHaveBeenCalled();
    expect(heard).toEqual([]);
    expect(traced).toEqual([false, false]);
  });

  test.each(['wants', 'passedStep', 'passedFlush'] as const)('whose %s throws is ended alone', (part) => {
    const { node, addOne, heard } = sampledBy(() => false);
    const misbehaving: Sampler = { wants: () => false, passedStep: () => {}, passedFlush: () => {} };
    const errors: unknown[] = [];
    node
      .sampled({
        ...misbehaving,
        [part]: () => {
          throw new Error('a sampler misbehaved');
        },
      })
      .subscribe({ error: (error: unknown) => errors.push(error) });
    addOne();
    addOne();
    expect(errors).toEqual([new Error('a sampler misbehaved')]);
    expect(node.isAlive(address)).toBe(true);
    expect(heard).toHaveLength(10);
  });
});

test('an observer that comes after an actor was started and before its first step hears that step', () => {
  const { settle, node: nodeOf } = bench();
  const { node } = nodeOf('n1', { definitions: [counter] });
  node.start(counter, { input: {} });
  const heard: InspectionEvent[] = [];
  node.inspection.subscribe((it) => heard.push(it));
  settle();
  expect(heard).toContainEqual(expect.objectContaining({ type: 'step', cause: { type: 'xstate.init' } }));
});
