/** What machines are told of leases, where that is not the same for all, nor in all of their lives. */

import type { TimingOf } from '../../src/proof/store/scenario.ts';
import { driftBound } from '../../src/simulator/plan.ts';

const leased = { leaseDriftPpm: driftBound * 1e6 };

/** Leases for these machines alone. */
export const onlyFor =
  (...machines: readonly string[]): TimingOf =>
  (machine) =>
    machines.includes(machine) ? leased : {};

/** In each life of a machine anew: no leases, such as all have, shorter ones, or longer ones. */
export const changingWithLives: TimingOf = (_, random) => {
  const drawn = random.next();
  if (drawn < 0.25) return {};
  if (drawn < 0.6) return leased;
  return { ...leased, electionTimeoutMs: drawn < 0.8 ? 300 : 700 };
};
