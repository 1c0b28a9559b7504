import { describe, expect, test } from 'vitest';
import { NodeOverloadedError, RoomFullError } from '../../src/host/errors.ts';
import { createRooms } from '../../src/host/rooms.ts';
import { type Address, type AnyActor, addressOf } from '../../statecharts/actor.ts';
import { add, bench } from './bench.ts';
import { counter } from './counter.ts';
import { createManualJournal } from './manual-journal.ts';

const room = { name: 'counters', keys: 2 };
const roomy = { ...counter, room };
/** Another role of the same keys. */
const other = { ...counter, name: 'test.other', room };
const at = (key: string, { name }: AnyActor = roomy): Address => addressOf('n1', name, key);
const records = [{ version: 1, record: { type: 'added', amount: 4 } }];
const remembering = (...keys: readonly string[]) =>
  createManualJournal('n1', new Map(keys.map((key) => [at(key), records])));

describe('a room that is full', () => {
  const filled = () => {
    const it = bench();
    const { node } = it.node('n1', { definitions: [roomy, other] });
    for (const key of ['a', 'b']) node.launch(roomy, { key, input: {} });
    it.settle();
    return { ...it, n1: node };
  };

  test('takes no actor of another key, by a start or by a message, and counts what it refused', () => {
    const { n1, peer, settle } = filled();
    expect(() => n1.launch(roomy, { key: 'c', input: {} })).toThrow(RoomFullError);
    const { bus, say } = peer('n2');
    const losses: unknown[] = [];
    bus.losses.subscribe((loss) => losses.push(loss));
    say(at('c'), add(1));
    settle();
    expect(n1.actors()).toEqual([at('a'), at('b')]);
    expect(n1.refused).toMatchObject({ overload: 1, absent: 0 });
    expect(losses).toMatchObject([{ address: at('c'), reason: 'absent' }]);
    expect(n1.occupancy).toEqual({ actors: { count: 2, limit: 100_000 }, rooms: { counters: { count: 2, limit: 2 } } });
  });

  test('takes other actors of the keys that it has', () => {
    const { n1 } = filled();
    n1.launch(other, { key: 'b', input: {} });
    expect(n1.occupancy.rooms).toEqual({ counters: { count: 2, limit: 2 } });
  });

  test('keeps the place of a key until the last of its actors has gone', () => {
    const rooms = createRooms('n1', {});
    for (const definition of [roomy, other]) rooms.enter(definition, at('a', definition));
    rooms.leave(roomy, at('a'));
    expect(rooms.occupancy).toEqual({ counters: { count: 1, limit: 2 } });
    rooms.leave(other, at('a', other));
    expect(rooms.occupancy).toEqual({ counters: { count: 0, limit: 2 } });
  });

  test('leaves all others their room', () => {
    const { n1 } = filled();
    const free = { ...counter, name: 'test.free' };
    for (const key of ['a', 'b', 'c', 'd']) n1.launch(free, { key, input: {} });
    expect(n1.occupancy.actors.count).toBe(6);
  });

  test('has room again once nothing is left of a key, neither an actor nor records', () => {
    const { n1, settle, peer } = filled();
    n1.request(at('a'), { type: 'misbehave' });
    settle();
    n1.launch(roomy, { key: 'c', input: {} });
    peer('n2').say(at('c'), add(1));
    settle();
    n1.request(at('c'), { type: 'misbehave' });
    settle();
    expect(n1.actors()).toEqual([at('b')]);
    expect(() => n1.launch(roomy, { key: 'd', input: {} })).toThrow(RoomFullError);
  });
});

describe('a limit that was lowered', () => {
  test('of a room lets all come back that the journal remembers, alive or not, and no other', () => {
    const { node, settle } = bench();
    const { node: n1 } = node('n1', {
      definitions: [roomy],
      journal: remembering('a', 'b', 'c'),
      limits: { rooms: { counters: 1 } },
    });
    settle();
    expect(n1.occupancy.rooms).toEqual({ counters: { count: 3, limit: 1 } });
    for (const key of ['a', 'b', 'c']) {
      expect(n1.handleOf(roomy, key)?.getSnapshot().context.count).toBe(4);
    }
    expect(() => n1.start(roomy, { key: 'd', input: {} })).toThrow(RoomFullError);
  });

  test('of all actors does so, too, and an actor that is started only when asked for keeps its place', () => {
    const { node, settle } = bench();
    const { node: n1 } = node('n1', {
      definitions: [
        { ...roomy, bornOfRecords: () => undefined },
        { ...counter, name: 'test.free' },
      ],
      journal: createManualJournal(
        'n1',
        new Map(
          [
            ['a', 'b'].map((key) => [at(key), records] as const),
            [[addressOf('n1', 'test.free', ''), records] as const],
          ].flat(),
        ),
      ),
      limits: { actors: 1, rooms: { counters: 1 } },
    });
    settle();
    expect(n1.actors()).toEqual(['n1/test.free/']);
    expect(n1.occupancy).toEqual({ actors: { count: 1, limit: 1 }, rooms: { counters: { count: 2, limit: 1 } } });
    n1.start(roomy, { key: 'a', input: {} });
    n1.start(roomy, { key: 'b', input: {} });
    expect(n1.occupancy.actors).toEqual({ count: 3, limit: 1 });
    expect(() => n1.start(roomy, { key: 'c', input: {} })).toThrow(NodeOverloadedError);
  });
});
