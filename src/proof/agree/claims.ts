/**
 * What single-decree Paxos claims of every run, said once, for the checker, the simulator and the tests. A claim is a pure
 * function over what was observed of a decision. It answers with what is wrong, in words, or undefined.
 */

import { type Acceptance, type Acceptors, isLater, phase1Quorum } from '../../../statecharts/paxos.ts';
import { isQuorum } from '../../../statecharts/quorum.ts';
import type { Problem } from '../claim.ts';

/** What was seen of a decision. */
export interface Decided {
  readonly key: string;
  /** What was proposed, by any proposer. */
  readonly proposed: readonly string[];
  /** What was told to callers as chosen. */
  readonly told: readonly string[];
}

/** Agreement: all that is told of a decision is one value. */
export function agreement({ key, told }: Decided): Problem {
  const [one, other] = new Set(told);
  return other === undefined ? undefined : `agreement: of '${key}' both ${one} and ${other} were told`;
}

/** Validity: what is told was proposed. */
export function validity({ key, proposed, told }: Decided): Problem {
  const stray = told.find((value) => !proposed.includes(value));
  return stray === undefined ? undefined : `validity: of '${key}' ${stray} was told, and nobody had proposed it`;
}

/**
 * Chosen stays chosen: whichever quorum of phase 1 is asked from now on, the latest acceptance among what it remembers is
 * of the value that was told (P2c). `remembered` is what each acceptor would promise with, were it to start again now.
 */
export function durability(
  { key, told }: Decided,
  configuration: Acceptors,
  remembered: ReadonlyMap<string, Acceptance | null>,
): Problem {
  const [value] = told;
  if (value === undefined) return undefined;
  const accepted = (acceptor: string): Acceptance | null => remembered.get(acceptor) ?? null;
  const { acceptors } = configuration;
  const bases = [null, ...acceptors.map(accepted).filter((it) => it?.value !== value)];
  // A quorum is misled whose latest acceptance is of another value, or which remembers none at all.
  const misled = bases.find((base) => {
    if (base?.value === value) return false;
    const within = acceptors.filter((acceptor) => {
      const own = accepted(acceptor);
      return own === null || (base !== null && !isLater(own.ballot, base.ballot));
    });
    return isQuorum(phase1Quorum(configuration), within);
  });
  if (misled === undefined) return undefined;
  const found = misled === null ? 'nothing' : misled.value;
  return `durability: of '${key}' ${value} was told, and a quorum of acceptors remembers ${found} as the latest`;
}
