import { expect, test } from 'vitest';
import type { Shown } from '../../src/dashboard/feed.ts';
import { feedOf, type NodeFeedOptions } from '../../src/dashboard/node-feed.ts';
import { add, address, bench } from '../host/bench.ts';
import { counter } from '../host/counter.ts';

/** A counter at `n1`, the peer `n2`, and what a feed tells of it. */
function watched(options: Partial<NodeFeedOptions> = {}) {
  const { clock, settle, node: nodeOf, peer } = bench();
  const { node, journal } = nodeOf('n1', { definitions: [counter] });
  const { say } = peer('n2');
  const handle = node.start(counter, { input: {} });
  settle();
  const items: Shown[] = [];
  const feed = feedOf(node, (item) => items.push(item), { clock, originMs: 1_000, ...options });
  const of = <Type extends Shown['type']>(type: Type) =>
    items.filter((item): item is Shown & { readonly type: Type } => item.type === type);
  return { clock, settle, handle, node, journal, say, items, of, feed };
}

test('tells first of the actors that are alive, then of each step with its cause, transitions and what it asked for', () => {
  const { items, say, settle, of } = watched();
  expect(items).toEqual([
    { type: 'up', node: 'n1', atMs: 1_000 },
    expect.objectContaining({ type: 'actor', actor: address, chart: 'test.counter', role: 'even' }),
  ]);
  say(address, add(1));
  settle();
  expect(of('step')[0]).toMatchObject({
    node: 'n1',
    actor: address,
    from: 'n2/test.peer/',
    cause: { type: 'add', amount: 1 },
    effects: ['persist added', 'deliver count'],
    role: 'odd',
    context: { count: 1 },
  });
});

test('names a timer by its delay, as feeds of simulated runs do', () => {
  const { clock, handle, settle, of } = watched();
  handle.send({ type: 'tick' });
  settle();
  clock.advance(50);
  settle();
  expect(of('step').map(({ cause }) => cause)).toEqual([{ type: 'tick' }, { type: 'after pause' }]);
});

test('tells of no step of an actor that is gone, as another observer of the step has stopped the node', () => {
  const { clock, settle, node: nodeOf, peer } = bench();
  const { node } = nodeOf('n1', { definitions: [counter] });
  const { say } = peer('n2');
  node.start(counter, { input: {} });
  settle();
  node.inspection.subscribe(({ type }) => {
    if (type === 'step') void node.stop();
  });
  const items: Shown[] = [];
  feedOf(node, (item) => items.push(item), { clock });
  say(address, add(1));
  settle();
  expect(items.map(({ type }) => type)).toEqual(['up', 'actor']);
});

test('tells of a message when it leaves, and which step asked for it', () => {
  const { journal, say, settle, of } = watched();
  say(address, add(1));
  settle();
  expect(of('sent')).toEqual([]);
  journal.flush();
  settle();
  expect(of('flushed')).toHaveLength(1);
  expect(of('sent')).toEqual([
    expect.objectContaining({
      from: address,
      to: 'n2/test.peer/',
      message: { type: 'counted' },
      step: of('step')[0]?.id,
    }),
  ]);
});

test('holds back what follows an earlier record that is not durable', () => {
  const { journal, say, settle, of } = watched();
  say(address, add(1));
  say(address, add(2));
  settle();
  journal.flush(1);
  settle();
  expect(of('sent').map(({ step }) => step)).toEqual([of('step')[0]?.id]);
});

test('tells in numbers what is beyond its share, and then how the actors stand', () => {
  const { clock, say, settle, of, items } = watched({ itemsPerSecond: 8 });
  for (let count = 0; count < 10; count += 1) say(address, add(1));
  settle();
  expect(of('step')).toHaveLength(2);
  items.length = 0;
  clock.advance(250);
  expect(of('summary')).toEqual([expect.objectContaining({ counts: { step: 8 } })]);
  expect(of('actor')).toEqual([
    expect.objectContaining({ actor: address, context: expect.objectContaining({ count: 10 }) }),
  ]);
  clock.advance(1_000);
  say(address, add(1));
  settle();
  expect(of('step')).toHaveLength(1);
});

