import { describe, expect, test } from 'vitest';
import { deliverAhead, type Effect, send, sendAhead } from '../../../statecharts/actor.ts';
import { RaftInvariantError, raftServer } from '../../../statecharts/raft.ts';
import {
  bytes,
  command,
  fileOf,
  first,
  leaderWith,
  matches,
  members,
  n1,
  n2,
  n3,
  newLeaderWith,
  noop,
  type ServerState,
  stranger,
  written,
} from './bench.ts';

const propose = (id: number, ...values: number[]) =>
  ({ type: 'propose', id, commands: values.map((value) => bytes(value)) }) as const;
const sentTo = (server: string, effects: readonly Effect[]) =>
  effects.flatMap((it) => (it.type === 'send' && it.to === server ? [it.message] : []));
const delivered = (effects: readonly Effect[]) => effects.flatMap((it) => (it.type === 'deliver' ? [it.output] : []));
const progressOf = (state: ServerState, server: string) =>
  state.snapshot.context.leadership?.followers.find((it) => it.server === server);
const no = (index: number, hintIndex: number, hintTerm: number, term = 4) =>
  ({ type: 'appendReply', from: n2, term, matches: false, index, hintIndex, hintTerm, round: 0 }) as const;

describe('a leader that is asked to replicate commands (§3.5)', () => {
  test('makes them entries of its term, sends them ahead of its own journal, and says which they are', () => {
    const { effects } = raftServer.step(leaderWith({ term: 4 }), propose(9, 5, 6));
    const entries = [command(3, 4, 5), command(4, 4, 6)];
    const message = { type: 'append', term: 4, previousIndex: 2, previousTerm: 4, entries, commitIndex: 2, round: 0 };
    expect(effects).toEqual([
      deliverAhead({ type: 'proposed', id: 9, term: 4, index: 3 }),
      sendAhead(n2, message),
      sendAhead(n3, message),
      written(entries),
      send(n1, { type: 'durable', term: 4, index: 4 }),
    ]);
  });

  test('refuses more bytes than may wait, and takes them again when less waits', () => {
    const state = raftServer.step(leaderWith({ term: 4, limits: { maxUncommittedBytes: 70 } }), propose(1, 1, 2)).state;
    const refused = raftServer.step(state, propose(2, 3));
    expect(refused.effects).toEqual([deliverAhead({ type: 'refused', id: 2, reason: 'overloaded', leader: n1 })]);
    const durable = raftServer.step(state, { type: 'durable', from: n1, term: 4, index: 4 }).state;
    const committed = raftServer.step(durable, matches(n3, 4, 4)).state;
    expect(delivered(raftServer.step(committed, propose(3, 3)).effects)).toMatchObject([{ type: 'proposed', id: 3 }]);
  });

  test('sends one after another without waiting, as far as the window goes (§10.2.2)', () => {
    let state = leaderWith({ term: 4, limits: { windowEntries: 2 } });
    const sent: number[] = [];
    for (const id of [1, 2, 3]) {
      const step = raftServer.step(state, propose(id, id));
      sent.push(sentTo(n2, step.effects).length);
      state = step.state;
    }
    expect(sent).toEqual([1, 1, 0]);
    const [next] = sentTo(n2, raftServer.step(state, matches(n2, 4, 3)).effects);
    expect(next).toMatchObject({ previousIndex: 4, entries: [command(5, 4, 3)] });
  });

  test('splits what is more than one append may carry', () => {
    const limits = { maxAppendBytes: 70 };
    const sent = sentTo(n2, raftServer.step(leaderWith({ term: 4, limits }), propose(1, 1, 2, 3)).effects);
    expect(sent).toMatchObject([
      { previousIndex: 2, entries: [{ index: 3 }, { index: 4 }] },
      { previousIndex: 4, entries: [{ index: 5 }] },
    ]);
  });
});

