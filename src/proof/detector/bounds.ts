/** What may happen to detectors that are checked, and how often. */

import { type BoundsOf, budget, count, flag, type GivenBounds, list, optional } from '../bounds.ts';
import { assertThere, numbered } from '../nodes.ts';

/** Each is a budget of the whole run, and whatever it allows may happen at any moment. */
export const detectorBounds = {
  detectors: count({
    about: 'detectors of one node, w, on nodes d1, d2, ...; a majority of them confirms',
    unit: ['detector', 'detectors'],
    least: 1,
    most: 5,
    default: 2,
  }),
  pings: budget({ about: 'pings of all detectors together', unit: ['ping', 'pings'], default: 2 }),
  silences: budget({
    about: 'silences: a detector waits in vain for an answer, which may only be late',
    unit: ['silence', 'silences'],
    none: 'no silence',
    default: 2,
  }),
  relays: count({
    about: 'others that a detector asks to ping in its place',
    unit: ['relay', 'relays'],
    most: 4,
    default: 0,
  }),
  settling: count({
    about: 'answers after which a node is trusted again that was taken for dead',
    unit: ['answer to settle', 'answers to settle'],
    least: 1,
    most: 3,
    default: 1,
  }),
  stalls: count({
    about: 'moments at which time jumps by ten seconds, unnoticed',
    unit: ['stall', 'stalls'],
    default: 0,
  }),
  crashes: count({
    about: 'crashes, each followed by a restart at any time; what was not durable is lost',
    unit: ['crash', 'crashes'],
    default: 0,
  }),
  crashing: optional(
    list({
      about: 'which nodes may crash: w, d1, d2, ...',
      placeholder: 'nodes',
      pattern: /^(w|d[1-5])$/,
      expected: 'nodes out of w, d1, d2, ...',
      before: 'only of',
    }),
    'all',
  ),
  dead: flag({
    about: 'let the watched node be dead from the start: every detector must confirm it',
    default: false,
    otherwise: 'the node dead',
  }),
};

/** A value for every bound. */
export type DetectorBounds = BoundsOf<typeof detectorBounds>;
/** Values for some bounds; the others have their defaults. */
export type GivenDetectorBounds = GivenBounds<typeof detectorBounds>;

/** @throws BoundError when a node is to crash that is not there */
export function assertPossible({ detectors, dead, crashing = [] }: DetectorBounds): void {
  assertThere(crashing, [...(dead ? [] : ['w']), ...numbered('d', detectors)]);
}
