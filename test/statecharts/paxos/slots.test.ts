import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ballot } from '../../../statecharts/paxos/ballot.ts';
import { compareBallots, isLater } from '../../../statecharts/paxos/ballot.ts';
import { PaxosInvariantError } from '../../../statecharts/paxos/log/errors.ts';
import type { Entry } from '../../../statecharts/paxos/log/messages.ts';
import { Slots } from '../../../statecharts/paxos/log/slots.ts';

const ballotOf = (round: number): Ballot => ({ round, proposer: 'n1/paxos.server/kv' });
const entry = (index: number, value: number): Entry => ({ index, kind: 'command', data: Uint8Array.of(value) });
const run = (from: number, ...values: number[]): readonly Entry[] => values.map((value, at) => entry(from + at, value));

/** What a slot holds, as the model knows it. */
interface Held {
  readonly round: number;
  readonly value: number;
}

type Step =
  | { readonly type: 'accept' | 'withLater'; readonly round: number; readonly from: number; readonly values: number[] }
  | { readonly type: 'after' | 'upTo'; readonly index: number };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constantFrom('accept' as const, 'withLater' as const),
        round: fc.integer({ min: 1, max: 4 }),
        from: fc.integer({ min: 1, max: 14 }),
        values: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 5 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constantFrom('after' as const, 'upTo' as const),
        index: fc.integer({ min: 0, max: 14 }),
      }),
    },
  ),
  { maxLength: 14 },
);

/** Slots, and a plain map of what they should hold. */
function follow(plan: readonly Step[]): { slots: Slots; held: Map<number, Held>; base: number; last: number }[] {
  let slots = Slots.after(0);
  const held = new Map<number, Held>();
  let base = 0;
  let last = 0;
  const states = [];
  for (const step of plan) {
    if (step.type === 'after') {
      slots = slots.after(step.index);
      base = Math.max(base, step.index);
      last = Math.max(base, last);
      for (const index of held.keys()) if (index <= base) held.delete(index);
    } else if (step.type === 'upTo') {
      slots = slots.upTo(step.index);
      last = Math.min(last, Math.max(base, step.index));
      for (const index of held.keys()) if (index > last) held.delete(index);
    } else if (step.type === 'accept' || step.type === 'withLater') {
      const { type, round, from, values } = step;
      const ballot = ballotOf(round);
      const entries = run(from, ...values);
      slots = type === 'accept' ? slots.accept(ballot, entries) : slots.withLater({ ballot, entries });
      values.forEach((value, at) => {
        const index = from + at;
        const known = held.get(index);
        if (index <= base || (type === 'withLater' && known !== undefined && known.round >= round)) return;
        held.set(index, { round, value });
        last = Math.max(last, index);
      });
    }
    states.push({ slots, held: new Map(held), base, last });
  }
  return states;
}

const roundAt = (slots: Slots, index: number): number | undefined => slots.ballotAt(index)?.round;

describe('slots', () => {
  test('hold in each what was accepted last, at its ballot, whatever was accepted around it; and earlier views stay', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        for (const { slots, held, base, last } of follow(plan)) {
          expect([slots.baseIndex, slots.lastIndex]).toEqual([base, last]);
          const all = Array.from({ length: 20 }, (_, index) => index);
          const shown = all.map((index) => {
            const accepted = slots.acceptedAt(index);
            return accepted?.kind === 'command' ? `${accepted.data[0]} at ${roundAt(slots, index)}` : '-';
          });
          const expected = all.map((index) => {
            const known = held.get(index);
            return known === undefined ? '-' : `${known.value} at ${known.round}`;
          });
          expect(shown).toEqual(expected);
        }
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  test('say how far one ballot reaches, and tell all that was accepted ballot by ballot', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const state = follow(plan).at(-1);
        if (state === undefined) return;
        const { slots, held, base, last } = state;
        for (let from = base + 1; from <= last; from += 1) {
          for (const round of [1, 2, 3, 4]) {
            let to = from - 1;
            while (held.get(to + 1)?.round === round) to += 1;
            expect(slots.acceptedTo(ballotOf(round), from)).toBe(to);
          }
        }
        const told = slots.accepted(base + 1, last);
        const again = told.reduce((all, it) => all.accept(it.ballot, it.entries), Slots.after(base));
        // Holes at the end are no acceptances.
        expect(again.equals(slots.upTo(again.lastIndex))).toBe(true);
        expect(told.flatMap(({ entries }) => entries.map(({ index }) => index))).toEqual(
          [...held.keys()].sort((a, b) => a - b),
        );
        expect(slots.rebased(0).accepted(1, last)).toEqual(told);
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  test('say of a value that is proposed again at which ballot it was first', () => {
    const slots = Slots.after(0)
      .accept(ballotOf(1), run(1, 5, 6))
      .accept(ballotOf(2), run(3, 7));
    expect(slots.proposals(ballotOf(2), 3, 3)).toEqual(run(3, 7));
    const again = slots.proposals(ballotOf(3), 1, 3);
    expect(again.map(({ origin }) => origin?.round)).toEqual([1, 1, 2]);
    const accepted = slots.accept(ballotOf(3), again);
    expect([1, 2, 3].map((index) => accepted.originAt(index)?.round)).toEqual([1, 1, 2]);
    expect([1, 2, 3].map((index) => roundAt(accepted, index))).toEqual([3, 3, 3]);
  });

  test('with holes are no proposals', () => {
    const slots = Slots.after(0).accept(ballotOf(1), run(3, 5));
    expect(() => slots.proposals(ballotOf(2), 1, 3)).toThrow(PaxosInvariantError);
    expect(slots.proposalAt(ballotOf(2), 2)).toBeUndefined();
  });

  test('keep views of one array apart when both go on', () => {
    const common = Slots.after(0).accept(ballotOf(1), run(1, 1, 2));
    const one = common.accept(ballotOf(1), run(3, 3));
    const other = common.accept(ballotOf(2), run(3, 4));
    expect([roundAt(one, 3), roundAt(other, 3)]).toEqual([1, 2]);
    expect(one.equals(other)).toBe(false);
    expect(isLater(ballotOf(2), one.ballotAt(3)) && compareBallots(ballotOf(1), ballotOf(1)) === 0).toBe(true);
  });
});
