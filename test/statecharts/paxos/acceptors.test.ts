import fc from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import type { Address } from '../../../statecharts/actor.ts';
import {
  AcceptorsError,
  acceptors,
  acceptorsOf,
  maxAcceptors,
  phase1Quorum,
  phase2Quorum,
  type QuorumSizes,
  sameAcceptors,
} from '../../../statecharts/paxos.ts';
import { isQuorum } from '../../../statecharts/quorum.ts';

const named = (...nodes: string[]): Address[] => nodes.map((node): Address => `${node}/paxos.acceptor/agree/k`);
const numbered = (count: number): Address[] => named(...Array.from({ length: count }, (_, at) => `n${at}`));

/** Why these cannot decide; undefined when they can. */
function faultOf(them: readonly Address[], sizes?: QuorumSizes): string | undefined {
  try {
    acceptorsOf(them, sizes);
    return undefined;
  } catch (error) {
    if (error instanceof AcceptorsError) return error.reason;
    throw error;
  }
}

test('acceptors are sorted, and decide by majorities unless told otherwise', () => {
  expect(acceptorsOf(named('n3', 'n1', 'n2', 'n4'))).toEqual({
    acceptors: named('n1', 'n2', 'n3', 'n4'),
    phase1Size: 3,
    phase2Size: 3,
  });
});

test('quorums need not be majorities, as long as those of the two phases meet (Flexible Paxos §4)', () => {
  const four = acceptorsOf(named('n1', 'n2', 'n3', 'n4'), { phase1Size: 3, phase2Size: 2 });
  expect(isQuorum(phase1Quorum(four), named('n1', 'n2'))).toBe(false);
  expect(isQuorum(phase1Quorum(four), named('n1', 'n2', 'n4'))).toBe(true);
  expect(isQuorum(phase2Quorum(four), named('n1'))).toBe(false);
  expect(isQuorum(phase2Quorum(four), named('n1', 'n4'))).toBe(true);
});

test.each<[string, readonly Address[], QuorumSizes | undefined]>([
  ['none', [], undefined],
  ['named-twice', named('n1', 'n2', 'n1'), undefined],
  ['too-many', numbered(maxAcceptors + 1), undefined],
  ['no-such-quorum', numbered(3), { phase1Size: 0, phase2Size: 3 }],
  ['no-such-quorum', numbered(3), { phase1Size: 2, phase2Size: 4 }],
  ['no-such-quorum', numbered(3), { phase1Size: 2, phase2Size: 1.5 }],
  ['quorums-apart', numbered(4), { phase1Size: 2, phase2Size: 2 }],
])('acceptors are refused by name: %s', (reason, them, sizes) => {
  expect(faultOf(them, sizes)).toBe(reason);
});

test('a refusal says what was expected, what came, and what to do', () => {
  expect(() => acceptorsOf(numbered(4), { phase1Size: 2, phase2Size: 2 })).toThrow(
    'expected every quorum of phase 1 to share an acceptor with every quorum of phase 2, got sizes 2 and 2 of 4, which add up to no more than 4; make one of them larger',
  );
});

test('quorums are refused exactly where two of them can be found apart', () => {
  const size = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(size, size, size, (count, phase1Size, phase2Size) => {
      fc.pre(phase1Size <= count && phase2Size <= count);
      const apart = phase1Size + phase2Size <= count;
      expect(faultOf(numbered(count), { phase1Size, phase2Size })).toBe(apart ? 'quorums-apart' : undefined);
    }),
  );
});

test('the same acceptors with other quorums are another configuration', () => {
  const three = acceptorsOf(numbered(3));
  expect(sameAcceptors(three, acceptorsOf([...numbered(3)].reverse()))).toBe(true);
  expect(sameAcceptors(three, acceptorsOf(numbered(3), { phase1Size: 3, phase2Size: 2 }))).toBe(false);
  expect(sameAcceptors(three, acceptorsOf(numbered(3), { phase1Size: 2, phase2Size: 3 }))).toBe(false);
  expect(sameAcceptors(three, acceptorsOf(named('n0', 'n1', 'n9')))).toBe(false);
  expect(sameAcceptors(three, acceptorsOf(numbered(4), { phase1Size: 2, phase2Size: 3 }))).toBe(false);
});

test('no configuration comes off a wire that could choose two values', () => {
  const three = acceptorsOf(numbered(3));
  expect(v.is(acceptors, three)).toBe(true);
  expect(v.is(acceptors, { ...three, acceptors: [...three.acceptors].reverse() })).toBe(false);
  expect(v.is(acceptors, { ...three, acceptors: named('n0', 'n0', 'n1') })).toBe(false);
  expect(v.is(acceptors, { ...three, phase1Size: 1 })).toBe(false);
  expect(v.is(acceptors, { ...three, acceptors: [] })).toBe(false);
  expect(v.is(acceptors, { ...three, acceptors: ['n1'] })).toBe(false);
});
