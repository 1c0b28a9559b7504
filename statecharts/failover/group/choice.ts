/**
 * Who may become primary, and who does. Of those that were fenced, enough of the in-sync set must be there that the others
 * are too few to confirm a write: then nothing more is acknowledged, and what was is held by one of them (Paxos phase 1;
 * Howard, Malkhi & Spiegelman 2016: any two quorums that decide against each other share a member).
 *
 * The primary of the epoch, in the same incarnation, holds everything by itself; so does a candidate that was chosen and may have
 * been promoted, and each of those that were in sync with it: nothing is acknowledged before its promotion is recorded.
 */

import { compareReach, type Found, type Reach, reachOf } from './positions.ts';
import { byServer, type Loss, type Member, type Standing, sameMember, sortedMembers } from './standing.ts';

/** A server that was fenced in the epoch, and what speaks for it. */
export interface Fenced extends Found {
  readonly priority: number;
  readonly isPromotable: boolean;
  /** Whether its confirmations are to count. */
  readonly isHot: boolean;
  /** Whether it is believed to work; others are the last choice. */
  readonly isWell: boolean;
  readonly maxLagBytes: number | null;
  /** Whether it is outside of the zone whose primary has failed. */
  readonly isApart: boolean;
}

/** What is chosen. */
export interface Choice {
  readonly candidate: Member;
  /** Where its data end. */
  readonly offset: number;
  readonly inSync: readonly Member[];
  readonly loss: Loss | null;
}

/** How many of the in-sync set must be fenced. */
export function wantedOf({ primary, inSync, confirmations }: Standing): number {
  return primary === null ? 1 : Math.max(1, inSync.length - confirmations + 1);
}

const membersAmong = ({ inSync }: Standing, fenced: readonly Fenced[]): readonly Fenced[] =>
  fenced.filter((it) => inSync.some((one) => sameMember(one, it)));

/** The one that holds everything by itself. */
const holderAmong = ({ primary, candidate }: Standing, fenced: readonly Fenced[]): Fenced | undefined =>
  fenced.find((it) => sameMember(candidate ?? primary, it));

/** Whether what was acknowledged is held by those that were fenced, and nothing more can be acknowledged. */
export const isDecisive = (standing: Standing, fenced: readonly Fenced[]): boolean =>
  holderAmong(standing, fenced) !== undefined || membersAmong(standing, fenced).length >= wantedOf(standing);

/** How far everything reaches at most that was acknowledged; null where the fenced ones do not say. */
function acknowledgedUpTo(standing: Standing, fenced: readonly Fenced[]): Reach | null {
  const { inSync, confirmations, primary } = standing;
  const bounds: Reach[] = [];
  const holder = holderAmong(standing, fenced);
  const ofHolder = holder === undefined ? null : reachOf(standing, holder);
  if (ofHolder !== null) bounds.push(ofHolder);
  const reaches = membersAmong(standing, fenced)
    .flatMap((it) => reachOf(standing, it) ?? [])
    .sort((one, other) => compareReach(other, one));
  // So many of those that were fenced hold what was acknowledged, even if all that were not hold it, too: all, where the set is
  // too small to have confirmed anything but what its members held from its beginning.
  const confirming = Math.min(confirmations, inSync.length);
  const holders = primary === null ? 1 : confirming - (inSync.length - reaches.length);
  const bound = holders >= 1 ? reaches[holders - 1] : undefined;
  if (bound !== undefined) bounds.push(bound);
  return bounds.sort(compareReach)[0] ?? null;
}

/** Whose data reach farther, first; a history that is not known reaches nowhere. */
const byReach =
  (standing: Standing) =>
  (one: Fenced, other: Fenced): number => {
    const [mine, theirs] = [reachOf(standing, one), reachOf(standing, other)];
    if (mine === null || theirs === null) return Number(mine === null) - Number(theirs === null);
    return compareReach(theirs, mine);
  };
const byWellness = (one: Fenced, other: Fenced): number => Number(other.isWell) - Number(one.isWell);
const byTarget =
  ({ target, primary }: Standing) =>
  (one: Fenced, other: Fenced): number => {
    if (target === null) return 0;
    const rank = ({ server }: Fenced): number => (server === target ? 0 : server === primary?.server ? 1 : 2);
    return rank(one) - rank(other);
  };
const byZone = (one: Fenced, other: Fenced): number => Number(other.isApart) - Number(one.isApart);
const byPriority = (one: Fenced, other: Fenced): number => other.priority - one.priority;

