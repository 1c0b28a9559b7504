import { describe, expect, test } from 'vitest';
import { type Address, admissionOf } from '../../../statecharts/actor.ts';
import {
  acceptor,
  acceptorAddress,
  acceptorSenders,
  acceptorsOf,
  type Ballot,
  type RegisterContext,
  register,
  registerContext,
} from '../../../statecharts/paxos.ts';
import { sent, told, written } from './parts.ts';

const a1 = acceptorAddress('n1', 'register', 'k');
const a2 = acceptorAddress('n2', 'register', 'k');
const a3 = acceptorAddress('n3', 'register', 'k');
const acceptors = acceptorsOf([a1, a2, a3]);
const others = acceptorsOf([a1, a2, a3], { phase1Size: 1, phase2Size: 3 });
const r1: Address = 'n1/paxos.register/register/k';
const r2: Address = 'n2/paxos.register/register/k';
const ballot = (round: number, proposer: Address = r1): Ballot => ({ round, proposer });

const fresh = registerContext(r1, acceptors, 0);
const at = (change: Partial<RegisterContext>): RegisterContext => ({
  ...fresh,
  id: 5,
  round: 1,
  highestRound: 1,
  ...change,
});
const bothPromised = [
  { from: a1, accepted: null },
  { from: a3, accepted: null },
];
const idle = register.at('idle', fresh);
const preparing = register.at({ preparing: 'waiting' }, at({}));
const halfPrepared = register.at({ preparing: 'waiting' }, at({ promises: [{ from: a1, accepted: null }] }));
const computing = register.at('computing', at({ promises: bothPromised }));
const accepting = register.at({ accepting: 'waiting' }, at({ promises: bothPromised, next: 'new' }));
const halfAccepted = register.at(
  { accepting: 'waiting' },
  at({ promises: bothPromised, next: 'new', acceptances: [a3], refusals: 2 }),
);
const pausing = register.at('pausing', at({ highestRound: 4, refusals: 1 }));

const round = (used: number) => ({ type: 'round', round: used }) as const;
const change = { type: 'change', id: 5, acceptors } as const;
const replace = { type: 'replace', id: 5, value: 'new' } as const;
const promise = (from: Address, accepted: { ballot: Ballot; value: string } | null = null, of = ballot(1)) =>
  ({ type: 'promise', ballot: of, accepted, from }) as const;
const accepted = (from: Address, of = ballot(1)) => ({ type: 'accepted', ballot: of, value: 'new', from }) as const;
const refused = (promised: Ballot, of = ballot(1)) => ({ type: 'refused', ballot: of, promised, from: a2 }) as const;
const differs = (theirs = others) => ({ type: 'differs', acceptors: theirs, from: a2 }) as const;
const prepares = (used: number, to = [a1, a2, a3]) =>
  to.map((it) => sent(it, { type: 'prepare', ballot: ballot(used), acceptors }));
const accepts = (value: string, to = [a1, a2, a3]) =>
  to.map((it) => sent(it, { type: 'accept', ballot: ballot(1), acceptors, value }));
const armed = (state: Parameters<typeof register.timers>[0]) => register.timers(state).map(({ delay }) => delay);

