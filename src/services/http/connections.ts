/**
 * How many connections an HTTP interface has open. One place (an address, or what counts as one) may hold them all until
 * another one wants some: then the one that holds most gives way, as on the bus.
 */

import type { Socket } from 'node:net';
import { createPlaces } from '../../bus/tcp/guests/places.ts';
import { placeOf } from '../../bus/tcp/guests/remote.ts';

interface Listening {
  on(event: 'connection', run: (socket: Socket) => void): unknown;
}

/** Closes connections of `server` beyond `limit`, each as soon as it is one too many. */
export function limitConnections(server: Listening, limit: number): void {
  const open = createPlaces<Socket>();
  server.on('connection', (socket) => {
    const place = placeOf(socket.remoteAddress);
    if (open.size >= limit) {
      const latest = open.giveWayTo(place);
      if (latest === undefined) {
        socket.destroy();
        return;
      }
      latest.destroy();
    }
    open.add(socket, place);
    socket.once('close', () => open.delete(socket));
  });
}
