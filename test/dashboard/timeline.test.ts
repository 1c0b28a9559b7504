import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RunningMoment } from '../../src/dashboard/model/moment.ts';
import { Timeline } from '../../src/dashboard/model/timeline.ts';
import { head, serverAt, Teller, twoElections } from './feeds.ts';

const items = twoElections();

const timelineOf = (limits = {}, told = items): Timeline => {
  const timeline = new Timeline(limits);
  timeline.add([head, ...told]);
  return timeline;
};

/** What a moment says, to compare. */
const saidOf = (timeline: Timeline, position: number): unknown => {
  const { nodes, actors, operations, faults, peers, violations, omitted } = timeline.at(position);
  return {
    nodes: [...nodes],
    actors: [...actors],
    operations: [...operations],
    faults: [...faults],
    peers: [...peers],
    violations,
    omitted,
  };
};

describe('a time line', () => {
  test('tells who led before and after a leader was killed', () => {
    const timeline = timelineOf();
    const killed = items.findIndex(({ type }) => type === 'down');
    const roleOf = (position: number, node: string) => timeline.at(position).actors.get(serverAt(node))?.role;
    expect(roleOf(killed, 'n1')).toBe('leader');
    expect(roleOf(killed + 1, 'n1')).toBeUndefined();
    expect(timeline.at(killed + 1).nodes.get('n1')).toMatchObject({ status: 'down', reason: 'killed by SIGKILL' });
    expect(roleOf(timeline.end, 'n2')).toBe('leader');
    expect(roleOf(killed, 'n2')).toBe('follower');
  });

  test('tells each moment as all that happened until then makes it, wherever its key frames are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(items.length), (perKeyFrame, position) => {
        const whole = timelineOf({}, items.slice(0, position));
        expect(saidOf(timelineOf({ perKeyFrame }), position)).toEqual(saidOf(whole, position));
      }),
    );
  });

  test('keeps a bounded history, whose positions and moments stay what they were', () => {
    const kept = timelineOf({ items: 20, perKeyFrame: 4 });
    const whole = timelineOf();
    expect(kept.end).toBe(items.length);
    expect(kept.end - kept.first).toBeLessThanOrEqual(20);
    expect(kept.first).toBeGreaterThan(0);
    expect(kept.item(kept.first - 1)).toBeUndefined();
    for (let position = kept.first; position <= kept.end; position += 1) {
      expect(saidOf(kept, position)).toEqual(saidOf(whole, position));
      expect(kept.item(position)).toEqual(items[position]);
    }
    expect(saidOf(kept, 0)).toEqual(saidOf(whole, kept.first));
  });

  test('forgets the places of what is gone', () => {
    const kept = timelineOf({ items: 20, perKeyFrame: 4 });
    const [first] = items.flatMap((item) => (item.type === 'step' ? [item.id] : []));
    expect(kept.placeOf(first ?? '')).toBeUndefined();
    const last = items.findLast((item) => item.type === 'step');
    expect(kept.placeOf(last?.id ?? '')).toBe(items.indexOf(last ?? items[0] ?? expect.fail()));
  });

  test('says how many actors it had no room for', () => {
    expect(timelineOf({ atOnce: 2 }).at(items.length).omitted).toBeGreaterThan(0);
    expect(timelineOf().at(items.length).omitted).toBe(0);
  });

  test('keeps its history when the same feed tells anew how all stands', () => {
    const timeline = timelineOf({ perKeyFrame: 4 });
    const anew = new Teller().up('n3', { role: 'follower', value: 'follower', term: 2 }).items;
    timeline.add([head, head, ...anew]);
    expect([timeline.first, timeline.end]).toEqual([0, items.length + 2]);
    expect([...timeline.at(timeline.end).actors.keys()]).toEqual([serverAt('n3')]);
    expect(timeline.at(items.length - 1).actors.get(serverAt('n2'))?.role).toBe('leader');
    expect(saidOf(timeline, 30)).toEqual(saidOf(timelineOf(), 30));
    expect(timeline.item(items.length)).toEqual(anew[0]);
  });

  test('begins anew with the head of another feed', () => {
    const timeline = timelineOf();
    timeline.add([{ ...head, title: 'another', nodes: ['m1'] }]);
    expect([timeline.first, timeline.end]).toEqual([0, 0]);
    expect([...timeline.at(0).nodes.keys()]).toEqual(['m1']);
    expect(timeline.placeOf('s7')).toBeUndefined();
  });

  test('begins anew with the head of a feed that is whole, as it tells all again', () => {
    const timeline = timelineOf();
    timeline.add([{ ...head, isWhole: true }, ...items]);
    expect([timeline.first, timeline.end]).toEqual([0, items.length]);
  });

  test('finds the position of an instant', () => {
    const timeline = timelineOf();
    for (let position = 1; position <= timeline.end; position += 1) {
      const found = timeline.positionAt(timeline.atMs(position) ?? 0);
      expect(found).toBeGreaterThanOrEqual(position);
      expect(timeline.item(found)?.atMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(timeline.atMs(position) ?? 0);
    }
    expect(timeline.positionAt(0)).toBe(0);
  });

  test('marks changes of role, and what becomes of nodes', () => {
    const marks = timelineOf()
      .marks()
      .map(({ kind, text }) => `${kind}: ${text}`);
    expect(marks.filter((mark) => mark.startsWith('role'))).toEqual([
      'role: n1 raft.server candidate',
      'role: n1 raft.server leader',
      'role: n2 raft.server candidate',
      'role: n2 raft.server leader',
    ]);
    expect(marks).toContain('process: n1 down: killed by SIGKILL');
  });

  test('knows the operations and faults that are in force', () => {
    const teller = new Teller()
      .fault('f1', 'n1 to n2 is cut', ['n1', 'n2'])
      .fault('f1', 'n1 to n2 is cut', ['n1', 'n2'], false);
    const timeline = timelineOf({}, teller.items);
    expect([...timeline.at(1).faults.keys()]).toEqual(['f1']);
    expect([...timeline.at(2).faults.keys()]).toEqual([]);
    const whole = timelineOf();
    const began = items.findIndex((item) => item.type === 'operation' && item.phase === 'began');
    const ended = items.findIndex((item) => item.type === 'operation' && item.phase === 'ended');
    expect([...whole.at(began + 1).operations.values()].map(({ text }) => text)).toEqual(['put k1 2']);
    expect([...whole.at(ended + 1).operations]).toEqual([]);
  });

  test('tells of an actor what it did last, and what left on account of that', () => {
    const timeline = timelineOf();
    const propose = items.findIndex((item) => item.type === 'step' && item.cause.type === 'propose');
    const proposed = timeline.at(propose + 2).actors.get(serverAt('n1'));
    expect(proposed?.step?.cause.type).toBe('propose');
    expect(proposed?.sends.map(({ message }) => message.type)).toEqual(['append']);
    expect(proposed?.transition?.transitions).toEqual([{ id: 'raft-server.candidate  0', rule: 'Raft §3.4' }]);
  });
});

test('a copy of a moment stays as it was', () => {
  const running = RunningMoment.before(['n1'], 10);
  const copy = running.copy();
  running.apply({ type: 'down', node: 'n1', atMs: 1, reason: 'killed' });
  expect(copy.nodes.get('n1')?.status).toBe('unknown');
});
