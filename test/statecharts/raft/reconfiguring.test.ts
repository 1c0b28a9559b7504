import { describe, expect, test } from 'vitest';
import { type Address, deliverAhead, type Effect } from '../../../statecharts/actor.ts';
import { type Entry, type Members, raftServer } from '../../../statecharts/raft.ts';
import type { Reconfiguration } from '../../../statecharts/replication/reconfiguration.ts';
import { followerWith, leaderWith, matches, members, n1, n2, n3, newLeaderWith, type ServerState } from './bench.ts';

const n4: Address = 'n4/raft.server/kv';
const term = 4;
const place = '127.0.0.1:4804';
const add = { kind: 'add', server: n4, places: { n4: place } } as const;
const promote = { kind: 'promote', server: n4 } as const;
const remove = (server: Address): Reconfiguration => ({ kind: 'remove', server });
const asking = (change: Reconfiguration) => ({ type: 'reconfigure', id: 9, change }) as const;

type Happening = Parameters<typeof raftServer.step>[1];
const taking = (state: ServerState, ...happenings: Happening[]): ServerState =>
  happenings.reduce((it, happening) => raftServer.step(it, happening).state, state);
const durable = (index: number) => ({ type: 'durable', from: n1, term, index }) as const;
const configuration = (index: number, said: Members): Entry => ({ index, term, kind: 'configuration', members: said });
const written = (effects: readonly Effect[]) =>
  effects.flatMap((it) => (it.type === 'persist' && it.record.type === 'entries' ? [it.record] : []));
const votersOf = ({ snapshot }: ServerState) => snapshot.context.configuration;
const refused = (state: ServerState, change: Reconfiguration) => raftServer.step(state, asking(change)).effects;
const refusal = (reason: string, more: object = {}) => [
  deliverAhead({ type: 'notReconfigured', id: 9, reason, ...more, leader: n1 }),
];

/** The leader of n1, n2 and n3, whose log ends with entry 2, all of whose followers answer. */
const leader = taking(leaderWith({ term }), matches(n2, term, 2), matches(n3, term, 2));
const learner: Members = { ...members, learners: [n4], places: { n4: place } };
/** The same with n4 as a learner, entry 3. */
const learning = taking(leader, asking(add), durable(3), matches(n2, term, 3));

describe('a leader that is asked to add a server', () => {
  test('sends it the log, and gives it no vote (§4.2.1)', () => {
    const { effects, snapshot, rules } = raftServer.step(leader, asking(add));
    expect(effects).toContainEqual(deliverAhead({ type: 'reconfiguring', id: 9, term, index: 3 }));
    expect(written(effects)).toEqual([{ type: 'entries', entries: [configuration(3, learner)] }]);
    expect(snapshot.context.configuration).toEqual({ ...learner, index: 3 });
    expect(effects.flatMap((it) => (it.type === 'send' && it.to === n4 ? [it.message] : []))).toMatchObject([
      { type: 'append', previousIndex: 2 },
    ]);
    expect(rules).toContain('Raft §4.1');
  });

  test('and goes by the majority of before', () => {
    const appended = taking(leader, asking(add), durable(3));
    expect(taking(appended, matches(n4, term, 3)).snapshot.context.commitIndex).toBe(2);
    expect(taking(appended, matches(n2, term, 3)).snapshot.context.commitIndex).toBe(3);
  });

  test.each([
    ['one that takes part already', { ...add, server: n2 }, 'already-a-member'],
    ['one of which nobody knows where it is', { ...add, places: {} }, 'no-place'],
    ['one that should be where another one is', { ...add, places: { n2: place, n4: place } }, 'place-taken'],
  ])('refuses %s', (_, change, reason) => {
    expect(refused(leader, change)).toEqual(refusal(reason));
  });

  test('refuses one that has left before', () => {
    const retiring = leaderWith({ term, configuration: { ...members, index: 1, retired: [n4] } });
    expect(refused(retiring, add)).toEqual(refusal('retired'));
  });
});

describe('a leader that is asked to let a learner vote', () => {
  test('refuses one that has not caught up, and says how much it lacks (§4.2.1)', () => {
    expect(refused(learning, promote)).toEqual(refusal('learner-behind', { behind: 3 }));
    const narrow = taking(
      leaderWith({ term, terms: [1, 1, 1, 1], limits: { windowEntries: 2 } }),
      matches(n2, term, 6),
      asking(add),
      matches(n2, term, 7),
      durable(7),
    );
    const { lastIndex } = narrow.snapshot.context.log;
    expect(refused(taking(narrow, matches(n4, term, lastIndex - 3)), promote)).toEqual(
      refusal('learner-behind', { behind: 3 }),
    );
    expect(votersOf(taking(narrow, matches(n4, term, lastIndex - 2), asking(promote))).nextVoters).toContain(n4);
  });

  test('refuses one that is none', () => {
    expect(refused(leader, promote)).toEqual(refusal('not-a-learner'));
    expect(refused(leader, { kind: 'promote', server: n2 })).toEqual(refusal('not-a-learner'));
  });

  test('lets both majorities decide for a while, and then the one with it alone (§4.3)', () => {
    const joint = taking(learning, matches(n4, term, 3), asking(promote), durable(4));
    expect(votersOf(joint)).toMatchObject({ voters: [n1, n2, n3], nextVoters: [n1, n2, n3, n4], learners: [] });
    // Two of three are a majority of before, and not of after.
    const two = taking(joint, matches(n2, term, 4));
    expect(two.snapshot.context.commitIndex).toBe(3);
    const over = taking(two, matches(n4, term, 4));
    expect(over.snapshot.context.commitIndex).toBe(4);
    expect(votersOf(over)).toMatchObject({ voters: [n1, n2, n3, n4], nextVoters: null, retired: [], index: 5 });
  });
});

