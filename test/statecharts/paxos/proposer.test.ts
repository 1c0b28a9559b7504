import { describe, expect, test } from 'vitest';
import { type ProposerContext, proposer, proposerContext, proposerDelays } from '../../../statecharts/paxos.ts';
import { a1, a2, a3, acceptors, ballot, others, p1, p2, sent, told, written } from './parts.ts';

const fresh = proposerContext(p1, acceptors, { round: 0, chosen: null });
const at = (change: Partial<ProposerContext>): ProposerContext => ({
  ...fresh,
  wanted: 'mine',
  round: 1,
  highestRound: 1,
  ...change,
});
const idle = proposer.at('idle', fresh);
const preparing = proposer.at({ preparing: 'waiting' }, at({}));
const halfPrepared = proposer.at({ preparing: 'waiting' }, at({ promises: [{ from: a1, accepted: null }] }));
const accepting = proposer.at({ accepting: 'waiting' }, at({ proposal: 'mine' }));
const halfAccepted = proposer.at({ accepting: 'waiting' }, at({ proposal: 'mine', acceptances: [a3] }));
const pausing = proposer.at('pausing', at({ highestRound: 4, refusals: 1 }));
const chosen = proposer.at('chosen', at({ proposal: 'theirs', isDecided: true }));

const round = (used: number) => ({ type: 'round', round: used }) as const;
const known = { type: 'chosen', acceptors, value: 'v' } as const;
const propose = { type: 'propose', value: 'mine', acceptors } as const;
const promise = (
  from: typeof a1,
  accepted: { ballot: ReturnType<typeof ballot>; value: string } | null = null,
  of = ballot(1),
) => ({ type: 'promise', ballot: of, accepted, from }) as const;
const accepted = (from: typeof a1, of = ballot(1)) => ({ type: 'accepted', ballot: of, value: 'mine', from }) as const;
const refused = (promised: ReturnType<typeof ballot>, of = ballot(1)) =>
  ({ type: 'refused', ballot: of, promised, from: a2 }) as const;
const prepares = (round: number, to = [a1, a2, a3]) =>
  to.map((it) => sent(it, { type: 'prepare', ballot: ballot(round), acceptors }));
const accepts = (value: string, to = [a1, a2, a3]) =>
  to.map((it) => sent(it, { type: 'accept', ballot: ballot(1), acceptors, value }));
const armed = (state: Parameters<typeof proposer.timers>[0]) => proposer.timers(state).map(({ delay }) => delay);

describe('phase 1a', () => {
  test('a proposal begins at a ballot that is durable before any acceptor hears of it', () => {
    const step = proposer.step(idle, propose);
    expect(step.effects).toEqual([written({ type: 'round', round: 1 }), ...prepares(1)]);
    expect(step.snapshot.hasTag('preparing')).toBe(true);
    expect(armed(step.state)).toEqual(['retryInterval']);
  });

  test('a new life begins beyond the rounds of all earlier ones', () => {
    const memory = proposer.recover([round(1), round(7)]);
    const { state } = proposer.start(memory, { self: p1, input: { acceptors } });
    expect(state.snapshot.context).toEqual({ ...fresh, round: 7, highestRound: 7 });
    expect(proposer.step(proposer.at('idle', { ...fresh, round: 7, highestRound: 7 }), propose).effects).toEqual([
      written({ type: 'round', round: 8 }),
      ...prepares(8),
    ]);
  });

  test('who has not promised is asked again, at the same ballot', () => {
    const step = proposer.step(halfPrepared, { timer: 'retryInterval' });
    expect(step.effects).toEqual(prepares(1, [a2, a3]));
    expect(step.rules).toEqual(['Paxos 1a']);
    expect(armed(step.state)).toEqual(['retryInterval']);
  });
});

describe('phase 2a', () => {
  test('its own value is proposed where a quorum has accepted none', () => {
    const { effects, snapshot, rules } = proposer.step(halfPrepared, promise(a3));
    expect(effects).toEqual(accepts('mine'));
    expect(rules).toEqual(['Paxos 2a']);
    expect(snapshot.hasTag('accepting')).toBe(true);
  });

  test('the value of the highest ballot is proposed that any of the quorum has accepted (P2c)', () => {
    const of = (value: string, round: number, proposerOf = p1) => ({ ballot: ballot(round, proposerOf), value });
    const mine = (first: ReturnType<typeof of>, second: ReturnType<typeof of>) =>
      proposer.step(
        proposer.at({ preparing: 'waiting' }, at({ round: 9, promises: [{ from: a1, accepted: first }] })),
        promise(a2, second, ballot(9)),
      ).snapshot.context.proposal;
    expect(mine(of('early', 2), of('late', 3))).toBe('late');
    expect(mine(of('late', 3), of('early', 2))).toBe('late');
    expect(mine(of('first', 3, p1), of('second', 3, p2))).toBe('second');
  });

  test('a promise counts once, and for its own ballot alone', () => {
    expect(proposer.step(halfPrepared, promise(a1)).snapshot.hasTag('preparing')).toBe(true);
    const early = proposer.step(halfPrepared, promise(a2, null, ballot(1, p2)));
    expect(early.snapshot.context).toEqual(halfPrepared.snapshot.context);
  });

  test('a promise of a stranger to the decision does not count', () => {
    expect(proposer.step(halfPrepared, promise('n9/paxos.acceptor/agree/k')).snapshot.hasTag('preparing')).toBe(true);
  });

  test('who has not accepted is asked again, with the same value', () => {
    const { effects, rules } = proposer.step(halfAccepted, { timer: 'retryInterval' });
    expect(effects).toEqual(accepts('mine', [a1, a2]));
    expect(rules).toEqual(['Paxos 2a']);
  });
});

