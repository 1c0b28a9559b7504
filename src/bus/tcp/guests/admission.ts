/**
 * Who gets in when there is little room. Peers always do, as there is one session for each; connections in their handshake
 * and clients have limits, under which a place (an address, or what counts as one) may take all there is until another
 * place wants some. So many clients behind one address work as long as no other client needs the room.
 */

import type { Verdict } from '../handshake/credentials.ts';
import type { TcpLimits } from '../options.ts';
import { createPlaces } from './places.ts';

type Limit = 'connectionLimit' | 'handshakeLimit';

export interface Admission<Held> {
  /** Takes in a connection that has not said anything yet. There is always room: the oldest of the greediest place goes. */
  arrived(held: Held, place: string): void;
  /** Makes room for one more client. @returns why there is none */
  forClient(place: string): Verdict | undefined;
  /** A connection is through its handshake. */
  opened(held: Held, place: string, kind: 'node' | 'client'): void;
  closed(held: Held): void;
}

/**
 * @param node for reasons
 * @param turnAway called for a connection that has to go; it counts no more
 */
export function createAdmission<Held>(
  node: string,
  limits: Pick<TcpLimits, Limit>,
  turnAway: (held: Held, limit: Limit) => void,
): Admission<Held> {
  const strangers = createPlaces<Held>();
  const clients = createPlaces<Held>();
  return {
    arrived(held, place) {
      strangers.add(held, place);
      if (strangers.size <= limits.handshakeLimit) return;
      const oldest = strangers.greediest()?.held[0];
      if (oldest === undefined) return;
      strangers.delete(oldest);
      turnAway(oldest, 'handshakeLimit');
    },
    forClient(place) {
      if (clients.size < limits.connectionLimit) return undefined;
      const latest = clients.giveWayTo(place);
      if (latest === undefined) {
        const reason = `node ${node} has ${clients.size} connections of clients, and takes no more; raise connectionLimit, or connect less often`;
        return { code: 'too-many-connections', reason };
      }
      turnAway(latest, 'connectionLimit');
      return undefined;
    },
    opened(held, place, kind) {
      strangers.delete(held);
      if (kind === 'client') clients.add(held, place);
    },
    closed(held) {
      strangers.delete(held);
      clients.delete(held);
    },
  };
}
