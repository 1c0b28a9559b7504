/** What may happen to a decision that is checked, and how often. */

import { acceptorBounds } from '../acceptors/bounds.ts';
import { BoundError, type BoundsOf, count, flag, type GivenBounds, list, optional } from '../bounds.ts';
import { assertThere, numbered } from '../nodes.ts';

const { acceptors, ballots, crashes, flushes } = acceptorBounds;

/** Each is a budget of the whole run, and whatever it allows may happen at any moment. */
export const agreeBounds = {
  proposers: count({
    about: 'nodes that propose, each a value of its own',
    unit: ['proposer', 'proposers'],
    least: 1,
    most: 3,
    default: 2,
  }),
  acceptors,
  promises: optional(
    count({
      about: 'how many acceptors make a quorum of phase 1; what is left over, and one more, make one of phase 2',
      unit: ['to promise', 'to promise'],
      least: 1,
      most: 5,
      default: 0,
    }),
    'a majority, as for phase 2',
  ),
  ballots,
  crashes,
  crashing: optional(
    list({
      about: 'which nodes may crash: n1, n2, ..., and with --apart p1, p2, ...',
      placeholder: 'nodes',
      pattern: /^[np][1-5]$/,
      expected: 'nodes out of n1, n2, ..., p1, p2, ...',
      before: 'only of',
    }),
    'all',
  ),
  apart: flag({
    about: 'let proposers be on nodes of their own, p1, p2, ...',
    default: false,
    otherwise: 'proposers apart',
  }),
  flushes,
  /**
   * Without further ballots a refused proposer does nothing any more, which is as if all answers from then on were lost; and
   * an acceptor that refuses stays as it is. So whatever acceptors and callers come to with refusals, they come to without.
   */
  refusals: flag({
    about: 'let acceptors answer to what comes too late; only without further ballots may they be silent',
    default: true,
    otherwise: 'silent refusals',
  }),
  learner: flag({ about: 'let a node that proposes nothing learn', default: false, otherwise: 'a learner' }),
};

/** A value for every bound. */
export type AgreeBounds = BoundsOf<typeof agreeBounds>;
/** Values for some bounds; the others have their defaults. */
export type GivenAgreeBounds = GivenBounds<typeof agreeBounds>;

/**
 * @throws BoundError when more nodes propose than there are, a quorum is no group of them, one is to crash that is not there, or
 * ballots are to follow refusals that are not told
 */
export function assertPossible(bounds: AgreeBounds): void {
  const { proposers, acceptors, promises = 1, ballots, apart, crashing = [], refusals } = bounds;
  if (!refusals && ballots !== 0) {
    throw new BoundError(`expected --ballots 0 with --no-refusals, got ${ballots}: further ballots follow refusals`);
  }
  if (!apart && proposers > acceptors) {
    throw new BoundError(`expected at most ${acceptors} --proposers, as there are acceptors, got ${proposers}`);
  }
  if (promises > acceptors) {
    throw new BoundError(`expected at most ${acceptors} --promises, as there are acceptors, got ${promises}`);
  }
  assertThere(crashing, [...numbered('n', acceptors), ...(apart ? numbered('p', proposers) : [])]);
}
