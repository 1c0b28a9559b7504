import { describe, expect, test } from 'vitest';
import { createRaftInvariants, type RaftView } from '../../../src/proof/raft/invariants.ts';
import { type Address, addressOf } from '../../../statecharts/actor.ts';
import { type Entry, foundingMembers, raftServer } from '../../../statecharts/raft.ts';

const serverOn = (node: string): Address => addressOf(node, raftServer.name, 'kv');
const [n1, n2, n3] = [serverOn('n1'), serverOn('n2'), serverOn('n3')];
const voters = [n1, n2, n3];

const noop = (index: number, term: number): Entry => ({ index, term, kind: 'noop' });

/** A server whose log goes on after the voters with `entries`. */
function server(
  self: Address,
  {
    term,
    entries,
    commitIndex = 0,
    leads = false,
  }: { term: number; entries: Entry[]; commitIndex?: number; leads?: boolean },
): RaftView {
  const first: Entry = { index: 1, term: 0, kind: 'configuration', members: foundingMembers(voters) };
  const recovered = raftServer.recover([
    { type: 'entries', ...{ entries: [first, ...entries] } },
    { type: 'term-and-vote', ...{ term, votedFor: null } },
  ]);
  const born = raftServer.start(recovered, { self, input: { voters } }).state.snapshot.context;
  return { address: self, role: leads ? 'leader' : 'follower', context: { ...born, commitIndex } };
}

describe('the invariants of Raft', () => {
  test('say that a leader of a later term lacks what was committed before', () => {
    const { check } = createRaftInvariants();
    expect(check([server(n1, { term: 1, entries: [noop(2, 1)], commitIndex: 2, leads: true })])).toBeUndefined();
    expect(check([server(n2, { term: 2, entries: [noop(2, 2)], leads: true })])).toMatch(/leader completeness: n2/);
  });

  test('do not ask a leader that was elected late for what was committed in a later term', () => {
    const { check } = createRaftInvariants();
    const later = [noop(2, 1), noop(3, 3)];
    expect(check([server(n1, { term: 3, entries: later, commitIndex: 3, leads: true })])).toBeUndefined();
    expect(check([server(n2, { term: 2, entries: [noop(2, 2)], leads: true })])).toBeUndefined();
  });

  test('say that two servers lead one term, or commit different entries at one index', () => {
    const leaders = createRaftInvariants();
    leaders.check([server(n1, { term: 1, entries: [], leads: true })]);
    expect(leaders.check([server(n3, { term: 1, entries: [], leads: true })])).toMatch(/election safety/);
    const commits = createRaftInvariants();
    commits.check([server(n1, { term: 2, entries: [noop(2, 1)], commitIndex: 2 })]);
    expect(commits.check([server(n3, { term: 2, entries: [noop(2, 2)], commitIndex: 2 })])).toMatch(
      /state machine safety/,
    );
  });

  test('say that a server takes commits back, but not that one which died begins anew', () => {
    const { check, died } = createRaftInvariants();
    check([server(n1, { term: 1, entries: [noop(2, 1)], commitIndex: 2 })]);
    died(n1);
    expect(check([server(n1, { term: 1, entries: [noop(2, 1)], commitIndex: 1 })])).toBeUndefined();
    expect(check([server(n1, { term: 1, entries: [noop(2, 1)], commitIndex: 0 })])).toMatch(/took its commits back/);
  });

  test('say that a leader drops entries in its own term, and that two logs disagree before a term they agree on', () => {
    const drops = createRaftInvariants();
    drops.check([server(n1, { term: 1, entries: [noop(2, 1), noop(3, 1)], leads: true })]);
    expect(drops.check([server(n1, { term: 1, entries: [noop(2, 1)], leads: true })])).toMatch(
      /leader append-only: n1/,
    );
    const parts = createRaftInvariants();
    parts.check([server(n1, { term: 3, entries: [noop(2, 1), noop(3, 3)] })]);
    expect(parts.check([server(n2, { term: 3, entries: [noop(2, 2), noop(3, 3)] })])).toMatch(/log matching/);
  });

  test('say that a server votes twice in a term, or forgets its vote, within a life', () => {
    const voting = (votedFor: Address | null): RaftView => {
      const view = server(n1, { term: 1, entries: [] });
      return { ...view, context: { ...view.context, votedFor } };
    };
    for (const [next, problem] of [
      [n3, /one vote per term: n1/],
      [null, /forgot that it voted/],
    ] as const) {
      const { check } = createRaftInvariants();
      expect(check([voting(n2)])).toBeUndefined();
      expect(check([voting(next)])).toMatch(problem);
    }
  });
});