describe('a leader commits (§3.5, §3.6.2)', () => {
  const proposed = raftServer.step(leaderWith({ term: 4 }), propose(9, 5)).state;
  const committed = [deliverAhead({ type: 'committed', entries: [command(3, 4, 5)] })];

  test('what a majority holds durably, itself included', () => {
    const durable = raftServer.step(proposed, { type: 'durable', from: n1, term: 4, index: 3 });
    expect(delivered(durable.effects)).toEqual([]);
    expect(raftServer.step(durable.state, matches(n2, 4, 3)).effects).toEqual(committed);
  });

  test('without its own journal, if the others have it (§10.2.1)', () => {
    const one = raftServer.step(proposed, matches(n2, 4, 3));
    expect(delivered(one.effects)).toEqual([]);
    expect(raftServer.step(one.state, matches(n3, 4, 3)).effects).toEqual(committed);
  });

  test('entries of earlier terms only together with one of its own (Figure 3.7)', () => {
    const state = newLeaderWith({ term: 4, terms: [2] });
    const old = raftServer.step(state, matches(n2, 4, 2));
    expect(delivered(old.effects)).toEqual([]);
    const durable = raftServer.step(old.state, { type: 'durable', from: n1, term: 4, index: 3 });
    const { effects } = raftServer.step(durable.state, matches(n2, 4, 3));
    expect(delivered(effects)).toEqual([{ type: 'committed', entries: [first, command(2, 2, 2), noop(3, 4)] }]);
  });

  test.each([
    ['the same answer twice', [matches(n2, 4, 3), matches(n2, 4, 3)]],
    ['an answer of an earlier term', [matches(n2, 3, 3), matches(n3, 3, 3)]],
    ['an answer of somebody who does not vote', [matches(stranger, 4, 3), matches(n2, 4, 3)]],
    [
      'a word of its journal from an earlier term',
      [{ type: 'durable', from: n1, term: 3, index: 3 } as const, matches(n2, 4, 3)],
    ],
  ])('not by %s', (_, messages) => {
    let state = proposed;
    for (const message of messages) state = raftServer.step(state, message).state;
    expect(state.snapshot.context.commitIndex).toBe(2);
  });
});

describe('a leader brings a follower to its own log (§3.5)', () => {
  test('going back over a whole term at once', () => {
    const state = newLeaderWith({ term: 4, terms: [1, 1, 2, 3, 3] });
    const { effects } = raftServer.step(state, no(6, 5, 2));
    expect(sentTo(n2, effects)).toMatchObject([{ previousIndex: 4, previousTerm: 2 }]);
    const again = raftServer.step(raftServer.step(state, no(6, 5, 2)).state, no(4, 3, 1));
    expect(sentTo(n2, again.effects)).toMatchObject([{ previousIndex: 3, previousTerm: 1 }]);
  });

  test('one probe at a time until the logs match, and all at once from then on', () => {
    const state = raftServer.step(newLeaderWith({ term: 4, terms: [1, 1, 2] }), propose(1, 7)).state;
    expect(progressOf(state, n2)).toMatchObject({ mode: 'probing', probed: true, next: 5 });
    const { effects, state: after } = raftServer.step(state, matches(n2, 4, 5));
    expect(sentTo(n2, effects)).toMatchObject([{ previousIndex: 5, entries: [{ index: 6 }] }]);
    expect(progressOf(after, n2)).toMatchObject({ mode: 'replicating', match: 5, next: 7 });
  });

  test('and is not led astray by late answers', () => {
    const state = leaderWith({ term: 4, terms: [1, 1, 2] });
    expect(progressOf(raftServer.step(state, no(3, 2, 1)).state, n2)).toMatchObject({ mode: 'replicating', match: 5 });
    expect(progressOf(raftServer.step(state, matches(n2, 4, 2)).state, n2)).toMatchObject({ match: 5, next: 6 });
  });

  test('probing again, with the next heartbeat, when it could not be reached', () => {
    const state = raftServer.step(leaderWith({ term: 4 }), propose(1, 7)).state;
    const lost = raftServer.step(state, { type: 'unreachable', node: 'n2', reason: 'disconnected' });
    expect(progressOf(lost.state, n2)).toMatchObject({ mode: 'probing', match: 2, next: 3 });
    expect(progressOf(lost.state, n3)).toMatchObject({ mode: 'replicating' });
    const beat = raftServer.step(lost.state, { timer: 'heartbeatInterval' });
    expect(sentTo(n2, beat.effects)).toMatchObject([{ previousIndex: 2, entries: [] }]);
    const { effects } = raftServer.step(beat.state, matches(n2, 4, 2, 1));
    expect(sentTo(n2, effects)).toMatchObject([{ previousIndex: 2, entries: [{ index: 3 }] }]);
  });

  test('and finds with one heartbeat what was lost in silence', () => {
    const state = raftServer.step(leaderWith({ term: 4 }), propose(1, 7)).state;
    const beat = raftServer.step(state, { timer: 'heartbeatInterval' });
    expect(sentTo(n2, beat.effects)).toMatchObject([{ previousIndex: 3, entries: [], round: 1 }]);
    const { effects } = raftServer.step(beat.state, no(3, 2, 4));
    expect(sentTo(n2, effects)).toMatchObject([{ previousIndex: 2, entries: [{ index: 3 }] }]);
  });
});

