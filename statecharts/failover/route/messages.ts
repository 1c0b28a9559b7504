/** What a route is told, what it asks to be done, and what it says. */

import * as v from 'valibot';
import { type Topology, topology } from '../topology.ts';

/** What an application tells a route: the group as it stands, each time that it hears of it. */
export const routeRequests = { topology: v.object({ topology }) };

/** Ends all connections that lead to a primary; done when none is left. */
export interface Cut {
  readonly type: 'cut';
  /** The server that they lead to. */
  readonly server: string;
}

/** What a route says. */
export type RouteOutput =
  /** The group stands otherwise than was known; where clients go is said apart from that. */
  | { readonly type: 'known'; readonly topology: Topology }
  /** Clients go to the primary of this topology. */
  | { readonly type: 'routed'; readonly topology: Topology }
  | { readonly type: 'routeless' }
  /** There was no news for so long that what is known may be history. */
  | { readonly type: 'unheard'; readonly forMs: number }
  | { readonly type: 'heard' };