describe('a value is chosen', () => {
  test('when a quorum has accepted it, and that is durable before anybody is told', () => {
    const step = proposer.step(halfAccepted, accepted(a1));
    expect(step.effects).toEqual([
      written({ type: 'chosen', acceptors, value: 'mine' }),
      told({ type: 'chosen', value: 'mine' }),
    ]);
    expect(step.rules).toEqual(['Paxos Made Simple §2.3: a quorum has accepted']);
    expect(step.snapshot.hasTag('chosen')).toBe(true);
    expect(armed(step.state)).toEqual([]);
  });

  test('not while acceptances are of other ballots, or of one acceptor twice', () => {
    expect(proposer.step(halfAccepted, accepted(a3)).snapshot.hasTag('accepting')).toBe(true);
    expect(proposer.step(halfAccepted, accepted(a1, ballot(1, p2))).snapshot.hasTag('accepting')).toBe(true);
    expect(proposer.step(accepting, accepted(a1)).snapshot.context.acceptances).toEqual([a1]);
  });

  test('and whoever asks afterwards hears it, whatever he proposes', () => {
    const { effects, snapshot } = proposer.step(chosen, { ...propose, value: 'another' });
    expect(effects).toEqual([told({ type: 'chosen', value: 'theirs' })]);
    expect(snapshot.hasTag('chosen')).toBe(true);
  });

  test('and a new life knows it', () => {
    const memory = proposer.recover([round(3), known]);
    const { state } = proposer.start(memory, { self: p1, input: { acceptors: others } });
    expect(state.snapshot.hasTag('chosen')).toBe(true);
    expect(proposer.viewAt(proposer.at('chosen', at({ proposal: 'v', isDecided: true })))).toEqual({
      chosen: 'v',
      acceptors,
    });
  });
});

describe('a refusal', () => {
  test.each([
    ['phase 1', preparing],
    ['phase 2', accepting],
  ])('in %s ends the ballot; the next one is later than the one in its way', (_phase, state) => {
    const step = proposer.step(state, refused(ballot(4, p2)));
    expect(step.effects).toEqual([]);
    expect(step.rules).toEqual(['Paxos Made Simple §2.2: abandon a ballot that is refused']);
    expect(step.snapshot.hasTag('pausing')).toBe(true);
    expect(armed(step.state)).toEqual(['pause']);
    const again = proposer.step(pausing, { timer: 'pause' });
    expect(again.effects).toEqual([written({ type: 'round', round: 5 }), ...prepares(5)]);
    expect(again.rules).toEqual(['Paxos 1a']);
  });

  test('of an earlier ballot changes nothing', () => {
    const later = proposer.at({ preparing: 'waiting' }, at({ round: 6, highestRound: 6 }));
    expect(proposer.step(later, refused(ballot(9, p2), ballot(1))).snapshot.hasTag('preparing')).toBe(true);
  });

  test('makes the next pause longer, up to a limit', () => {
    const pauses = [1, 2, 6].map((refusals) => proposerDelays.pause({ ...fresh, refusals }));
    expect(pauses).toEqual([
      { minMs: 10, maxMs: 20 },
      { minMs: 10, maxMs: 40 },
      { minMs: 10, maxMs: 640 },
    ]);
    const often = proposer.at({ preparing: 'waiting' }, at({ refusals: 6 }));
    expect(proposer.step(often, refused(ballot(4))).snapshot.context.refusals).toBe(6);
    expect(proposer.step(preparing, refused(ballot(4))).snapshot.context.refusals).toBe(1);
  });
});

describe('a second proposal', () => {
  test.each([
    ['preparing', preparing],
    ['accepting', accepting],
    ['pausing', pausing],
  ])('joins the first one while that is %s, whatever its value', (_phase, state) => {
    const { effects, snapshot } = proposer.step(state, { ...propose, value: 'another' });
    expect(effects).toEqual([]);
    expect(snapshot.context).toEqual(state.snapshot.context);
    expect(snapshot.value).toEqual(state.snapshot.value);
  });

  test.each([
    ['preparing', preparing],
    ['chosen', chosen],
  ])('with other quorums is told those that count, while the first one is %s', (_phase, state) => {
    const { effects, snapshot } = proposer.step(state, { ...propose, acceptors: others });
    expect(effects).toEqual([told({ type: 'differs', acceptors })]);
    expect(snapshot.value).toEqual(state.snapshot.value);
  });
});

describe('acceptors that belong to another configuration', () => {
  test('end the proposal, with those that count', () => {
    const { effects, snapshot } = proposer.step(accepting, { type: 'differs', acceptors: others, from: a1 });
    expect(effects).toEqual([told({ type: 'differs', acceptors: others })]);
    expect(snapshot.hasTag('idle')).toBe(true);
  });

  test('are not heard again once they are asked with the right one', () => {
    expect(proposer.step(preparing, { type: 'differs', acceptors, from: a1 }).snapshot.hasTag('preparing')).toBe(true);
  });
});

test.each([
  ['preparing', preparing],
  ['accepting', accepting],
  ['pausing', pausing],
])('a proposal that nobody waits for is given up while %s, and its ballot is not used again', (_phase, state) => {
  const step = proposer.step(state, { type: 'withdraw' });
  expect(step.effects).toEqual([]);
  expect(step.snapshot.hasTag('idle')).toBe(true);
  expect(armed(step.state)).toEqual([]);
  const { round, highestRound } = step.snapshot.context;
  expect(proposer.step(proposer.at('idle', step.snapshot.context), propose).snapshot.context.round).toBe(
    Math.max(round, highestRound) + 1,
  );
});

test('what is chosen cannot be withdrawn', () => {
  expect(proposer.step(chosen, { type: 'withdraw' }).snapshot.hasTag('chosen')).toBe(true);
});
