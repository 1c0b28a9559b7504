import { describe, expect, test } from 'vitest';
import { persist, send, sendAhead } from '../../../statecharts/actor.ts';
import { foundingMembers, raftServer } from '../../../statecharts/raft.ts';
import {
  candidateWith,
  fileOf,
  leaderWith,
  loyalWith,
  members,
  n1,
  n2,
  n3,
  newLeaderWith,
  noop,
  preCandidateWith,
  stranger,
  written,
} from './bench.ts';

const append = {
  type: 'append',
  from: n2,
  previousIndex: 1,
  previousTerm: 0,
  entries: [],
  commitIndex: 0,
  round: 1,
} as const;

describe('a pre-candidate (§9.6)', () => {
  const reply = { type: 'preVoteReply', from: n2, term: 3, forTerm: 4, granted: true } as const;

  test('begins a term when a majority would vote for it, and writes it down before it asks (§3.4, §3.8)', () => {
    const { effects, snapshot, rules } = raftServer.step(preCandidateWith({ term: 3, terms: [2] }), reply);
    expect(snapshot.hasTag('candidate')).toBe(true);
    expect(snapshot.context).toMatchObject({ term: 4, votedFor: n1, election: { votes: [] } });
    const question = { type: 'vote', term: 4, lastIndex: 2, lastTerm: 2 };
    expect(effects).toEqual([
      persist({ type: 'term-and-vote', term: 4, votedFor: n1 }),
      send(n2, question),
      send(n3, question),
      send(n1, { type: 'durable', term: 4, index: 2 }),
    ]);
    expect(rules).toEqual(['Raft §9.6', 'Raft §9.6']);
  });

  test.each([
    ['a denial', { granted: false }],
    ['an answer about another term', { forTerm: 3 }],
    ['an answer of somebody who does not vote', { from: stranger }],
    ['its own, again', { from: n1 }],
  ])('does not count %s', (_, differing) => {
    const state = preCandidateWith({ term: 3 });
    const step = raftServer.step(state, { ...reply, ...differing });
    expect(step.snapshot.context.election).toEqual({ votes: [n1] });
    expect(step.effects).toEqual([]);
  });

  test('of one server alone is elected by itself, once its vote is durable', () => {
    const configuration = { index: 1, ...foundingMembers([n1]) };
    const alone = preCandidateWith({ term: 3, configuration });
    const standing = raftServer.step(alone, { timer: 'electionTimeout' });
    expect(standing.snapshot.hasTag('candidate')).toBe(true);
    const elected = raftServer.step(standing.state, { type: 'durable', from: n1, term: 4, index: 1 });
    expect(elected.snapshot.hasTag('leader')).toBe(true);
  });

  test('asks again after an election timeout', () => {
    const { effects, snapshot } = raftServer.step(preCandidateWith({ term: 3 }, [n1]), { timer: 'electionTimeout' });
    expect(snapshot.hasTag('pre-candidate')).toBe(true);
    expect(effects.map((it) => it.type === 'send' && it.to)).toEqual([n2, n3]);
    expect(snapshot.context.term).toBe(3);
  });

  test('votes for a candidate of its own term or a later one, and follows again', () => {
    const vote = { type: 'vote', from: n2, term: 4, lastIndex: 1, lastTerm: 0 } as const;
    const { effects, snapshot } = raftServer.step(preCandidateWith({ term: 3 }), vote);
    expect(snapshot.hasTag('follower')).toBe(true);
    expect(effects.at(-1)).toEqual(send(n2, { type: 'voteReply', term: 4, granted: true }));
    expect(raftServer.step(preCandidateWith({ term: 4 }), vote).snapshot.hasTag('follower')).toBe(true);
    const denied = raftServer.step(preCandidateWith({ term: 4, votedFor: n3 }), vote);
    expect(denied.snapshot.hasTag('pre-candidate')).toBe(true);
  });
});