describe('phase 1', () => {
  test('a change begins at a ballot that is durable before any acceptor hears of it (Paxos 1a)', () => {
    const step = register.step(idle, change);
    expect(step.effects).toEqual([written(round(1)), ...prepares(1)]);
    expect(step.snapshot.hasTag('preparing')).toBe(true);
    expect(armed(step.state)).toEqual(['retryInterval']);
  });

  test('a new life begins beyond the rounds of all earlier ones', () => {
    const memory = register.recover([round(1), round(7)]);
    const { state } = register.start(memory, { self: r1, input: { acceptors } });
    expect(register.step(state, change).effects).toEqual([written(round(8)), ...prepares(8)]);
  });

  test('who has not promised is asked again, at the same ballot', () => {
    const step = register.step(halfPrepared, { timer: 'retryInterval' });
    expect(step.effects).toEqual(prepares(1, [a2, a3]));
    expect(step.rules).toEqual(['Paxos 1a']);
  });

  test('the application hears the current value once a quorum has promised, and nothing where there is none', () => {
    const step = register.step(halfPrepared, promise(a3));
    expect(step.effects).toEqual([told({ type: 'current', id: 5, value: null })]);
    expect(step.rules).toEqual(['CASPaxos §2.2: the current value']);
    expect(step.snapshot.hasTag('computing')).toBe(true);
    expect(armed(step.state)).toEqual([]);
  });

  test('the current value is the one of the highest ballot that any of the quorum has accepted', () => {
    const of = (value: string, used: number, proposer = r1) => ({ ballot: ballot(used, proposer), value });
    const current = (first: ReturnType<typeof of>, second: ReturnType<typeof of>) =>
      register.step(
        register.at({ preparing: 'waiting' }, at({ round: 9, promises: [{ from: a1, accepted: first }] })),
        promise(a2, second, ballot(9)),
      ).effects;
    const late = [told({ type: 'current', id: 5, value: 'late' })];
    expect(current(of('early', 2), of('late', 3))).toEqual(late);
    expect(current(of('late', 3), of('early', 2))).toEqual(late);
    expect(current(of('early', 3, r1), of('late', 3, r2))).toEqual(late);
  });

  test('a promise counts once, and for its own ballot alone', () => {
    expect(register.step(halfPrepared, promise(a1)).snapshot.hasTag('preparing')).toBe(true);
    expect(register.step(halfPrepared, promise(a2, null, ballot(1, r2))).snapshot.hasTag('preparing')).toBe(true);
  });

  test('a refusal has the change begin again after a pause, at a later ballot than the one in its way', () => {
    const step = register.step(preparing, refused(ballot(4, r2)));
    expect(step.effects).toEqual([]);
    expect(step.rules).toEqual(['Paxos Made Simple §2.2: abandon a ballot that is refused']);
    expect(step.snapshot.context).toMatchObject({ id: 5, highestRound: 4, refusals: 1 });
    expect(armed(step.state)).toEqual(['pause']);
    const again = register.step(pausing, { timer: 'pause' });
    expect(again.effects).toEqual([written(round(5)), ...prepares(5)]);
    expect(again.snapshot.context.id).toBe(5);
    expect(register.step(preparing, refused(ballot(4, r2), ballot(1, r2))).snapshot.hasTag('preparing')).toBe(true);
  });
});

describe('phase 2', () => {
  test('the new value is proposed at the ballot of the promises (Paxos 2a)', () => {
    const step = register.step(computing, replace);
    expect(step.effects).toEqual(accepts('new'));
    expect(step.rules).toEqual(['Paxos 2a']);
    expect(step.snapshot.hasTag('accepting')).toBe(true);
    expect(armed(step.state)).toEqual(['retryInterval']);
  });

  test('a ballot has one value: a second answer, and one to another change, are not heard', () => {
    const stale = register.step(computing, { ...replace, id: 4 });
    expect(stale.effects).toEqual([]);
    expect(stale.snapshot.hasTag('computing')).toBe(true);
    const second = register.step(accepting, { ...replace, value: 'another' });
    expect(second.effects).toEqual([]);
    expect(second.snapshot.context.next).toBe('new');
  });

  test('who has not accepted is asked again, with the same value', () => {
    const step = register.step(halfAccepted, { timer: 'retryInterval' });
    expect(step.effects).toEqual(accepts('new', [a1, a2]));
    expect(step.rules).toEqual(['Paxos 2a']);
  });

  test('the change has happened when a quorum has accepted it', () => {
    const step = register.step(halfAccepted, accepted(a1));
    expect(step.effects).toEqual([told({ type: 'changed', id: 5 })]);
    expect(step.snapshot.context).toMatchObject({ next: null, promises: [], acceptances: [], refusals: 0 });
    expect(step.rules).toEqual(['CASPaxos §2.2: a quorum has accepted']);
    expect(step.snapshot.hasTag('idle')).toBe(true);
    expect(armed(step.state)).toEqual([]);
  });

  test('not while acceptances are of other ballots, or of one acceptor twice', () => {
    expect(register.step(halfAccepted, accepted(a3)).snapshot.hasTag('accepting')).toBe(true);
    expect(register.step(halfAccepted, accepted(a1, ballot(1, r2))).snapshot.hasTag('accepting')).toBe(true);
  });

  test('a refusal is a conflict, which is told and not repeated', () => {
    const step = register.step(halfAccepted, refused(ballot(4, r2)));
    expect(step.effects).toEqual([told({ type: 'conflict', id: 5 })]);
    expect(step.rules).toEqual(['CASPaxos §2.2: a conflict in phase 2']);
    expect(step.snapshot.hasTag('idle')).toBe(true);
    expect(armed(step.state)).toEqual([]);
    // The next change knows of the ballot that was in the way, keeps out of it for a while, and knows nothing of this one.
    const next = register.step(register.at('idle', step.snapshot.context), { ...change, id: 6 });
    expect(next.effects).toEqual([]);
    expect(armed(next.state)).toEqual(['pause']);
    const begun = register.step(register.at('pausing', next.snapshot.context), { timer: 'pause' });
    expect(begun.effects).toEqual([written(round(5)), ...prepares(5)]);
    expect(begun.snapshot.context.id).toBe(6);
  });

  test('a refusal that comes while the application computes waits for its answer, and refuses that', () => {
    const early = register.step(computing, refused(ballot(4, r2)));
    expect(early.effects).toEqual([]);
    expect(early.snapshot.hasTag('computing')).toBe(true);
  });
});

