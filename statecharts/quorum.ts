/**
 * Quorums: which sets of members suffice to decide something. A quorum is data, so that it may stand in a context: any
 * so many of some members, and where several such demands stand together (joint consensus, Ongaro §4.3), all of them at
 * once. Two quorums that always share a member keep decisions from contradicting each other, whether they are both
 * majorities or not (Howard, Malkhi & Spiegelman 2016, Flexible Paxos).
 */

/** Any `size` of `members`. */
export interface Threshold {
  /** Each once. */
  readonly members: readonly string[];
  /** From 1 to the number of members. */
  readonly size: number;
}

/** Demands that must be met together; none is met by an empty set. */
export type Quorum = readonly Threshold[];

/** The least number of `count` members of which any two groups share one. */
export const majoritySize = (count: number): number => Math.floor(count / 2) + 1;

/** A majority of `members`, each of which is named once. */
export const majorityOf = (members: readonly string[]): Quorum => [{ members, size: majoritySize(members.length) }];

/** Any `size` of `members`, each of which is named once. */
export const anyOf = (members: readonly string[], size: number): Quorum => [{ members, size }];

/** A quorum of each: what both decide together. */
export const jointOf = (...quorums: readonly Quorum[]): Quorum => quorums.flat();

/** Whether those for whom `isPresent` holds are a quorum; who is no member does not count. */
export const isMet = (quorum: Quorum, isPresent: (member: string) => boolean): boolean =>
  quorum.length > 0 &&
  quorum.every(({ members, size }) => {
    let present = 0;
    for (const member of members) if (isPresent(member)) present += 1;
    return present >= size;
  });

/** Whether `members`, in any order, are a quorum; who is no member does not count. */
export const isQuorum = (quorum: Quorum, members: readonly string[]): boolean =>
  isMet(quorum, (member) => members.includes(member));

/**
 * The largest number that a whole quorum has reached.
 *
 * @param reached how far a member has come
 * @param none what no member has reached is at most that: the result of a quorum without demands. Default 0
 */
export function reachedBy(quorum: Quorum, reached: (member: string) => number, none = 0): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { members, size } of quorum) {
    const numbers = members.map(reached).sort((a, b) => b - a);
    least = Math.min(least, numbers[size - 1] ?? none);
  }
  return least === Number.POSITIVE_INFINITY ? none : least;
}

/**
 * Whether every quorum of `one` shares a member with every quorum of `other`. Exact for a single threshold on each side;
 * of joint ones, it is enough that one pair of thresholds guarantees it.
 */
export const alwaysMeet = (one: Quorum, other: Quorum): boolean =>
  one.some((mine) =>
    other.some((theirs) => {
      // Each may choose all of its members that the other lacks, and is left with these of the shared ones.
      const shared = mine.members.filter((member) => theirs.members.includes(member)).length;
      const least = ({ members, size }: Threshold): number => Math.max(0, size - (members.length - shared));
      return least(mine) + least(theirs) > shared;
    }),
  );
