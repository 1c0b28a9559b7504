/**
 * How members give way to each other, as tables after the kinds of scenario that etcd's published directives for
 * configuration changes go through: changes that touch no voter and take effect at once, and changes of voters by joint
 * configurations that are entered and left. The scenarios are ours, worked out by Raft §4.1 to §4.3. Where these rules are
 * stricter (what is asked for twice is refused, not ignored) or narrower (no voter becomes a learner), the tables say so.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Address, nodeOf } from '../../../statecharts/actor.ts';
import { isQuorum } from '../../../statecharts/quorum.ts';
import { quorumOf } from '../../../statecharts/raft/configuration.ts';
import { afterJoint, jointly, towards } from '../../../statecharts/raft/joint.ts';
import {
  foundingMembers,
  isChanging,
  isMembers,
  type Members,
  withLearner,
  withoutLearner,
} from '../../../statecharts/replication/members.ts';
import {
  maxMembers,
  objectionToReconfiguring,
  type Reconfiguration,
  reconfigured,
} from '../../../statecharts/replication/reconfiguration.ts';

const server = (node: string): Address => `${node}/raft.server/kv`;
const nodesOf = (servers: readonly Address[]): string => servers.map(nodeOf).join(' ');

/** `voters=(n1 n2)&(n1) learners=(n3) retired=(n4)`, without what is empty. */
function shown({ voters, nextVoters, learners, change, retired }: Members): string {
  const list = (name: string, servers: readonly Address[]): string =>
    servers.length === 0 ? '' : ` ${name}=(${nodesOf(servers)})`;
  const joint = nextVoters === null ? '' : `&(${nodesOf(nextVoters)})`;
  const waiting = change === null ? '' : ` next=${nodeOf(change.joining)} for ${nodeOf(change.leaving)}`;
  return `voters=(${nodesOf(voters)})${joint}${list('learners', learners)}${waiting}${list('retired', retired)}`;
}

/** `add n4`, `promote n4`, `remove n1` or `move n2`. */
function changeOf(text: string): Reconfiguration {
  const [kind = '', node = ''] = text.split(' ');
  if (kind === 'add') return { kind, server: server(node), places: { [node]: `${node}:1` } };
  if (kind === 'move') return { kind, server: server(node), place: `${node}:2` };
  if (kind === 'promote' || kind === 'remove') return { kind, server: server(node) };
  throw new Error(`expected a change, got '${text}'`);
}

/** What is shown after each line: a change that is asked for, or `leave`, by which a joint configuration gives way. */
function play(founders: string, lines: readonly string[]): readonly string[] {
  let members = foundingMembers(founders.split(' ').map(server));
  return lines.map((line) => {
    if (line === 'leave') members = afterJoint(members);
    else if (isChanging(members)) return 'change-under-way';
    else {
      const change = changeOf(line);
      const objection = objectionToReconfiguring(members, change);
      if (objection !== undefined) return objection;
      members = towards(members, reconfigured(members, change));
    }
    return shown(members);
  });
}

type Scenario = readonly (readonly [line: string, then: string])[];