/** The first of `fenced` by these criteria, each of which decides among those that all before it leave equal. */
const firstBy = (
  fenced: readonly Fenced[],
  ...criteria: readonly ((one: Fenced, other: Fenced) => number)[]
): Fenced | undefined =>
  [...fenced].sort((one, other) => {
    for (const criterion of criteria) {
      const order = criterion(one, other);
      if (order !== 0) return order;
    }
    return 0;
  })[0];

const memberOf = ({ server, incarnation }: Member): Member => ({ server, incarnation });

/** In sync from the first moment: those that stand exactly where the candidate does, and so hold all that it does. */
const inSyncWith = (candidate: Fenced, fenced: readonly Fenced[]): readonly Member[] =>
  sortedMembers(
    fenced
      .filter(({ server, position, isPromotable, isHot }) => {
        const isSame = position.history === candidate.position.history && position.offset === candidate.position.offset;
        return isSame && isPromotable && isHot && server !== candidate.server;
      })
      .map(memberOf),
  );

/** Those who were not in sync may be where the candidate is, and are then as good as it. */
const chosen = (candidate: Fenced, fenced: readonly Fenced[], loss: Loss | null): Choice => ({
  candidate: memberOf(candidate),
  offset: candidate.position.offset,
  inSync: inSyncWith(candidate, fenced),
  loss,
});

/** Durable: of those that hold what was acknowledged, those that work, the target, priority, another zone, and the farthest. */
function withoutLoss(standing: Standing, fenced: readonly Fenced[]): Choice | null {
  if (!isDecisive(standing, fenced)) return null;
  const bound = acknowledgedUpTo(standing, fenced);
  if (bound === null) return null;
  const able = fenced.filter((it) => {
    const reach = it.isPromotable ? reachOf(standing, it) : null;
    return reach !== null && compareReach(reach, bound) >= 0;
  });
  const candidate = firstBy(able, byWellness, byTarget(standing), byPriority, byZone, byReach(standing), byServer);
  if (candidate === undefined) return null;
  return chosen(candidate, fenced, null);
}

/** How much a candidate lacks of what reaches up to `end`; null where that is not known. */
function lacking({ histories }: Standing, candidate: Found, end: Found['position'] | null | undefined): number | null {
  if (end === null || end === undefined || end.history !== candidate.position.history) return null;
  return histories.some((it) => it.history === end.history)
    ? Math.max(0, end.offset - candidate.position.offset)
    : null;
}

/** What a choice may lose. It has a bound if the primary was fenced, and so has ended; what it was seen to have is none. */
const lossOf = (
  standing: Standing,
  candidate: Found,
  fenced: readonly Fenced[],
  last: Found['position'] | null,
): Loss => ({
  epoch: standing.epoch,
  bytes: lacking(standing, candidate, holderAmong(standing, fenced)?.position),
  seenBytes: lacking(standing, candidate, last),
});

/** With loss: whose data reach farthest, of those that may lack so much; a switchover loses nothing that the old primary has. */
function withLoss(
  standing: Standing,
  fenced: readonly Fenced[],
  last: Found['position'] | null,
  isAllowed: boolean,
): Choice | null {
  const able = fenced.filter((it) => {
    if (!it.isPromotable) return false;
    if (isAllowed) return true;
    const { bytes, seenBytes } = lossOf(standing, it, fenced, last);
    const lag = bytes ?? seenBytes;
    return reachOf(standing, it) !== null && (it.maxLagBytes === null || (lag !== null && lag <= it.maxLagBytes));
  });
  const candidate = firstBy(able, byWellness, byReach(standing), byTarget(standing), byPriority, byZone, byServer);
  if (candidate === undefined) return null;
  return chosen(candidate, fenced, lossOf(standing, candidate, fenced, last));
}

/**
 * The primary that is chosen among those that were fenced in the epoch; null if none may be.
 *
 * @param last where the primary was last seen, for what is known of a loss; null if it never was
 */
export function choiceAmong(
  standing: Standing,
  fenced: readonly Fenced[],
  last: Found['position'] | null,
): Choice | null {
  const { mode, allowedLoss, epoch } = standing;
  if (mode === 'pass-through') return withLoss(standing, fenced, last, allowedLoss === epoch);
  const lossless = withoutLoss(standing, fenced);
  if (lossless !== null || allowedLoss !== epoch) return lossless;
  return withLoss(standing, fenced, last, true);
}
