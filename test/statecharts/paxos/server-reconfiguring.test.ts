import { describe, expect, test } from 'vitest';
import type { Address } from '../../../statecharts/actor.ts';
import { sizesFor } from '../../../statecharts/paxos/log/configuration.ts';
import { paxosServer } from '../../../statecharts/paxos/server.ts';
import type { Reconfiguration } from '../../../statecharts/replication/reconfiguration.ts';
import {
  acceptedBy,
  at,
  contextWith,
  delivered,
  durable,
  leaderWith,
  members,
  n1,
  n2,
  n3,
  type ServerState,
  sizes,
  written,
} from './server-bench.ts';

const n4: Address = 'n4/paxos.server/kv';
const mine = at(1, n1);
const places = { n4: 'h:1' };
const add = { kind: 'add', server: n4, places } as const;
const promote = { kind: 'promote', server: n4 } as const;
const remove = (server: Address): Reconfiguration => ({ kind: 'remove', server });
const asking = (change: Reconfiguration) => ({ type: 'reconfigure', id: 7, change }) as const;

type Happening = Parameters<typeof paxosServer.step>[1];
const taking = (state: ServerState, ...happenings: Happening[]): ServerState =>
  happenings.reduce((it, happening) => paxosServer.step(it, happening).state, state);
const lost = (node: string) => ({ type: 'unreachable', node, reason: 'disconnected' }) as const;
const refused = (state: ServerState, change: Reconfiguration) =>
  delivered(paxosServer.step(state, asking(change)).effects);

const leader = taking(leaderWith(), acceptedBy(n2, 1), acceptedBy(n3, 1));
const learning = { ...contextWith().configuration, learners: [n4], places };

describe('a leader that is asked to change a member ends its configuration', () => {
  test('by one in which the server that is added learns, without a vote', () => {
    const { effects } = paxosServer.step(leader, asking(add));
    expect(delivered(effects)).toEqual([{ type: 'reconfiguring', id: 7, index: 2 }]);
    const next = { ...members, learners: [n4], places };
    expect(effects).toContainEqual(written(mine, { index: 2, kind: 'stop', members: next, sizes }));
  });

  test('by one in which the learner that has caught up votes, with quorums of four', () => {
    const waiting = taking(leaderWith({ configuration: learning }), acceptedBy(n2, 1), acceptedBy(n3, 1));
    expect(refused(waiting, promote)).toMatchObject([{ reason: 'learner-behind', behind: 1 }]);
    const { effects } = paxosServer.step(taking(waiting, acceptedBy(n4, 1)), asking(promote));
    const next = { ...members, voters: [n1, n2, n3, n4], places };
    const quorums = { phase1Size: 3, phase2Size: 3 };
    expect(effects).toContainEqual(written(mine, { index: 2, kind: 'stop', members: next, sizes: quorums }));
  });

  test('by one without the server that is removed, which is retired', () => {
    const chosen = taking(leader, asking(remove(n3)), durable(1, 2), acceptedBy(n2, 2));
    expect(chosen.snapshot.hasTag('leader')).toBe(true);
    expect(chosen.snapshot.context.configuration).toMatchObject({ voters: [n1, n2], retired: [n3], sizes });
  });

  test('and follows when it is removed itself, once that is chosen', () => {
    const stopped = taking(leader, asking(remove(n1)), durable(1, 2));
    expect(stopped.snapshot.hasTag('leader')).toBe(true);
    const left = taking(stopped, acceptedBy(n2, 2));
    expect(left.snapshot.hasTag('follower')).toBe(true);
    expect(left.snapshot.context.configuration).toMatchObject({ voters: [n2, n3], retired: [n1] });
  });

  test.each([
    ['too few of those who stay answer', taking(leader, lost('n2')), remove(n3), 'no-quorum'],
    ['those who stay could not find out without it that they decide', taking(leader, lost('n3')), remove(n1), 'leads'],
    ['one that should vote does not learn', leader, promote, 'not-a-learner'],
    ['one that should leave takes no part', leader, remove(n4), 'not-a-member'],
    ['another change is under way', taking(leader, asking(add)), remove(n3), 'change-under-way'],
  ])('but not when %s', (_, state, change, reason) => {
    expect(refused(state, change)).toMatchObject([{ type: 'notReconfigured', id: 7, reason }]);
  });
});

test('quorums stay majorities, or writes go on waiting for as many as before', () => {
  const of = (voters: readonly Address[], phase1Size: number, phase2Size: number) => ({
    ...contextWith().configuration,
    voters,
    sizes: { phase1Size, phase2Size },
  });
  expect(sizesFor(of([n1, n2, n3], 2, 2), 5)).toEqual({ phase1Size: 3, phase2Size: 3 });
  expect(sizesFor(of([n1, n2, n3, n4], 3, 2), 5)).toEqual({ phase1Size: 4, phase2Size: 2 });
  expect(sizesFor(of([n1, n2, n3], 1, 3), 2)).toEqual({ phase1Size: 1, phase2Size: 2 });
  expect(sizesFor(of([n1, n2, n3], 3, 1), 3)).toEqual({ phase1Size: 3, phase2Size: 1 });
});
