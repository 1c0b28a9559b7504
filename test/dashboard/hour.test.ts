import { expect, test } from 'vitest';
import type { Shown, ShownActor } from '../../src/dashboard/feed.ts';
import { defaultLimits } from '../../src/dashboard/model/limits.ts';
import { Timeline } from '../../src/dashboard/model/timeline.ts';
import { feedOf } from '../../src/dashboard/node-feed.ts';
import type { Address } from '../../statecharts/actor.ts';
import { add, bench } from '../host/bench.ts';
import { counter } from '../host/counter.ts';
import { head, serverAt } from './feeds.ts';

const hourMs = 3_600_000;
const tickMs = 400;

/** What a busy cluster tells in one tick, with all that is left behind: what begins and never ends. */
function* tick(at: number): Generator<Shown> {
  const happened = { node: 'n1', atMs: at * tickMs };
  const transaction: ShownActor = {
    actor: `n1/2pc.coordinator/tx-${at}`,
    chart: '2pc.coordinator',
    value: { undecided: { collecting: 'asking' } },
    context: { transaction: `tx-${at}`, branches: [{ resource: 'orders', vote: 'awaited', acknowledged: false }] },
  };
  const way = { from: serverAt('n1'), to: serverAt('n2') };
  const message = { type: 'append', index: at };
  yield { ...happened, type: 'actor', ...transaction };
  if (at % 3 === 0) yield { ...happened, type: 'gone', actor: transaction.actor };
  yield { ...happened, type: 'sent', id: `m${at}`, ...way, message };
  const stood = { chart: 'raft.server', value: 'follower', role: 'follower', context: { term: 1, commitIndex: at } };
  const step = { ...happened, node: 'n2', transitions: [], effects: [], actor: way.to, from: way.from, ...stood };
  // Every fifth is never taken in. One that has long been forgotten is taken in now, and another is found to be lost.
  if (at % 5 !== 0) yield { ...step, type: 'step', id: `s${at}`, cause: message };
  yield { ...step, type: 'step', id: `old${at}`, cause: { type: 'append' }, sent: `m${at - 3_000}` };
  yield {
    ...happened,
    type: 'lost',
    sent: `m${at - 2_500}`,
    ...way,
    message: { type: 'append', index: at - 2_500 },
    reason: 'cut',
  };
  const late = at - (at % 5) - 2_200;
  yield { ...happened, type: 'lost', ...way, message: { type: 'append', index: late }, reason: 'dropped' };
  yield {
    ...happened,
    type: 'sent',
    id: `q${at}`,
    from: way.from,
    to: 'n3/store/',
    message: { type: 'get', index: at },
  };
  yield { ...happened, node: 'n3', type: 'arrived', sent: `q${at}`, to: 'n3/store/' };
  yield { ...happened, type: 'operation', id: `o${at}`, phase: 'began', client: `c${at}`, text: 'put k' };
  if (at % 4 === 0) {
    yield { ...happened, type: 'operation', id: `o${at}`, phase: 'ended', client: `c${at}`, text: 'ok' };
  }
  if (at % 10 === 0) {
    const fault = { id: `f${at}`, text: 'n1 cannot reach n2', nodes: ['n1', 'n2'], byHand: true };
    yield { ...happened, type: 'fault', isActive: true, ...fault };
    yield { ...happened, type: 'peer', peer: `client-${at}`, status: 'connected' };
    yield { ...happened, type: 'violation', claim: 'agreement', text: `at ${at}` };
    yield { ...happened, type: 'summary', counts: { step: 40 }, reason: 'busy' };
  }
}

test('a page that hears of a busy cluster for an hour keeps no more than its limits, of anything', () => {
  const timeline = new Timeline();
  timeline.add([head]);
  const kept: Readonly<Record<string, number>>[] = [];
  for (let at = 0; at < hourMs / tickMs; at += 1) {
    timeline.add([...tick(at)]);
    if (at % 1_500 === 1_499) kept.push(timeline.kept);
  }
  const { items, perKeyFrame, atOnce, unpaired } = defaultLimits;
  const last = kept.at(-1) ?? expect.fail();
  expect(timeline.end).toBeGreaterThan(4 * items);
  expect(last.items).toBeLessThanOrEqual(items);
  expect(last.frames).toBeLessThanOrEqual(items / perKeyFrame + 1);
  for (const kind of ['places', 'arrivals', 'pairs', 'lost', 'marks'] as const) {
    expect([kind, last[kind]]).toEqual([kind, expect.toSatisfy((count: number) => count <= items)]);
  }
  expect(last.unpaired).toBeLessThanOrEqual(unpaired);
  for (const kind of ['actors', 'operations', 'faults', 'peers'] as const) {
    expect([kind, last[kind]]).toEqual([kind, expect.toSatisfy((count: number) => count <= atOnce)]);
  }
  expect(last.nodes).toBe(3);
  expect(timeline.at(timeline.end).violations).toHaveLength(16);
  // What there was no room for, the page says.
  expect(timeline.at(timeline.end).omitted).toBeGreaterThan(0);
  // What only grows slowly would be seen as well: the second half hour has added nothing.
  const half = kept[2] ?? expect.fail();
  for (const [kind, count] of Object.entries(last)) {
    expect([kind, count]).toEqual([
      kind,
      expect.toSatisfy((it: number) => it <= 1.05 * (half[kind] ?? 0) + 10 || it <= atOnce),
    ]);
  }
});

test('a node that is busy for an hour tells no more than its share, and what it remembers of it stays bounded', () => {
  const { clock, settle, node: nodeOf, peer } = bench();
  const { node, journal } = nodeOf('n1', { definitions: [counter], development: false });
  const { say } = peer('n2');
  const counts = new Map<string, number>();
  /** Actors that a page would show: those that it was told of, and not of their end. */
  const shown = new Set<string>();
  let mostShown = 0;
  const itemsPerSecond = 8;
  let inBurst = 0;
  let mostInBurst = 0;
  const feed = feedOf(
    node,
    (item) => {
      counts.set(item.type, (counts.get(item.type) ?? 0) + 1);
      inBurst += 1;
      if (item.type === 'actor' || item.type === 'step') shown.add(item.actor);
      if (item.type === 'gone') shown.delete(item.actor);
      mostShown = Math.max(mostShown, shown.size);
    },
    { clock, itemsPerSecond },
  );
  for (let second = 0; second < hourMs / 1_000; second += 10) {
    // Actors that live for a moment, and one that lives on: more of either than is told one by one.
    for (let each = 0; each < 6; each += 1) {
      const brief: Address = `n1/test.counter/${second}-${each}`;
      say(brief, add(1));
      settle();
      node.request(brief, { type: 'end' });
    }
    for (let each = 0; each < 12; each += 1) say('n1/test.counter/', add(1));
    settle();
    journal.flush();
    settle();
    clock.advance(10_000);
    mostInBurst = Math.max(mostInBurst, inBurst);
    inBurst = 0;
  }
  const told = [...counts.values()].reduce((sum, count) => sum + count, 0);
  expect(counts.get('summary')).toBeGreaterThan(300);
  // Besides its share, a summary with how actors stand, and the end of those that were told of.
  expect(mostInBurst).toBeLessThan(60);
  expect(told).toBeLessThan(40 * 360);
  expect([...shown]).toEqual(['n1/test.counter/']);
  expect(mostShown).toBeLessThan(10);
  feed.unsubscribe();
});
