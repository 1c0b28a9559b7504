/** What a route knows, and how its life begins. It writes nothing down: it hears how the group stands. */

import type { Birth, Delivered, EffectOf, Performed, TaggedBy } from '../../actor.ts';
import type { Topology } from '../topology.ts';
import type { Cut, RouteOutput, routeRequests } from './messages.ts';

export interface RouteContext {
  /** The last topology that was taken. */
  readonly known: Topology | null;
  /** Where connections lead, and as primary of which epoch; null where there are none. */
  readonly via: Via | null;
  /** How often connections were cut, so that each cut has a name of its own. */
  readonly cuts: number;
  readonly unheardAfterMs: number;
}

/** A primary as connections know it. */
export interface Via {
  readonly server: string;
  readonly host: string;
  readonly port: number;
  readonly epoch: number | null;
}

/** What an application starts a route with. */
export interface RouteBegin {
  /** How long no news are bearable, in milliseconds. */
  readonly unheardAfterMs: number;
}

export type RouteEvent = Delivered<TaggedBy<typeof routeRequests>> | Delivered<Performed>;
export type RouteEffect = EffectOf<{ operation: Cut; output: RouteOutput }>;

export const routeContext = ({ input: { unheardAfterMs } }: Birth<RouteBegin>): RouteContext => ({
  known: null,
  via: null,
  cuts: 0,
  unheardAfterMs,
});
