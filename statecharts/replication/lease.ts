/**
 * Leases of leaders (Gray & Cheriton, "Leases", SOSP 1989; Ongaro 2014, §6.4.1; Chandra, Griesemer & Redstone, "Paxos Made
 * Live", PODC 2007, §5.2): a leader whose round of messages enough others have answered reads what is committed without
 * asking them again, for as long as none of them can have helped to elect another one.
 *
 * Those who answer promise to elect no other leader for the least election timeout, by their own clocks, from when they
 * heard it; one that starts anew keeps what an earlier life may have promised, also where it is told of shorter leases or of
 * none: the longest that it grants is written down before it first says so. The leader counts from when it *began* the
 * round, so that no delay of the network or of its own matters, and less than that timeout, by what two clocks may drift
 * apart. Nothing but these reads rests on clocks.
 */

import type { Address } from '../actor/address.ts';
import { type Quorum, reachedBy } from '../quorum.ts';

/** A round of messages that is not answered by enough others yet. */
interface Begun {
  readonly round: number;
  readonly atMs: number;
}

/** The last round that a server has answered with as long a lease. */
interface Granted {
  readonly server: Address;
  readonly round: number;
}

/** What a leader knows of its lease. Times are those of its own clock. */
export interface Lease {
  readonly lengthMs: number;
  /** In their order. */
  readonly begun: readonly Begun[];
  /** In the order of their addresses. */
  readonly granted: readonly Granted[];
  /** When it ends; null before the first one. */
  readonly untilMs: number | null;
  /** The leader has asked another server to stand, whom all may elect at once, as long as this reign lasts. */
  readonly isVoid: boolean;
}

/** What a timer may be early, and a clock coarse. */
const grainMs = 2;

/** No lease rests on a clock that runs faster or slower than true time by more than this, as a part of 1. */
export const mostDrift = 0.1;

/**
 * How long a leader's lease may be, in milliseconds of its clock.
 *
 * @param promiseMs how long those who answer elect no other leader, by their clocks
 * @param drift how much faster or slower than true time any clock may run, as a part of 1: between two clocks, one of which
 *   is too fast and one too slow, `promiseMs` of the one are `promiseMs * (1 - drift) / (1 + drift)` of the other
 */
export const leaseLengthMs = (promiseMs: number, drift: number): number =>
  Math.floor((promiseMs * (1 - drift)) / (1 + drift)) - grainMs;

/** The lease of a leader that has heard nothing yet; none where there are none. */
export const newLease = (lengthMs: number | null): Lease | null =>
  lengthMs === null ? null : { lengthMs, begun: [], granted: [], untilMs: null, isVoid: false };

/** A round begins; only those matter whose lease would not be over. */
export function withRound(lease: Lease | null, round: number, atMs: number): Lease | null {
  if (lease === null) return null;
  const begun = lease.begun.filter((it) => it.atMs + lease.lengthMs > atMs);
  return { ...lease, begun: [...begun, { round, atMs }] };
}

/** For how long a server says that it grants, with its answer to a leader; it says nothing where it has no leases. */
export const granting = (leaseMs: number | null): { readonly grantsMs?: number } =>
  leaseMs === null ? {} : { grantsMs: Math.max(0, leaseMs) };

/**
 * Gray & Cheriton §2: nobody grants a lease but those who say so. A server that was told otherwise than this leader, or is
 * of a release that knows no leases, may help to elect another one sooner: such an answer grants nothing.
 */
export function withGrant(
  lease: Lease | null,
  { from, grantsMs, round }: { readonly from: Address; readonly grantsMs?: number; readonly round: number },
): Lease | null {
  if (lease === null || lease.isVoid || grantsMs === undefined || grantsMs < lease.lengthMs) return lease;
  if (round <= grantedBy(lease, from)) return lease;
  const others = lease.granted.filter(({ server }) => server !== from);
  const granted = [...others, { server: from, round }].sort((one, other) => (one.server < other.server ? -1 : 1));
  return { ...lease, granted };
}