test('has the node build nothing while its share is used up, and counts all that it leaves out', () => {
  const { clock, node, journal, say, settle, of, items } = watched({ itemsPerSecond: 8 });
  let built = 0;
  // It looks only at what is built for the feed.
  node.sampled({ wants: () => false, passedStep: () => {}, passedFlush: () => {} }).subscribe(({ type }) => {
    if (type === 'step' || type === 'flushed') built += 1;
  });
  for (let count = 0; count < 10; count += 1) say(address, add(1));
  settle();
  journal.flush();
  settle();
  expect(built).toBe(2);
  expect(of('step')).toHaveLength(2);
  expect(of('sent')).toHaveLength(2);
  items.length = 0;
  clock.advance(250);
  // Ten were added, and each noted once it was durable: two steps and the two messages that they sent were told.
  expect(of('summary')).toEqual([expect.objectContaining({ counts: { step: 18, flushed: 10, sent: 8 } })]);
});

test('counts the same when another observer has the node build everything', () => {
  const { clock, node, journal, say, settle, of } = watched({ itemsPerSecond: 8 });
  node.inspection.subscribe();
  for (let count = 0; count < 10; count += 1) say(address, add(1));
  settle();
  journal.flush();
  settle();
  clock.advance(250);
  expect(of('summary')).toEqual([expect.objectContaining({ counts: { step: 18, flushed: 10, sent: 8 } })]);
});

test('tells of a change of role at once though its share is used up', () => {
  const { journal, say, settle, of, items } = watched({ itemsPerSecond: 4 });
  const change = (): void => {
    say(address, add(1));
    settle();
    journal.flush();
    settle();
  };
  change();
  expect(of('step').map(({ role }) => role)).toEqual(['odd']);
  items.length = 0;
  change();
  expect(of('step')).toEqual([]);
  expect(of('actor')).toEqual([
    expect.objectContaining({ actor: address, role: 'even', context: expect.objectContaining({ count: 2 }) }),
  ]);
});

test('tells at once that a role is undone which was told, and is not durable, though its share is used up', () => {
  const { journal, say, settle, of, items } = watched({ itemsPerSecond: 4 });
  items.length = 0;
  say(address, add(1));
  say(address, add(1));
  settle();
  expect(of('step').map(({ role }) => role)).toEqual(['odd']);
  const undone = expect.objectContaining({ actor: address, role: 'even' });
  expect(of('actor')).toEqual([undone]);
  journal.flush();
  settle();
  expect(of('actor')).toEqual([undone]);
});

test('tells changes of role in numbers where there are too many, and then how it stands', () => {
  const { clock, journal, say, settle, of } = watched({ itemsPerSecond: 4 });
  for (let count = 0; count < 32; count += 1) {
    say(address, add(1));
    settle();
    journal.flush();
    settle();
  }
  // The first one is told by its step, the next 25 by themselves, with the actor that was there at first.
  expect(of('actor')).toHaveLength(26);
  clock.advance(250);
  // Every other one of the last six leads back to the role that was told.
  expect(of('summary')).toEqual([expect.objectContaining({ counts: expect.objectContaining({ role: 3 }) })]);
  expect(of('actor').at(-1)).toMatchObject({ role: 'even', context: expect.objectContaining({ count: 32 }) });
});

test('tells of an actor that ends or fails, and of what went nowhere', () => {
  const { handle, say, settle, of } = watched();
  say('n1/test.counter/other', { type: 'nonsense' });
  handle.send({ type: 'misbehave' });
  settle();
  expect(of('lost')).toEqual([expect.objectContaining({ to: 'n1/test.counter/other' })]);
  expect(of('gone')).toEqual([
    expect.objectContaining({ actor: address, error: expect.stringContaining('a rule misbehaved') }),
  ]);
});

test('costs nothing, and tells nothing, once it is no longer wanted', () => {
  const { clock, say, settle, items, feed } = watched({ itemsPerSecond: 4 });
  for (let count = 0; count < 10; count += 1) say(address, add(1));
  settle();
  feed.unsubscribe();
  items.length = 0;
  say(address, add(1));
  clock.advance(1_000);
  expect(items).toEqual([]);
});
