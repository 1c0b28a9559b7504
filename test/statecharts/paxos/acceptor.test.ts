import { describe, expect, test } from 'vitest';
import { type AcceptorContext, acceptor, blankAcceptor, learner, proposer } from '../../../statecharts/paxos.ts';
import { a1, accept, acceptors, ballot, others, p1, p2, prepare, sent, written } from './parts.ts';

const blank = acceptor.at('unpromised', blankAcceptor);
const promised: AcceptorContext = { acceptors, promised: ballot(2), accepted: null };
const accepted: AcceptorContext = { acceptors, promised: ballot(3, p2), accepted: { ballot: ballot(2), value: 'v' } };
const afterPromise = acceptor.at('promised', promised);
const afterAcceptance = acceptor.at('accepted', accepted);
const inquiry = { type: 'inquire', acceptors, from: 'n3/paxos.learner/agree/k' } as const;

describe('phase 1b', () => {
  test('the first ballot is promised, durably before it is answered, and settles who the acceptors are', () => {
    const { effects, rules, snapshot } = acceptor.step(blank, prepare(ballot(1)));
    expect(effects).toEqual([
      written({ type: 'standing', acceptors, promised: ballot(1), accepted: null }),
      sent(p1, { type: 'promise', ballot: ballot(1), accepted: null }),
    ]);
    expect(rules).toEqual(['Paxos 1b']);
    expect(snapshot.hasTag('promised')).toBe(true);
    expect(snapshot.context).toEqual({ acceptors, promised: ballot(1), accepted: null });
  });

  test('a later ballot is promised with what was accepted at the highest ballot so far', () => {
    const { effects, snapshot } = acceptor.step(afterAcceptance, prepare(ballot(4)));
    expect(effects).toEqual([
      written({ type: 'standing', acceptors, promised: ballot(4), accepted: accepted.accepted }),
      sent(p1, { type: 'promise', ballot: ballot(4), accepted: accepted.accepted }),
    ]);
    expect(snapshot.hasTag('accepted')).toBe(true);
  });

  test('ballots of one round are ordered by their proposers', () => {
    expect(acceptor.step(afterPromise, prepare(ballot(2, p2))).rules).toEqual(['Paxos 1b']);
    expect(
      acceptor.step(acceptor.at('promised', { ...promised, promised: ballot(2, p2) }), prepare(ballot(2))).effects,
    ).toEqual([sent(p1, { type: 'refused', ballot: ballot(2), promised: ballot(2, p2) })]);
  });

  test('a promise is repeated to the proposer that has it, and not written again', () => {
    const { effects, rules } = acceptor.step(afterPromise, prepare(ballot(2)));
    expect(effects).toEqual([sent(p1, { type: 'promise', ballot: ballot(2), accepted: null })]);
    expect(rules).toEqual(['Paxos 1b']);
  });

  test('an earlier ballot is refused, with the one that stands in its way', () => {
    const { effects, rules, snapshot } = acceptor.step(afterPromise, prepare(ballot(1, p2)));
    expect(effects).toEqual([sent(p2, { type: 'refused', ballot: ballot(1, p2), promised: ballot(2) })]);
    expect(rules).toEqual(['Paxos Made Simple §2.2: tell of the later ballot']);
    expect(snapshot.context).toEqual(promised);
  });
});

describe('phase 2b', () => {
  test('a value is accepted at the promised ballot, durably before that is told', () => {
    const { effects, rules, snapshot } = acceptor.step(afterPromise, accept(ballot(2), 'v'));
    const acceptance = { ballot: ballot(2), value: 'v' };
    expect(effects).toEqual([
      written({ type: 'standing', acceptors, promised: ballot(2), accepted: acceptance }),
      sent(p1, { type: 'accepted', ...acceptance }),
    ]);
    expect(rules).toEqual(['Paxos 2b']);
    expect(snapshot.hasTag('accepted')).toBe(true);
    expect(snapshot.context.accepted).toEqual(acceptance);
  });

  test('a value is accepted at a ballot that was never promised here, and nothing before that ballot any more', () => {
    const { snapshot } = acceptor.step(blank, accept(ballot(3), 'v'));
    expect(snapshot.context).toEqual({ acceptors, promised: ballot(3), accepted: { ballot: ballot(3), value: 'v' } });
    expect(snapshot.hasTag('accepted')).toBe(true);
    const later = acceptor.step(afterAcceptance, accept(ballot(4), 'w'));
    expect(later.snapshot.context.promised).toEqual(ballot(4));
  });

  test('nothing is accepted before the promised ballot', () => {
    const { effects, snapshot } = acceptor.step(afterAcceptance, accept(ballot(3), 'w'));
    expect(effects).toEqual([sent(p1, { type: 'refused', ballot: ballot(3), promised: ballot(3, p2) })]);
    expect(snapshot.context).toEqual(accepted);
  });

  test('an acceptance is told again, also where a later ballot was promised since', () => {
    const { effects, rules } = acceptor.step(afterAcceptance, accept(ballot(2), 'v'));
    expect(effects).toEqual([sent(p1, { type: 'accepted', ballot: ballot(2), value: 'v' })]);
    expect(rules).toEqual(['Paxos 2b']);
  });
});