const grantedBy = ({ granted }: Lease, server: string): number =>
  granted.find((it) => it.server === server)?.round ?? 0;

/** How many others have granted one of the last two rounds. Without enough of them a leader has no lease. */
export const grantorsAt = ({ granted }: Lease, currentRound: number): number =>
  granted.filter(({ round }) => round >= currentRound - 1).length;

/** A `quorum` of servers, of which the leader is `self`, has granted a round: the lease lasts from when that began. */
export function renewed(lease: Lease | null, quorum: Quorum, self: Address): Lease | null {
  if (lease === null || lease.begun.length === 0) return lease;
  const confirmed = reachedBy(quorum, (server) =>
    server === self ? Number.MAX_SAFE_INTEGER : grantedBy(lease, server),
  );
  const last = lease.begun.findLast(({ round }) => round <= confirmed);
  if (last === undefined) return lease;
  const begun = lease.begun.filter(({ round }) => round > confirmed);
  return { ...lease, begun, untilMs: last.atMs + lease.lengthMs };
}

/** Others decide from here on, who have promised nothing: it begins with the next round. */
export const begunAnew = (lease: Lease | null): Lease | null =>
  lease === null ? null : { ...lease, begun: [], granted: [], untilMs: null };

/** There is none any more in this reign: what the leader has said cannot be taken back, and may arrive at any time. */
export const voided = (lease: Lease | null): Lease | null =>
  lease === null ? null : { ...lease, begun: [], granted: [], untilMs: null, isVoid: true };

/** What a server knows of its promise to elect no other leader. */
export interface Bound {
  /** It may have answered a leader that reads by its lease, in this life or an earlier one, and that may not be over. */
  readonly isBound: boolean;
}

/** What of a server tells which leases it grants, and has granted. */
export interface Granting extends Bound {
  /** Null where it grants none. */
  readonly leaseMs: number | null;
  /** The longest that it has granted in any life, as far as that may not be over; 0 for none. */
  readonly grantedMs: number;
}

/** Whether its next answer grants more than is written down. */
export const grantsMore = ({ grantedMs, leaseMs }: Granting): boolean => leaseMs !== null && leaseMs > grantedMs;

/** Whether an earlier life has granted more than this one does, as it was told otherwise: it waits for as long as that. */
export const isBoundByEarlier = ({ grantedMs, isBound: may, leaseMs }: Granting): boolean =>
  may && grantedMs > (leaseMs ?? 0);

/** How long a grant of an earlier life lasts at most, in milliseconds of the own clock, however much both clocks drift. */
export const earlierGrantMs = ({ grantedMs }: Granting): number =>
  Math.ceil(((grantedMs + grainMs) * (1 + mostDrift)) / (1 - mostDrift));

/** What may be in force of grants once those of earlier lives are over. */
export const ownGrantMs = ({ leaseMs }: Granting): number => Math.max(0, leaseMs ?? 0);

/**
 * Whether a server starts bound: before it crashed, it may have answered a leader that reads by its lease. It waits as if it
 * had just done so, by a clock that has run on or begun anew: the time it was away is on the safe side.
 */
export const startsBound = (leaseMs: number | null, isFirstLife: boolean, grantedMs: number): boolean =>
  grantedMs > 0 || (leaseMs !== null && !isFirstLife);

/** Whether a promise to elect no other leader may be in force. */
export const isBound = ({ isBound: may }: Bound): boolean => may;

/** Whatever was promised is over. */
export const endPromise = ({ isBound: was }: Bound): { readonly context?: Bound } =>
  was ? { context: { isBound: false } } : {};

/** Whether the leader holds it at `atMs`. */
export const isHeld = (lease: Lease | null, atMs: number): boolean =>
  lease !== null && lease.untilMs !== null && atMs < lease.untilMs;