describe('a candidate (§3.4)', () => {
  const reply = { type: 'voteReply', from: n2, term: 4, granted: true } as const;

  test('leads when a majority has voted for it', () => {
    const step = raftServer.step(candidateWith({ term: 4 }), reply);
    expect(step.snapshot.hasTag('leader')).toBe(true);
    expect(step.snapshot.context).toMatchObject({ leader: n1, election: null });
  });

  test('counts its own vote when that is durable, and not before (§3.8)', () => {
    const durable = { type: 'durable', from: n1, term: 4, index: 1 } as const;
    const silent = raftServer.step(candidateWith({ term: 4 }, []), reply);
    expect(silent.snapshot.hasTag('candidate')).toBe(true);
    expect(raftServer.step(silent.state, { ...durable, term: 3 }).snapshot.hasTag('candidate')).toBe(true);
    expect(raftServer.step(silent.state, durable).snapshot.hasTag('leader')).toBe(true);
  });

  test.each([
    ['a denial', { granted: false }],
    ['a vote of an earlier term', { term: 3 }],
    ['the same vote twice', { from: n1 }],
    ['a vote of somebody who does not vote', { from: stranger }],
  ])('does not count %s', (_, differing) => {
    const step = raftServer.step(candidateWith({ term: 4 }), { ...reply, ...differing });
    expect(step.snapshot.context.election).toEqual({ votes: [n1] });
    expect(step.effects).toEqual([]);
  });

  test('denies its vote to others of its term, and gives it in a later one', () => {
    const vote = { type: 'vote', from: n2, term: 4, lastIndex: 1, lastTerm: 0 } as const;
    const denied = raftServer.step(candidateWith({ term: 4 }), vote);
    expect(denied.effects).toEqual([send(n2, { type: 'voteReply', term: 4, granted: false })]);
    const granted = raftServer.step(candidateWith({ term: 4 }), { ...vote, term: 5 });
    expect(granted.snapshot.hasTag('follower')).toBe(true);
    expect(granted.effects.at(-1)).toEqual(send(n2, { type: 'voteReply', term: 5, granted: true }));
  });

  test('asks for pre-votes again, in the same term, when nothing was decided in an election timeout', () => {
    const step = raftServer.step(candidateWith({ term: 4 }), { timer: 'electionTimeout' });
    expect(step.snapshot.hasTag('pre-candidate')).toBe(true);
    expect(step.snapshot.context).toMatchObject({ term: 4, votedFor: n1, election: { votes: [n1] } });
  });
});

describe.each([
  ['a pre-candidate', preCandidateWith({ term: 4 })],
  ['a candidate', candidateWith({ term: 4 })],
])('%s', (_, state) => {
  test('follows whoever leads its term, and answers it as a follower', () => {
    const step = raftServer.step(state, { ...append, term: 4 });
    expect(step.snapshot.value).toEqual({ follower: { listening: 'loyal' } });
    expect(step.snapshot.context.election).toBeNull();
    expect(step.effects).toMatchObject([{ to: n2, message: { type: 'appendReply', term: 4, matches: true } }]);
  });

  test('tells a leader of an earlier term that it is over', () => {
    const step = raftServer.step(state, { ...append, term: 3 });
    expect(step.snapshot.value).toEqual(state.snapshot.value);
    expect(step.effects).toMatchObject([{ to: n2, message: { type: 'appendReply', term: 4, matches: false } }]);
  });
});