describe('members of a cluster', () => {
  test.each<[string, string, Scenario]>([
    [
      'a learner comes, votes by a joint configuration, and stays',
      'n1',
      [
        ['add n2', 'voters=(n1) learners=(n2)'],
        ['promote n2', 'voters=(n1)&(n1 n2)'],
        ['leave', 'voters=(n1 n2)'],
        ['add n3', 'voters=(n1 n2) learners=(n3)'],
        ['promote n3', 'voters=(n1 n2)&(n1 n2 n3)'],
        ['leave', 'voters=(n1 n2 n3)'],
      ],
    ],
    [
      'several learn at once, and each votes by a change of its own',
      'n1 n2 n3',
      [
        ['add n5', 'voters=(n1 n2 n3) learners=(n5)'],
        ['add n4', 'voters=(n1 n2 n3) learners=(n4 n5)'],
        ['promote n5', 'voters=(n1 n2 n3)&(n1 n2 n3 n5) learners=(n4)'],
        ['leave', 'voters=(n1 n2 n3 n5) learners=(n4)'],
        ['promote n4', 'voters=(n1 n2 n3 n5)&(n1 n2 n3 n4 n5)'],
        ['leave', 'voters=(n1 n2 n3 n4 n5)'],
      ],
    ],
    [
      'voters go one by one, down to the last, which stays',
      'n1 n2 n3',
      [
        ['remove n2', 'voters=(n1 n2 n3)&(n1 n3)'],
        ['leave', 'voters=(n1 n3) retired=(n2)'],
        ['remove n1', 'voters=(n1 n3)&(n3) retired=(n2)'],
        ['leave', 'voters=(n3) retired=(n1 n2)'],
        ['remove n3', 'last-voter'],
      ],
    ],
    [
      'a learner beside the last voter does not make up for it',
      'n1',
      [
        ['add n2', 'voters=(n1) learners=(n2)'],
        ['remove n1', 'last-voter'],
        ['promote n2', 'voters=(n1)&(n1 n2)'],
        ['leave', 'voters=(n1 n2)'],
        ['remove n1', 'voters=(n1 n2)&(n2)'],
        ['leave', 'voters=(n2) retired=(n1)'],
      ],
    ],
    [
      'a learner goes at once, as no majority changes',
      'n1 n2',
      [
        ['add n3', 'voters=(n1 n2) learners=(n3)'],
        ['remove n3', 'voters=(n1 n2) retired=(n3)'],
      ],
    ],
    [
      'what is asked for twice is refused the second time',
      'n1 n2',
      [
        ['add n2', 'already-a-member'],
        ['add n3', 'voters=(n1 n2) learners=(n3)'],
        ['add n3', 'already-a-member'],
        ['promote n2', 'not-a-learner'],
        ['remove n3', 'voters=(n1 n2) retired=(n3)'],
        ['remove n3', 'not-a-member'],
      ],
    ],
    [
      'who has left does not come back',
      'n1 n2 n3',
      [
        ['remove n3', 'voters=(n1 n2 n3)&(n1 n2)'],
        ['leave', 'voters=(n1 n2) retired=(n3)'],
        ['add n3', 'retired'],
        ['promote n3', 'not-a-learner'],
        ['move n3', 'not-a-member'],
      ],
    ],
    [
      'a joint configuration is left before anything else changes, a learner included',
      'n1 n2',
      [
        ['add n3', 'voters=(n1 n2) learners=(n3)'],
        ['promote n3', 'voters=(n1 n2)&(n1 n2 n3)'],
        ['add n4', 'change-under-way'],
        ['remove n1', 'change-under-way'],
        ['move n2', 'change-under-way'],
        ['leave', 'voters=(n1 n2 n3)'],
        ['add n4', 'voters=(n1 n2 n3) learners=(n4)'],
      ],
    ],
    [
      'a place changes no vote',
      'n1 n2',
      [
        ['move n1', 'voters=(n1 n2)'],
        ['add n3', 'voters=(n1 n2) learners=(n3)'],
        ['move n3', 'voters=(n1 n2) learners=(n3)'],
      ],
    ],
    [
      'leaving what is not joint changes nothing',
      'n1 n2 n3',
      [
        ['leave', 'voters=(n1 n2 n3)'],
        ['leave', 'voters=(n1 n2 n3)'],
      ],
    ],
  ])('%s', (_, founders, scenario) => {
    expect(
      play(
        founders,
        scenario.map(([line]) => line),
      ),
    ).toEqual(scenario.map(([, then]) => then));
  });

  test('one takes the place of another: it learns, both majorities decide, and the one that leaves is retired', () => {
    const founded = foundingMembers(['n1', 'n2', 'n3'].map(server));
    const learning = withLearner(founded, { leaving: server('n1'), joining: server('n4'), places: { n4: 'n4:1' } });
    expect([learning, jointly(learning), afterJoint(jointly(learning)), withoutLearner(learning)].map(shown)).toEqual([
      'voters=(n1 n2 n3) learners=(n4) next=n4 for n1',
      'voters=(n1 n2 n3)&(n2 n3 n4)',
      'voters=(n2 n3 n4) retired=(n1)',
      'voters=(n1 n2 n3)',
    ]);
    expect(withoutLearner(learning)).toEqual(founded);
    expect(jointly(founded)).toEqual(founded);
  });

  test('there are no more than a leader can serve, learners included', () => {
    const founders = Array.from({ length: maxMembers - 1 }, (_, at) => `n${String(at + 1).padStart(2, '0')}`);
    const [last, refused] = play(founders.join(' '), ['add n98', 'add n99']);
    expect(last).toMatch(/ learners=\(n98\)$/);
    expect(refused).toBe('too-many-members');
  });
});

const nodes = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
const asked = fc
  .tuple(fc.constantFrom('add', 'promote', 'remove', 'move'), fc.constantFrom(...nodes))
  .map(([kind, node]) => `${kind} ${node}`);
const groupsOf = (of: readonly Address[]): Address[][] =>
  Array.from({ length: 2 ** of.length }, (_, group) => of.filter((_member, bit) => (group >> bit) & 1));

describe('whatever is asked, in whatever order', () => {
  const walk = (founders: number, lines: readonly string[], look: (before: Members, after: Members) => void): void => {
    let members = foundingMembers(nodes.slice(0, founders).map(server));
    for (const line of lines) {
      const change = changeOf(line);
      if (objectionToReconfiguring(members, change) !== undefined) continue;
      const next = towards(members, reconfigured(members, change));
      look(members, next);
      if (next.nextVoters !== null) look(next, afterJoint(next));
      members = next.nextVoters === null ? next : afterJoint(next);
    }
  };
  const founders = fc.integer({ min: 1, max: 4 });
  const lines = fc.array(asked, { maxLength: 12 });

  test('a quorum of before and one of after share a server, so that no two leaders are elected in a term', () => {
    fc.assert(
      fc.property(founders, lines, (count, given) => {
        walk(count, given, (before, after) => {
          const quorums = (of: Members): Address[][] =>
            groupsOf(nodes.map(server)).filter((group) => isQuorum(quorumOf(of), group));
          const others = quorums(after);
          for (const one of quorums(before)) {
            for (const other of others) expect(other.some((it) => one.includes(it))).toBe(true);
          }
        });
      }),
      { numRuns: 40 },
    );
  });

  test('members are well formed, nobody has two parts, and who has left has none', () => {
    fc.assert(
      fc.property(founders, lines, (count, given) => {
        walk(count, given, (before, after) => {
          expect(isMembers(after)).toBe(true);
          const voting = new Set([...after.voters, ...(after.nextVoters ?? [])]);
          expect(after.learners.filter((it) => voting.has(it))).toEqual([]);
          expect(after.retired.filter((it) => voting.has(it) || after.learners.includes(it))).toEqual([]);
          expect(before.retired.filter((it) => !after.retired.includes(it))).toEqual([]);
        });
      }),
    );
  });
});
