/**
 * How a leader lets another server lead (Ongaro 2014, §3.10), whatever its protocol: it takes no proposals, sees to it that
 * the other one has all of its log, and tells it to stand for election at once. Where no leader comes of that in time, it
 * goes on. Nothing rests on it: the other one is elected like any candidate, or not.
 */

import type { Address } from '../actor/address.ts';
import { type Deliver, deliver, deliverAhead } from '../actor/effects.ts';
import { isVoterAfterwards, type Members } from './members.ts';
import { followerOf, isHeardLately, type Progress } from './progress.ts';
import type { HandOverRefusal } from './refusals.ts';

/** A request to let another server lead that is under way. */
export interface HandOver {
  readonly id: number;
  readonly to: Address;
}

/** What is asked: let `to` lead, or the voter that has most of the log. */
export interface AskedHandOver {
  readonly id: number;
  readonly to: Address | null;
}

/** How it ends. */
export type HandOverOutput =
  /** This server leads no more, and `leader` does. */
  | { readonly type: 'handedOver'; readonly id: number; readonly leader: Address }
  | {
      readonly type: 'notHandedOver';
      readonly id: number;
      readonly reason: HandOverRefusal;
      readonly leader?: Address;
    };

/** What a server knows that may be asked to hand over. */
export interface HandingServer {
  readonly self: Address;
  readonly leader: Address | null;
  readonly configuration: Members;
  readonly handOver: HandOver | null;
  readonly leadership: { readonly followers: readonly Progress[]; readonly round: number } | null;
}

interface Ruled {
  readonly context: { readonly handOver: HandOver | null };
  readonly effects: readonly Deliver<HandOverOutput>[];
}

/** What stands against a hand-over: it may begin to a voter, and to none that is about to leave. */
export function objectionTo(
  server: HandingServer,
  asked: AskedHandOver,
  isReady: () => boolean,
): HandOverRefusal | undefined {
  const { configuration, handOver, leadership, self } = server;
  if (leadership === null) return 'not-leader';
  if (handOver !== null) return 'under-way';
  if (asked.to === self) return 'leads-already';
  if (asked.to !== null && !isVoterAfterwards(configuration, asked.to)) return 'not-a-voter';
  if (!isReady()) return 'not-ready';
  return targetOf(server, asked) === undefined ? 'no-voter-heard' : undefined;
}

/** The server that is to lead: the one that was named, or of the voters heard lately the one that has most of the log. */
function targetOf({ configuration, leadership }: HandingServer, { to }: AskedHandOver): Address | undefined {
  if (to !== null || leadership === null) return to ?? undefined;
  const { followers, round } = leadership;
  const heard = followers.filter((it) => isVoterAfterwards(configuration, it.server) && isHeardLately(it, round));
  return heard.reduce<Progress | undefined>((best, it) => (best && best.match >= it.match ? best : it), undefined)
    ?.server;
}

/** Begins a hand-over that nothing stands against. */
export function begun(server: HandingServer, asked: AskedHandOver): Ruled {
  const to = targetOf(server, asked);
  return { context: { handOver: to === undefined ? null : { id: asked.id, to } }, effects: [] };
}

/** Ahead: the answer concerns no record of this server. */
export function notHandedOver({ leader }: HandingServer, id: number, reason: HandOverRefusal): Deliver<HandOverOutput> {
  return deliverAhead({ type: 'notHandedOver', id, reason, ...(leader === null ? {} : { leader }) });
}

/** How far the server that is to lead holds the log, as far as the leader knows; undefined where none is to. */
export const targetMatch = ({ handOver, leadership }: HandingServer): number | undefined =>
  followerOf(leadership?.followers ?? [], handOver?.to)?.match;

/** No leader came of it in time. @param isBehind whether the other server has not got all of the log */
export function givenUp(server: HandingServer, isBehind: boolean): Partial<Ruled> {
  if (server.handOver === null) return {};
  const reason = isBehind ? 'target-behind' : 'timed-out';
  return { context: { handOver: null }, effects: [notHandedOver(server, server.handOver.id, reason)] };
}

/** Another server leads. Not ahead: told once it is durable here that this one does not. */
export function concludeHandOver({ handOver }: HandingServer, { from }: { readonly from: Address }): Partial<Ruled> {
  if (handOver === null) return {};
  return { context: { handOver: null }, effects: [deliver({ type: 'handedOver', id: handOver.id, leader: from })] };
}