describe('a leader steps down when it cannot lead (§6.2)', () => {
  const look = { timer: 'quorumTimeout' } as const;
  const anew = raftServer.step(leaderWith({ term: 4 }), look).state;

  test('after a whole timeout in which no majority answered, keeping term and vote', () => {
    expect(anew.snapshot.hasTag('leader')).toBe(true);
    const { effects, snapshot } = raftServer.step(anew, look);
    expect(snapshot.hasTag('follower')).toBe(true);
    expect(snapshot.context).toMatchObject({ term: 4, votedFor: n1, leader: null, leadership: null });
    expect(effects).toEqual([]);
  });

  test('not while one of two others answers, whatever it answers', () => {
    const answered = raftServer.step(anew, no(9, 0, 0)).state;
    expect(raftServer.step(answered, look).snapshot.hasTag('leader')).toBe(true);
  });

  test('when its journal has written nothing down since the last look, though something waited', () => {
    const proposed = raftServer.step(raftServer.step(leaderWith({ term: 4 }), propose(1, 7)).state, look).state;
    const heard = raftServer.step(proposed, matches(n2, 4, 3)).state;
    expect(raftServer.step(heard, look).snapshot.hasTag('follower')).toBe(true);
    const durable = raftServer.step(heard, { type: 'durable', from: n1, term: 4, index: 3 }).state;
    expect(raftServer.step(durable, look).snapshot.hasTag('leader')).toBe(true);
  });

  test('not while its journal makes headway, however much waits for it', () => {
    const busy = [1, 2, 3].reduce((state, id) => raftServer.step(state, propose(id, id)).state, anew);
    const looked = raftServer.step(raftServer.step(busy, matches(n2, 4, 3)).state, look).state;
    const heard = raftServer.step(looked, matches(n2, 4, 5)).state;
    const behind = raftServer.step(heard, { type: 'durable', from: n1, term: 4, index: 3 }).state;
    const next = raftServer.step(behind, look).state;
    expect(next.snapshot.hasTag('leader')).toBe(true);
    const stalled = raftServer.step(next, matches(n2, 4, 5)).state;
    expect(raftServer.step(stalled, look).snapshot.hasTag('follower')).toBe(true);
  });

  test('and refuses the reads that wait', () => {
    const reading = raftServer.step(anew, { type: 'read', id: 3 }).state;
    expect(raftServer.step(reading, look).effects).toEqual([
      deliverAhead({ type: 'refused', id: 3, reason: 'not-leader' }),
    ]);
  });
});

