import { expect, test } from 'vitest';
import { type Address, addressOf } from '../../../statecharts/actor.ts';
import { afterJoint, jointly } from '../../../statecharts/raft/joint.ts';
import {
  foundersOf,
  foundingMembers,
  isMembers,
  type Members,
  membersIn,
  noMembers,
  sameMembers,
  withLearner,
  withoutLearner,
} from '../../../statecharts/replication/members.ts';

const server = (node: string): Address => addressOf(node, 'raft.server', 'kv');
const founders = ['n1', 'n2', 'n3'].map(server);

const replaced = (members: Members, leaving: string, joining: string): Members =>
  afterJoint(jointly(withLearner(members, { leaving: server(leaving), joining: server(joining), places: {} })));

test('the founders are the voters until one of them is retired, and are written down from then on', () => {
  const first = foundingMembers(founders);
  expect(foundersOf(first)).toEqual(founders);
  const learning = withLearner(first, { leaving: server('n3'), joining: server('n4'), places: {} });
  expect(foundersOf(learning)).toEqual(founders);
  expect(foundersOf(withoutLearner(learning))).toEqual(founders);
  expect(foundersOf(jointly(learning))).toEqual(founders);
  const second = afterJoint(jointly(learning));
  expect(second).toMatchObject({ voters: ['n1', 'n2', 'n4'].map(server), founders });
  expect(foundersOf(second)).toEqual(founders);
});

test('the founders stay the same however many are replaced, newcomers too', () => {
  const members = [
    ['n3', 'n4'],
    ['n4', 'n5'],
    ['n1', 'n6'],
    ['n2', 'n7'],
  ].reduce((before, [leaving = '', joining = '']) => replaced(before, leaving, joining), foundingMembers(founders));
  expect(members.voters).toEqual(['n5', 'n6', 'n7'].map(server));
  expect(foundersOf(members)).toEqual(founders);
  expect(membersIn({ ...members, ...{ index: 7 } })).toEqual(members);
});

test('a server that knows no members knows no founders', () => {
  expect(foundersOf(noMembers)).toBeUndefined();
});

test('where an earlier release retired a voter, and wrote no founders down, they are unknown and stay so', () => {
  const members = { ...foundingMembers(['n1', 'n2', 'n4'].map(server)), retired: [server('n3')] };
  expect(foundersOf(members)).toBeUndefined();
  const later = replaced(members, 'n1', 'n5');
  expect(foundersOf(later)).toBeUndefined();
  expect(isMembers(later)).toBe(true);
});

test('founders come off a wire as a set of servers, or not at all', () => {
  const members = replaced(foundingMembers(founders), 'n3', 'n4');
  expect(isMembers(members)).toBe(true);
  for (const malformed of [[], ['n1'], founders.toReversed(), [...founders, server('n3')], null, undefined]) {
    expect(isMembers({ ...members, founders: malformed })).toBe(false);
  }
  expect(sameMembers(members, { ...members, founders: founders.slice(1) })).toBe(false);
});