describe('a change that is under way', () => {
  test.each([
    ['preparing', preparing],
    ['computing', computing],
    ['accepting', accepting],
    ['pausing', pausing],
  ])('makes room for another one while %s, whose ballot is a later one', (_phase, state) => {
    const { refusals, highestRound } = state.snapshot.context;
    const other = register.step(state, { ...change, id: 6 });
    expect(other.snapshot.context.id).toBe(6);
    if (refusals > 0) expect([other.effects, armed(other.state)]).toEqual([[], ['pause']]);
    else expect(other.effects).toEqual([written(round(highestRound + 1)), ...prepares(highestRound + 1)]);
  });

  test.each([
    ['preparing', preparing],
    ['computing', computing],
    ['accepting', accepting],
    ['pausing', pausing],
  ])('ends while %s when nobody waits for it', (_phase, state) => {
    expect(register.step(state, { type: 'abandon', id: 4 }).snapshot.value).toEqual(state.snapshot.value);
    const step = register.step(state, { type: 'abandon', id: 5 });
    expect(step.effects).toEqual([]);
    expect(step.snapshot.hasTag('idle')).toBe(true);
    expect(armed(step.state)).toEqual([]);
  });

  test.each([
    ['preparing', preparing],
    ['computing', computing],
    ['pausing', pausing],
  ])('is given up while %s when an acceptor belongs to another configuration', (_phase, state) => {
    const step = register.step(state, differs());
    expect(step.effects).toEqual([told({ type: 'differs', id: 5, acceptors: others })]);
    expect(step.snapshot.hasTag('idle')).toBe(true);
    expect(register.step(state, differs(acceptors)).snapshot.value).toEqual(state.snapshot.value);
  });

  test('goes on when its value has left, whatever an acceptor of another configuration says', () => {
    const step = register.step(accepting, differs());
    expect(step.effects).toEqual([]);
    expect(step.snapshot.hasTag('accepting')).toBe(true);
  });
});

describe('the acceptors of a register', () => {
  test('admit registers to both phases, and other services to none', () => {
    const admits = admissionOf(acceptorSenders);
    const way = { from: r2, to: a1, origin: 'member' } as const;
    expect(admits(way, 'prepare')).toBe(true);
    expect(admits(way, 'accept')).toBe(true);
    expect(admits(way, 'inquire')).toBe(false);
    expect(admits({ ...way, from: 'n2/kv/main' }, 'accept')).toBe(false);
  });

  test('take one value after the other, each at a later ballot', () => {
    const standing = (of: Ballot, value: string) => ({
      type: 'standing',
      acceptors,
      promised: of,
      accepted: { ballot: of, value },
    });
    const first = acceptor.step(
      acceptor.at('accepted', { acceptors, promised: ballot(2), accepted: { ballot: ballot(1), value: 'old' } }),
      { type: 'accept', ballot: ballot(2), acceptors, value: 'new', from: r1 },
    );
    expect(first.effects).toEqual([
      written(standing(ballot(2), 'new')),
      sent(r1, { type: 'accepted', ballot: ballot(2), value: 'new' }),
    ]);
  });

  test('live apart from those of a decision of the same key', () => {
    expect(acceptorAddress('n1', 'register', 'k')).not.toBe(acceptorAddress('n1', 'agree', 'k'));
  });
});
