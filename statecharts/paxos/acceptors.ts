/**
 * The acceptors of one decision, and how many of them make a quorum of each phase. All that Paxos asks of quorums is that
 * each of phase 1 shares an acceptor with each of phase 2 (Howard, Malkhi & Spiegelman 2016, Flexible Paxos, §4);
 * majorities of both are the default.
 */

import * as v from 'valibot';
import { type Address, isAddress } from '../actor/address.ts';
import { alwaysMeet, anyOf, majoritySize, type Quorum } from '../quorum.ts';
import { AcceptorsError } from './errors.ts';

/** The most acceptors that one decision may have. */
export const maxAcceptors = 31;

/** Who accepts, and how many of them suffice. Plain data; made by `acceptorsOf`. */
export interface Acceptors {
  /** Sorted, each once. */
  readonly acceptors: readonly Address[];
  /** How many must promise before a value may be proposed. */
  readonly phase1Size: number;
  /** How many must accept a value at one ballot for it to be chosen. */
  readonly phase2Size: number;
}

/** The sizes of quorums, where they are not majorities. */
export interface QuorumSizes {
  readonly phase1Size: number;
  readonly phase2Size: number;
}

/** The quorums of phase 1: what a proposer has to hear before it proposes. */
export const phase1Quorum = ({ acceptors, phase1Size }: Acceptors): Quorum => anyOf(acceptors, phase1Size);

/** The quorums of phase 2: what has to accept a value at one ballot. */
export const phase2Quorum = ({ acceptors, phase2Size }: Acceptors): Quorum => anyOf(acceptors, phase2Size);

/**
 * A configuration of acceptors.
 *
 * @param acceptors in any order
 * @param sizes of quorums; by default majorities of both phases
 * @throws AcceptorsError when there are no acceptors, more than `maxAcceptors`, one named twice, no quorum of such a size,
 * or quorums of the two phases that need not share an acceptor
 */
export function acceptorsOf(acceptors: readonly Address[], sizes?: QuorumSizes): Acceptors {
  const majority = majoritySize(acceptors.length);
  const { phase1Size, phase2Size } = sizes ?? { phase1Size: majority, phase2Size: majority };
  const made: Acceptors = { acceptors: [...acceptors].sort(), phase1Size, phase2Size };
  const fault = faultOf(made);
  if (fault !== undefined) throw fault;
  return made;
}

/** Whether both are the same acceptors with the same quorums. */
export const sameAcceptors = (one: Acceptors, other: Acceptors): boolean =>
  one.phase1Size === other.phase1Size &&
  one.phase2Size === other.phase2Size &&
  one.acceptors.length === other.acceptors.length &&
  one.acceptors.every((acceptor, at) => acceptor === other.acceptors[at]);

/** A configuration as it comes off a wire or out of a journal: never one that could choose two values. */
export const acceptors = v.pipe(
  v.object({
    acceptors: v.pipe(
      v.array(v.custom<Address>(isAddress, 'expected an address like n1/paxos.acceptor/agree/owner')),
      v.readonly(),
    ),
    phase1Size: v.number(),
    phase2Size: v.number(),
  }),
  v.check(({ acceptors: them }) => them.every((it, at) => at === 0 || it >= (them[at - 1] ?? it)), 'not sorted'),
  v.check((them) => faultOf(them) === undefined, 'expected acceptors whose quorums share one of them'),
);

/** What keeps `configuration`, which is sorted, from deciding. */
function faultOf(configuration: Acceptors): AcceptorsError | undefined {
  const { acceptors: them, phase1Size, phase2Size } = configuration;
  const count = them.length;
  if (count === 0) return new AcceptorsError('none', 'expected one or more acceptors, got none; name them');
  if (count > maxAcceptors) {
    return new AcceptorsError('too-many', `expected at most ${maxAcceptors} acceptors, got ${count}; name fewer`);
  }
  const twice = them.find((it, at) => it === them[at + 1]);
  if (twice !== undefined) {
    return new AcceptorsError('named-twice', `expected each acceptor once, got '${twice}' twice; name it once`);
  }
  const wrong = [phase1Size, phase2Size].find((size) => !Number.isInteger(size) || size < 1 || size > count);
  if (wrong !== undefined) {
    return new AcceptorsError(
      'no-such-quorum',
      `expected quorums of 1 to ${count} acceptors, got ${wrong}; choose a size among these`,
    );
  }
  if (!alwaysMeet(phase1Quorum(configuration), phase2Quorum(configuration))) {
    return new AcceptorsError(
      'quorums-apart',
      `expected every quorum of phase 1 to share an acceptor with every quorum of phase 2, got sizes ${phase1Size} and ` +
        `${phase2Size} of ${count}, which add up to no more than ${count}; make one of them larger`,
    );
  }
  return undefined;
}
