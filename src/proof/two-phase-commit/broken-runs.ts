/**
 * Mistakes that simulation finds: those of `broken.ts` that need no particular order of a few steps, and those that
 * databases and registers make, each with the seeds among which one shows it. The true parts survive the same seeds.
 */

import { brokenTwins } from './broken.ts';
import type { BrokenParts } from './scenario.ts';

/** A mistake, and the runs of three machines, with all faults, in which it shows. */
export interface SimulatedTwin {
  readonly place: 'journal' | 'register';
  readonly broken: BrokenParts;
  /** The first seed, and how many runs are enough. */
  readonly seed: number;
  readonly runs: number;
}

/** The twins, by what they do. */
export const simulatedTwins = {
  'a decision is sent before it is journalled': {
    place: 'journal',
    broken: brokenTwins['a decision is sent before it is journalled'].broken,
    seed: 1,
    runs: 300,
  },
  'the caller is answered before the decision is journalled': {
    place: 'journal',
    broken: brokenTwins['the caller is answered before the decision is journalled'].broken,
    seed: 1,
    runs: 300,
  },
  'a participant in doubt aborts alone': {
    place: 'journal',
    broken: brokenTwins['a participant in doubt aborts alone'].broken,
    seed: 1,
    runs: 300,
  },
  'an unknown answer to a commit is taken for success': {
    place: 'journal',
    broken: brokenTwins['an unknown answer to a commit is taken for success'].broken,
    seed: 1,
    runs: 300,
  },
  'a name that is unknown to the database is taken for committed': {
    place: 'journal',
    broken: { database: { takesUnknownForSuccess: true } },
    seed: 1,
    runs: 300,
  },
  'a late prepare is accepted after the rollback': {
    place: 'journal',
    broken: { database: { acceptsLatePrepares: true } },
    seed: 1,
    runs: 300,
  },
  'a commit is presumed': {
    place: 'journal',
    broken: brokenTwins['a commit is presumed'].broken,
    seed: 1,
    runs: 300,
  },
  'a coordinator does not wait for all votes': {
    place: 'journal',
    broken: brokenTwins['a coordinator does not wait for all votes'].broken,
    seed: 1,
    runs: 300,
  },
  'an owner overrules the register that fenced it': {
    place: 'register',
    broken: brokenTwins['an owner overrules the register that fenced it'].broken,
    seed: 1,
    runs: 300,
  },
  'a register lets two owners decide': {
    place: 'register',
    broken: { fencesNobody: true },
    seed: 1,
    runs: 300,
  },
} as const satisfies Readonly<Record<string, SimulatedTwin>>;
