/** Whether acceptors remember what was chosen. */

import { type Acceptance, type Acceptors, isLater, phase1Quorum } from '../../../statecharts/paxos.ts';
import { isQuorum } from '../../../statecharts/quorum.ts';

/** What acceptors would promise with, were they to start again now; those that are not named, with nothing. */
export type Remembered = ReadonlyMap<string, Acceptance | null>;

/**
 * P2c: whichever quorum of phase 1 is asked from now on, the latest acceptance among what it remembers keeps what was chosen.
 *
 * @param keeps whether the value of an acceptance does
 * @returns the latest acceptance of a quorum that is misled, null where that remembers none; undefined when no quorum is
 */
export function misledBy(
  configuration: Acceptors,
  remembered: Remembered,
  keeps: (value: string) => boolean,
): Acceptance | null | undefined {
  const accepted = (acceptor: string): Acceptance | null => remembered.get(acceptor) ?? null;
  const { acceptors } = configuration;
  const strays = acceptors.flatMap((acceptor) => {
    const own = accepted(acceptor);
    return own === null || keeps(own.value) ? [] : [own];
  });
  return [null, ...strays].find((base) => {
    const within = acceptors.filter((acceptor) => {
      const own = accepted(acceptor);
      return own === null || (base !== null && !isLater(own.ballot, base.ballot));
    });
    return isQuorum(phase1Quorum(configuration), within);
  });
}