describe('a leader answers reads (ReadIndex, §6.4)', () => {
  const readable = (id: number, index: number) => deliverAhead({ type: 'readable', id, index });

  test('not before an entry of its own term is committed', () => {
    expect(raftServer.step(newLeaderWith({ term: 4 }), { type: 'read', id: 3 }).effects).toEqual([
      deliverAhead({ type: 'refused', id: 3, reason: 'not-ready', leader: n1 }),
    ]);
  });

  test('when a majority has answered a round that began after the read came', () => {
    const asked = raftServer.step(leaderWith({ term: 4 }), { type: 'read', id: 3 });
    expect(sentTo(n2, asked.effects)).toMatchObject([{ type: 'append', entries: [], round: 1 }]);
    const late = raftServer.step(asked.state, matches(n2, 4, 2, 0));
    expect(late.effects).toEqual([]);
    expect(raftServer.step(late.state, matches(n3, 4, 2, 1)).effects).toEqual([readable(3, 2)]);
    expect(raftServer.step(late.state, { ...no(2, 0, 0), round: 1 }).effects[0]).toEqual(readable(3, 2));
    expect(raftServer.step(late.state, matches(stranger, 4, 2, 1)).effects).toEqual([]);
  });

  test('sharing the next round among those that come during one', () => {
    let { state } = raftServer.step(leaderWith({ term: 4 }), { type: 'read', id: 1 });
    for (const id of [2, 3]) {
      const step = raftServer.step(state, { type: 'read', id });
      expect(step.effects).toEqual([]);
      state = step.state;
    }
    const next = raftServer.step(state, matches(n2, 4, 2, 1));
    expect(next.effects[0]).toEqual(readable(1, 2));
    expect(sentTo(n3, next.effects)).toMatchObject([{ entries: [], round: 2 }]);
    const { effects } = raftServer.step(next.state, matches(n2, 4, 2, 2));
    expect(effects).toEqual([readable(2, 2), readable(3, 2)]);
  });

  test('of which none is lost with the round: the next heartbeat is a round too', () => {
    const asked = raftServer.step(leaderWith({ term: 4 }), { type: 'read', id: 3 }).state;
    const beat = raftServer.step(asked, { timer: 'heartbeatInterval' }).state;
    expect(raftServer.step(beat, matches(n2, 4, 2, 2)).effects).toEqual([readable(3, 2)]);
  });
});

describe('a leader tells a follower that is behind its log of its snapshot (§5.3)', () => {
  const snapshot = { index: 4, term: 2, members, file: fileOf(4) };
  const leader = newLeaderWith({ term: 4, terms: [1, 1, 2], baseIndex: 4, snapshot, commitIndex: 4 });
  const begun = raftServer.step(leader, no(4, 1, 0));
  const told = { type: 'installSnapshot', term: 4, lastIndex: 4, lastTerm: 2, members, file: fileOf(4) };
  const reply = (standing: 'fetching' | 'failed' | 'installed', lastIndex = 4) =>
    ({ type: 'snapshotReply', from: n2, term: 4, lastIndex, standing }) as const;

  test('once, and again with each heartbeat', () => {
    expect(sentTo(n2, begun.effects)).toEqual([told]);
    expect(raftServer.step(begun.state, reply('fetching')).effects).toEqual([]);
    const { effects } = raftServer.step(begun.state, { timer: 'heartbeatInterval' });
    expect(sentTo(n2, effects)).toMatchObject([
      told,
      { type: 'append', previousIndex: 4, previousTerm: 2, entries: [] },
    ]);
  });

  test('and replicates from there when it is installed', () => {
    const { effects, state } = raftServer.step(begun.state, reply('installed'));
    expect(sentTo(n2, effects)).toMatchObject([{ type: 'append', previousIndex: 4, entries: [noop(5, 4)] }]);
    expect(progressOf(state, n2)).toMatchObject({ mode: 'replicating', match: 4 });
  });

  test('of the latest one that it has taken, and takes up where the follower is', () => {
    const newer = raftServer.step(begun.state, { type: 'durable', from: n1, term: 4, index: 5 }).state;
    const committed = raftServer.step(newer, matches(n3, 4, 5)).state;
    const compacted = raftServer.step(committed, { type: 'compact', index: 5, file: fileOf(5) }).state;
    const again = raftServer.step(compacted, { timer: 'heartbeatInterval' });
    expect(sentTo(n2, again.effects)[0]).toMatchObject({ type: 'installSnapshot', lastIndex: 5 });
    // The retained end of the log goes on after the snapshot that the follower had begun to fetch.
    const { state } = raftServer.step(again.state, reply('installed'));
    expect(progressOf(state, n2)).toMatchObject({ mode: 'replicating', match: 4 });
  });
});

test('a leader that hears another one of its own term stops: somebody has voted twice (§3.4)', () => {
  const leading = leaderWith({ term: 4 });
  const append = {
    type: 'append',
    term: 4,
    previousIndex: 1,
    previousTerm: 0,
    entries: [],
    commitIndex: 0,
    round: 0,
  } as const;
  expect(() => raftServer.step(leading, { ...append, from: n2 })).toThrow(RaftInvariantError);
  expect(raftServer.step(leading, { ...append, from: n2, term: 3 }).snapshot.hasTag('leader')).toBe(true);
});
