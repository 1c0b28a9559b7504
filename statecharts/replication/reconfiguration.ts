/**
 * What a cluster may be asked to change of its members, one server at a time, and what it is afterwards: a server is
 * added without a vote, is given one once it has caught up, is removed, or is reached elsewhere. How the voters of before
 * give way to those of after is the protocol's; replacing one server by another is two such steps in one request
 * (see `members.ts`).
 */

import * as v from 'valibot';
import { type Address, isAddress, nodeOf } from '../actor/address.ts';
import {
  allMembers,
  isPlace,
  isPlaces,
  isPlaceTaken,
  type Members,
  maxRetired,
  placed,
  serverSetOf,
  withRetired,
} from './members.ts';
import { followerOf, isHeardLately, type Progress } from './progress.ts';
import type { ReconfigurationRefusal } from './refusals.ts';

/** Servers that a cluster may have, learners included: a leader sends all of them its log. */
export const maxMembers = 31;

const server = v.custom<Address>(isAddress, 'expected an address');
const places = v.custom<Readonly<Record<string, string>>>(isPlaces, 'expected host:port by node id');

/** A change of one member, as an application asks for it. */
export const reconfiguration = v.variant('kind', [
  /** Sends `server` the log, without a vote. `places` says where members are reached, this one among them. */
  v.object({
    kind: v.literal('add'),
    server,
    places,
  }),
  /** Lets a learner that has caught up vote. */
  v.object({ kind: v.literal('promote'), server }),
  /** Retires a voter or a learner. */
  v.object({ kind: v.literal('remove'), server }),
  /** From now on the member is reached at `place`, `host:port`. `places` says where the others are, as far as that is known. */
  v.object({
    kind: v.literal('move'),
    server,
    place: v.custom<string>(isPlace, 'expected host:port'),
    places: v.exactOptional(places),
  }),
]);
export type Reconfiguration = v.InferOutput<typeof reconfiguration>;

/** The members once the change is made. */
export function reconfigured(members: Members, change: Reconfiguration): Members {
  const { voters, learners, places } = members;
  const others = (of: readonly Address[]): readonly Address[] => of.filter((it) => it !== change.server);
  switch (change.kind) {
    case 'add':
      return placed({
        ...members,
        learners: serverSetOf([...learners, change.server]),
        places: { ...change.places, ...places },
      });
    case 'promote':
      return { ...members, voters: serverSetOf([...voters, change.server]), learners: others(learners) };
    case 'remove':
      return placed({
        ...members,
        voters: others(voters),
        learners: others(learners),
        ...withRetired(members, [change.server]),
      });
    case 'move':
      return placed({ ...members, places: { ...places, [nodeOf(change.server)]: change.place } });
  }
}

/** What stands against a change of `members` that are settled, whatever is known of how far its servers are. */
export function objectionToReconfiguring(
  members: Members,
  change: Reconfiguration,
): ReconfigurationRefusal | undefined {
  const { voters, learners, retired } = members;
  const isMember = allMembers(members).includes(change.server);
  switch (change.kind) {
    case 'add':
      if (isMember) return 'already-a-member';
      if (retired.includes(change.server)) return 'retired';
      if (allMembers(members).length >= maxMembers) return 'too-many-members';
      return objectionToPlace(members, change, change.places[nodeOf(change.server)]);
    case 'promote':
      return learners.includes(change.server) ? undefined : 'not-a-learner';
    case 'remove':
      if (!isMember) return 'not-a-member';
      if (retired.length >= maxRetired) return 'too-many-retired';
      return voters.length === 1 && voters.includes(change.server) ? 'last-voter' : undefined;
    case 'move':
      return isMember ? objectionToPlace(members, change, change.place) : 'not-a-member';
  }
}

function objectionToPlace(
  members: Members,
  { server, places = {} }: Extract<Reconfiguration, { kind: 'add' | 'move' }>,
  place: string | undefined,
): 'no-place' | 'place-taken' | undefined {
  if (place === undefined) return 'no-place';
  return isPlaceTaken(members, places, place, server) ? 'place-taken' : undefined;
}

/** What a leader knows of how far the other servers are. */
export interface Reach {
  readonly self: Address;
  readonly followers: readonly Progress[];
  /** The last round of heartbeats. */
  readonly round: number;
  readonly lastIndex: number;
  /** Entries that may be on their way to a follower: one that lacks no more is as close as any. */
  readonly windowEntries: number;
}

/** How many entries a learner lacks that it must have before it votes (Raft §4.2.1): 0 where it has caught up. */
export function entriesBehind(reach: Reach, learner: Address): number {
  const match = followerOf(reach.followers, learner)?.match ?? 0;
  const behind = reach.lastIndex - match;
  return match > 0 && behind <= reach.windowEntries ? 0 : behind;
}

/** Whether `server` answers, as far as the leader knows: a voter that does not helps no decision. */
export const isInReach = ({ self, followers, round }: Reach, server: string): boolean =>
  server === self ||
  followers.some((it) => it.server === server && (isHeardLately(it, round) || (it.heard && it.mode === 'replicating')));