describe('a leader that is asked to remove a server', () => {
  test('lets both majorities decide for a while, and retires it (§4.3)', () => {
    const joint = taking(leader, asking(remove(n3)), durable(3));
    expect(votersOf(joint)).toMatchObject({ voters: [n1, n2, n3], nextVoters: [n1, n2] });
    expect(taking(joint, matches(n3, term, 3)).snapshot.context.commitIndex).toBe(2);
    const over = taking(joint, matches(n2, term, 3));
    expect(votersOf(over)).toMatchObject({ voters: [n1, n2], nextVoters: null, retired: [n3], index: 4 });
    expect(over.snapshot.context.leadership?.followers.map(({ server }) => server)).toEqual([n2]);
  });

  test('removes a learner without asking other majorities', () => {
    const without = taking(learning, asking(remove(n4)));
    expect(votersOf(without)).toMatchObject({ voters: [n1, n2, n3], nextVoters: null, learners: [], retired: [n4] });
  });

  test('refuses where too few of those who stay answer', () => {
    const lost = taking(leader, { type: 'unreachable', node: 'n2', reason: 'disconnected' });
    expect(refused(lost, remove(n3))).toEqual(refusal('no-quorum'));
    expect(votersOf(taking(lost, asking(remove(n2)))).nextVoters).toEqual([n1, n3]);
  });

  test('refuses one that takes no part, and the last voter', () => {
    expect(refused(leader, remove(n4))).toEqual(refusal('not-a-member'));
    const last = leaderWith({ term, configuration: { ...members, voters: [n1], index: 1 } });
    expect(refused(last, remove(n1))).toEqual(refusal('last-voter'));
  });

  test('steps down when it is removed itself, once that is committed (§4.2.2)', () => {
    const joint = taking(leader, asking(remove(n1)), durable(3), matches(n2, term, 3), matches(n3, term, 3));
    expect(votersOf(joint)).toMatchObject({ voters: [n2, n3], nextVoters: null, retired: [n1] });
    // It does not count itself any more.
    const one = taking(joint, durable(4), matches(n2, term, 4));
    expect([one.snapshot.hasTag('leader'), one.snapshot.context.commitIndex]).toEqual([true, 3]);
    const both = raftServer.step(one, matches(n3, term, 4));
    expect(both.snapshot.hasTag('follower')).toBe(true);
    expect(both.rules).toContain('Raft §4.2.2');
  });
});

describe('a leader that is told that a member is reached elsewhere', () => {
  test('writes it down, and changes nothing else', () => {
    const move = { kind: 'move', server: n2, place } as const;
    const { effects } = raftServer.step(leader, asking(move));
    expect(written(effects)).toEqual([
      { type: 'entries', entries: [configuration(3, { ...members, places: { n2: place } })] },
    ]);
    expect(refused(leader, { ...move, server: n4 })).toEqual(refusal('not-a-member'));
  });

  test('refuses where another one is, by the log first and else by what it was told', () => {
    const move = { kind: 'move', server: n2, place } as const;
    expect(refused(learning, move)).toEqual(refusal('place-taken'));
    expect(refused(learning, { ...move, places: { n4: '127.0.0.1:9' } })).toEqual(refusal('place-taken'));
    expect(refused(leader, { ...move, places: { n2: place, n3: place } })).toEqual(refusal('place-taken'));
    const elsewhere = { n2: place, n3: '127.0.0.1:4803', n4: '127.0.0.1:9' };
    expect(refused(leader, { ...move, places: elsewhere })).toContainEqual(
      deliverAhead({ type: 'reconfiguring', id: 9, term, index: 3 }),
    );
  });
});

test('a change waits for an entry of the term to be committed, and for the last change (§4.1)', () => {
  expect(refused(newLeaderWith({ term }), add)).toEqual(refusal('not-ready'));
  expect(refused(taking(leader, asking(add)), remove(n3))).toEqual(refusal('change-under-way'));
  expect(refused(taking(leader, asking(remove(n3))), add)).toEqual(refusal('change-under-way'));
  expect(raftServer.step(followerWith({ leader: n2 }), asking(add)).effects).toEqual([
    deliverAhead({ type: 'notReconfigured', id: 9, reason: 'not-leader', leader: n2 }),
  ]);
});