/** §3.3, and Figure 3.1 "All servers": whoever hears of a later term takes it over and follows. */
describe.each([
  ['a loyal follower', loyalWith({ term: 4 })],
  ['a pre-candidate', preCandidateWith({ term: 4 })],
  ['a candidate', candidateWith({ term: 4 })],
  ['a leader', leaderWith({ term: 4 })],
])('%s that hears of a later term', (_, state) => {
  test.each([
    { ...append, term: 6 },
    { type: 'installSnapshot', from: n2, term: 6, lastIndex: 1, lastTerm: 0, members, file: fileOf(1) } as const,
    { type: 'appendReply', from: n2, term: 6, matches: false, index: 1, hintIndex: 0, hintTerm: 0, round: 0 } as const,
    { type: 'snapshotReply', from: n2, term: 6, lastIndex: 1, standing: 'fetching' } as const,
    { type: 'voteReply', from: n2, term: 6, granted: false } as const,
    { type: 'preVoteReply', from: n2, term: 6, forTerm: 5, granted: false } as const,
  ])('by $type follows in it, and writes it down', (message) => {
    const step = raftServer.step(state, message);
    expect(step.snapshot.hasTag('follower')).toBe(true);
    expect(step.snapshot.context).toMatchObject({ term: 6, votedFor: null, leadership: null, election: null });
    expect(step.effects.find((it) => it.type === 'persist')).toEqual(
      persist({ type: 'term-and-vote', term: 6, votedFor: null }),
    );
    expect(step.rules[0]).toBe('Raft §3.3');
  });

  const { context } = state.snapshot;
  const configuration = { ...context.configuration, retired: [stranger] };
  const knowing = { ...state, snapshot: { ...state.snapshot, context: { ...context, configuration, commitIndex: 1 } } };

  test('from one that has left the cluster does not care (§4.2.3)', () => {
    const message = { type: 'voteReply', from: stranger, term: 6, granted: false } as const;
    expect(raftServer.step(knowing, message).snapshot.context.term).toBe(4);
    expect(raftServer.step(state, message).snapshot.context.term).toBe(6);
  });

  test.each([
    { ...append, from: stranger, term: 6 },
    { type: 'installSnapshot', from: stranger, term: 6, lastIndex: 9, lastTerm: 5, members, file: fileOf(9) } as const,
  ])('by $type of one that has left, and was elected by those who do not know that yet, follows in it', (message) => {
    const step = raftServer.step(knowing, message);
    expect(step.snapshot.hasTag('follower')).toBe(true);
    expect(step.snapshot.context).toMatchObject({ term: 6, votedFor: null, leader: stranger, leadership: null });
  });
});

describe('a new leader', () => {
  test('opens its term with an entry, sends it at once, and writes it down meanwhile (§3.6.2, §10.2.1)', () => {
    const { effects, snapshot } = raftServer.step(candidateWith({ term: 4, terms: [2] }), {
      type: 'voteReply',
      from: n3,
      term: 4,
      granted: true,
    });
    const entries = [noop(3, 4)];
    const message = { type: 'append', term: 4, previousIndex: 2, previousTerm: 2, entries, commitIndex: 0, round: 0 };
    expect(effects).toEqual([
      sendAhead(n2, message),
      sendAhead(n3, message),
      written(entries),
      send(n1, { type: 'durable', term: 4, index: 3 }),
    ]);
    expect(snapshot.context.leadership).toMatchObject({ firstIndex: 3, durableIndex: 2 });
  });

  test('is loyal to itself: candidates do not reach it (§4.2.3)', () => {
    const state = newLeaderWith({ term: 4 });
    for (const type of ['vote', 'preVote'] as const) {
      const step = raftServer.step(state, { type, from: n2, term: 6, lastIndex: 9, lastTerm: 5 });
      expect(step.effects).toEqual([]);
      expect(step.snapshot.hasTag('leader')).toBe(true);
    }
  });

  test('tells those whose term is over', () => {
    const state = newLeaderWith({ term: 4 });
    const vote = raftServer.step(state, { type: 'vote', from: n2, term: 3, lastIndex: 9, lastTerm: 5 });
    expect(vote.effects).toEqual([send(n2, { type: 'voteReply', term: 4, granted: false })]);
    const stale = raftServer.step(state, { ...append, term: 3 });
    expect(stale.effects).toMatchObject([{ to: n2, message: { term: 4, matches: false } }]);
  });
});
