/**
 * The configuration in force: who decides the slots that are not chosen yet. A configuration lasts until a stop-sign is
 * chosen, after which nothing was proposed (Lamport, Malkhi & Zhou 2008, "Stoppable Paxos", §1 and §3), so that a slot is
 * only ever decided by one configuration, and the depth of the pipeline needs no bound.
 */

import type { Address } from '../../actor/address.ts';
import type { Quorum } from '../../quorum.ts';
import { anyOf, isMet, majoritySize } from '../../quorum.ts';
import { isVoter, type Members, noMembers } from '../../replication/members.ts';
import { phase1Quorum, phase2Quorum, type QuorumSizes } from '../acceptors.ts';
import type { Entry, Snapshot } from './messages.ts';
import type { Slots } from './slots.ts';

/** The members from a slot on. */
export interface Configuration extends Members {
  /** The stop-sign that it comes from, or the snapshot's last slot. */
  readonly index: number;
  readonly sizes: QuorumSizes;
}

/** The configuration that a stop-sign begins. */
export const begunBy = ({ index, members, sizes }: Extract<Entry, { kind: 'stop' }>): Configuration => ({
  ...members,
  index,
  sizes,
});

/** The last configuration that the entries up to `upToIndex` begin, or else the snapshot's; one without members if none. */
export function configurationIn(slots: Slots, snapshot: Snapshot | null, upToIndex: number): Configuration {
  const lowest = Math.max(slots.baseIndex, snapshot?.index ?? 0);
  for (let index = upToIndex; index > lowest; index -= 1) {
    const entry = slots.acceptedAt(index);
    if (entry?.kind === 'stop') return begunBy(entry);
  }
  if (snapshot === null) return { ...noMembers, index: 0, sizes: { phase1Size: 1, phase2Size: 1 } };
  return { ...snapshot.members, index: snapshot.index, sizes: snapshot.sizes };
}

/** Those who must promise before a value may be proposed. */
export const promisingQuorum = ({ voters, sizes }: Configuration): Quorum =>
  phase1Quorum({ acceptors: voters, ...sizes });

/** Those who must accept a value at one ballot for it to be chosen. */
export const choosingQuorum = ({ voters, sizes }: Configuration): Quorum =>
  phase2Quorum({ acceptors: voters, ...sizes });

/**
 * The sizes of quorums once `count` servers vote: majorities stay majorities; else phase 2, which every write waits for,
 * keeps its size as far as there are so many, and phase 1 is the least that meets it.
 */
export function sizesFor({ voters, sizes }: Configuration, count: number): QuorumSizes {
  if (count === voters.length) return sizes;
  const before = majoritySize(voters.length);
  if (sizes.phase1Size === before && sizes.phase2Size === before) {
    return { phase1Size: majoritySize(count), phase2Size: majoritySize(count) };
  }
  const phase2Size = Math.min(sizes.phase2Size, count);
  return { phase1Size: count - phase2Size + 1, phase2Size };
}

/** The least of those without whom no later leader can have been promised its ballot. */
export const confirmingQuorum = ({ voters, sizes: { phase1Size } }: Configuration): Quorum =>
  anyOf(voters, voters.length - phase1Size + 1);

/** Whether those for whom `isPresent` holds could elect a leader, and choose values with it. */
export const canDecide = (configuration: Configuration, isPresent: (server: string) => boolean): boolean =>
  isMet(promisingQuorum(configuration), isPresent) && isMet(choosingQuorum(configuration), isPresent);

/** Whether `server` votes. */
export const votesIn = (configuration: Configuration, server: Address): boolean => isVoter(configuration, server);
