/** Why a server of a replicated log does not do what it was asked, whatever its protocol. */

import { nodeOf } from '../actor/address.ts';
import { allMembers, isPlaceTaken, isVoter, type Members, maxRetired, type Replacement } from './members.ts';

/** Why a request was refused. Nothing of it has happened or will happen. */
export type RequestRefusal =
  /** This server does not lead (any more). */
  | 'not-leader'
  /** It leads, and does not know yet what is committed. */
  | 'not-ready'
  /** Too many bytes wait to be committed. */
  | 'overloaded'
  /** It lets another server lead, and takes no proposals meanwhile: soon that one does, or this one again. */
  | 'handing-over';

/** Why a server did not hand over. */
export type HandOverRefusal =
  /** Nothing was begun. This server does not lead; */
  | 'not-leader'
  /** it leads, and does not know yet what is committed; */
  | 'not-ready'
  /** it is the one that should lead; */
  | 'leads-already'
  /** it hands over already; */
  | 'under-way'
  /** the server that should lead has no vote, or is about to lose it; */
  | 'not-a-voter'
  /** none was named, and no other voter was heard lately. */
  | 'no-voter-heard'
  /** The server that should lead did not get all of the log in time. This server takes proposals again. */
  | 'target-behind'
  /** It got all and was told to lead, and no leader was heard of in time. It may lead still, or this server again. */
  | 'timed-out';

/** Why a server is not replaced. Nothing of it has happened or will happen. */
export type ReplacementRefusal =
  /** As for other requests. */
  | 'not-leader'
  | 'not-ready'
  /** A change of members is under way: one at a time. */
  | 'change-under-way'
  /** The server that should leave does not vote. */
  | 'not-a-voter'
  /** The server that should join takes part already. */
  | 'already-a-member'
  /** The server that should join has left before, and its votes with it. */
  | 'retired'
  /** As many servers have left as a cluster remembers. */
  | 'too-many-retired'
  /** It is not known where the server that should join is reached. */
  | 'no-place'
  /** Another member, that stays, is reached there. */
  | 'place-taken';

/** Why the members are not changed. Nothing of it has happened or will happen. */
export type ReconfigurationRefusal =
  | 'not-leader'
  | 'not-ready'
  | 'change-under-way'
  | 'already-a-member'
  | 'retired'
  | 'too-many-retired'
  | 'no-place'
  | 'place-taken'
  /** The server that should be removed, or is reached elsewhere, takes no part. */
  | 'not-a-member'
  /** The server that should vote is none that learns. */
  | 'not-a-learner'
  /** The server that should vote has not caught up: how much it lacks is told beside. */
  | 'learner-behind'
  /** As many servers take part as a cluster may have. */
  | 'too-many-members'
  /** Nobody would vote any more. */
  | 'last-voter'
  /** The leader should be removed, and those who stay could not go on without it: another one must lead first. */
  | 'leads'
  /** Of those who would vote, too few answer to decide anything. */
  | 'no-quorum';

/** What stands against a change of `members` that are settled. */
export function objectionIn(
  members: Members,
  { leaving, joining, places }: Replacement,
): ReplacementRefusal | undefined {
  if (!isVoter(members, leaving)) return 'not-a-voter';
  if (allMembers(members).includes(joining)) return 'already-a-member';
  if (members.retired.includes(joining)) return 'retired';
  if (members.retired.length >= maxRetired) return 'too-many-retired';
  const place = places[nodeOf(joining)];
  if (place === undefined) return 'no-place';
  return isPlaceTaken(members, places, place, leaving) ? 'place-taken' : undefined;
}
