/** What may happen to a register that is checked, and how often. */

import { acceptorBounds } from '../acceptors/bounds.ts';
import { BoundError, type BoundsOf, count, type GivenBounds, list, optional } from '../bounds.ts';
import { assertThere, numbered } from '../nodes.ts';

const { acceptors, ballots, crashes, flushes } = acceptorBounds;

/** Each is a budget of the whole run, and whatever it allows may happen at any moment. */
export const casPaxosBounds = {
  registers: count({
    about: 'nodes whose clients use the register',
    unit: ['register', 'registers'],
    least: 1,
    most: 3,
    default: 2,
  }),
  acceptors,
  changes: count({
    about: 'changes that each of them makes in each of its lives, one after the other',
    unit: ['change each', 'changes each'],
    most: 9,
    default: 1,
  }),
  reads: count({ about: 'reads, each after those changes', unit: ['read each', 'reads each'], most: 9, default: 0 }),
  abandons: count({ about: 'changes and reads that are given up', unit: ['given up', 'given up'], default: 0 }),
  ballots,
  crashes,
  crashing: optional(
    list({
      about: 'which nodes may crash: n1, n2, ...',
      placeholder: 'nodes',
      pattern: /^n[1-5]$/,
      expected: 'nodes out of n1, n2, ...',
      before: 'only of',
    }),
    'all',
  ),
  flushes,
};

/** A value for every bound. */
export type CasPaxosBounds = BoundsOf<typeof casPaxosBounds>;
/** Values for some bounds; the others have their defaults. */
export type GivenCasPaxosBounds = GivenBounds<typeof casPaxosBounds>;

/** @throws BoundError when more nodes use the register than there are, or one is to crash that is not there */
export function assertPossible({ registers, acceptors: nodes, crashing = [] }: CasPaxosBounds): void {
  if (registers > nodes) {
    throw new BoundError(`expected at most ${nodes} --registers, as there are acceptors, got ${registers}`);
  }
  assertThere(crashing, numbered('n', nodes));
}
