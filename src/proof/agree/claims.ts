/**
 * What single-decree Paxos claims of every run, said once, for the checker, the simulator and the tests. A claim is a pure
 * function over what was observed of a decision. It answers with what is wrong, in words, or undefined.
 */

import type { Acceptors } from '../../../statecharts/paxos.ts';
import { misledBy, type Remembered } from '../acceptors/misled.ts';
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
 * of the value that was told (P2c).
 */
export function durability({ key, told }: Decided, configuration: Acceptors, remembered: Remembered): Problem {
  const [value] = told;
  if (value === undefined) return undefined;
  const misled = misledBy(configuration, remembered, (it) => it === value);
  if (misled === undefined) return undefined;
  const found = misled === null ? 'nothing' : misled.value;
  return `durability: of '${key}' ${value} was told, and a quorum of acceptors remembers ${found} as the latest`;
}
