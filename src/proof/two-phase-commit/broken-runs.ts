/**
 * Mistakes that simulation finds: those of `broken.ts` that do not need a few steps in one particular order, and those
 * that databases and registers make. Each names the first of the seeds among which one shows it; the true parts survive
 * the same seeds.
 */

import { brokenTwins } from './broken.ts';
import type { Broken } from './model.ts';
import type { DecidingPlace } from './scenario/operations.ts';
import type { BrokenParts } from './scenario.ts';

/** A mistake, and where to look for it. */
export interface SimulatedTwin {
  readonly place: DecidingPlace;
  readonly broken: BrokenParts;
  /** The first seed. */
  readonly seed: number;
}

/** The runs, of three machines and with every fault there is, within which each twin is found from its seed on. */
export const runsToFindTwins = 60;

/** A twin that the checker finds, too. */
const checked = (
  name: keyof typeof brokenTwins,
  place: SimulatedTwin['place'],
  seed: number,
): Readonly<Record<string, SimulatedTwin>> => {
  const { coordinator, participant }: Broken = brokenTwins[name].broken;
  const broken = {
    ...(coordinator === undefined ? {} : { coordinator }),
    ...(participant === undefined ? {} : { participant }),
  };
  return { [name]: { place, broken, seed } };
};

/** The twins, by what they do. */
export const simulatedTwins: Readonly<Record<string, SimulatedTwin>> = {
  ...checked('a decision is sent before it is journalled', 'journal', 115),
  ...checked('the caller is answered before the decision is journalled', 'journal', 1),
  ...checked('a participant in doubt aborts alone', 'journal', 1),
  ...checked('an unknown answer to a commit is taken for success', 'journal', 40),
  'a name that is unknown to the database is taken for committed': {
    place: 'journal',
    broken: { database: { takesUnknownForSuccess: true } },
    seed: 130,
  },
  'a late prepare is accepted after the rollback': {
    place: 'journal',
    broken: { database: { acceptsLatePrepares: true } },
    seed: 1,
  },
  ...checked('a commit is presumed', 'journal', 8),
  ...checked('a coordinator does not wait for all votes', 'journal', 1),
  ...checked('an abort is presumed where a last resource decides', 'last', 50),
  ...checked('a commit is announced before the last resource has answered', 'last', 1),
  ...checked('an unknown answer of a last resource is taken for a no', 'last', 1),
  'absence is read and not written where a last resource decides': {
    place: 'last',
    broken: { database: { readsAbsence: true } },
    seed: 50,
  },
  ...checked('an owner overrules the register that fenced it', 'register', 60),
  'a register lets two owners decide': { place: 'register', broken: { fencesNobody: true }, seed: 15 },
};