describe('learners', () => {
  test('hear what was accepted last, and nothing while there is nothing (§2.3)', () => {
    const { effects, rules } = acceptor.step(afterAcceptance, inquiry);
    expect(effects).toEqual([sent(inquiry.from, { type: 'accepted', ballot: ballot(2), value: 'v' })]);
    expect(rules).toEqual(['Paxos Made Simple §2.3: learners ask']);
    expect(acceptor.step(afterPromise, inquiry).effects).toEqual([]);
  });

  test('bring no acceptor to life', () => {
    expect(acceptor.bornOfMessage({ ...inquiry })).toBeUndefined();
    expect(acceptor.bornOfMessage(prepare(ballot(1)))).toEqual({});
    expect(acceptor.bornOfMessage(accept(ballot(1), 'v'))).toEqual({});
  });
});

test.each([
  { ...prepare(ballot(9)), acceptors: others },
  { ...accept(ballot(9), 'w'), acceptors: others },
  { ...inquiry, acceptors: others },
])('a $type with other quorums is answered with those that count, and does nothing', (message) => {
  const { effects, snapshot } = acceptor.step(afterAcceptance, message);
  expect(effects).toEqual([sent(message.from, { type: 'differs', acceptors })]);
  expect(snapshot.context).toEqual(accepted);
});

test('a new life remembers the last promise and the last acceptance', () => {
  const lives = [
    { type: 'standing', ...promised },
    { type: 'standing', ...accepted },
  ];
  const { state } = acceptor.start(acceptor.recover(lives.map((it) => acceptor.parseRecord(it))), {
    self: a1,
    input: {},
  });
  expect(state.snapshot.context).toEqual(accepted);
  expect(state.snapshot.hasTag('accepted')).toBe(true);
  expect(acceptor.bornOfRecords()).toEqual({});
});

test('no acceptor listens to others than proposers and learners', () => {
  const way = (from: string) => ({ from: `n2/${from}/agree/k`, to: a1, origin: 'member' }) as const;
  expect(acceptor.admits(way('paxos.proposer'), 'prepare')).toBe(true);
  expect(acceptor.admits(way('paxos.proposer'), 'accept')).toBe(true);
  expect(acceptor.admits(way('paxos.acceptor'), 'accept')).toBe(false);
  expect(acceptor.admits(way('paxos.learner'), 'accept')).toBe(false);
  expect(acceptor.admits(way('paxos.learner'), 'inquire')).toBe(true);
  expect(acceptor.admits({ ...way('paxos.proposer'), origin: 'client' }, 'prepare')).toBe(false);
});

test('no acceptor listens to those of another decision, of another kind or key', () => {
  for (const key of ['agree/other', 'register/k', 'agree/k/k', 'agree', '']) {
    for (const [name, type] of [
      ['paxos.proposer', 'prepare'],
      ['paxos.register', 'accept'],
      ['paxos.learner', 'inquire'],
    ] as const) {
      expect(acceptor.admits({ from: `n2/${name}/${key}`, to: a1, origin: 'member' }, type)).toBe(false);
    }
    expect(
      learner.admits({ from: `n2/paxos.acceptor/${key}`, to: 'n1/paxos.learner/agree/k', origin: 'node' }, 'accepted'),
    ).toBe(false);
    expect(
      proposer.admits({ from: `n2/paxos.acceptor/${key}`, to: 'n1/paxos.proposer/agree/k', origin: 'node' }, 'promise'),
    ).toBe(false);
  }
});

test('a value beyond the limit comes off no wire', () => {
  const limit = 1_024 * 1_024;
  expect(() => acceptor.parseMessage(accept(ballot(1), 'x'.repeat(limit)))).not.toThrow();
  expect(() => acceptor.parseMessage(accept(ballot(1), `${'x'.repeat(limit - 1)}ü`))).toThrow('malformed at value');
});
