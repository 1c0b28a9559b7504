/**
 * How many connections an HTTP interface has open. One place (an address, or what counts as one) may hold them all until
 * another one wants some: then the one that holds most gives way, as on the bus. Connections on which no request is under
 * way give way first, also to others from the same place, so that those that idle keep no request out.
 */

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { createPlaces, type Places } from '../../bus/tcp/guests/places.ts';
import { placeOf } from '../../bus/tcp/guests/remote.ts';

interface Listening {
  on(event: 'connection', run: (socket: Socket) => void): unknown;
  on(event: 'request', run: (request: { readonly socket: Socket }, response: Answering) => void): unknown;
}

interface Answering {
  once(event: 'close', run: () => void): unknown;
}

/** Closes connections of `server` beyond `limit`, each as soon as it is one too many. */
export function limitConnections(server: Listening, limit: number): void {
  const open = createPlaces<Socket>();
  const underWay = new Map<Socket, number>();
  /** With TLS a request comes by another socket than the connection, from the same address and port. */
  const bySource = new Map<string, Socket>();
  const isIdle = (socket: Socket): boolean => !underWay.has(socket);
  server.on('connection', (socket) => {
    const place = placeOf(socket.remoteAddress);
    const source = sourceOf(socket);
    if (open.size >= limit) {
      const leaving = idleFor(open, place, isIdle) ?? open.giveWayTo(place);
      if (leaving === undefined) {
        socket.destroy();
        return;
      }
      open.delete(leaving);
      leaving.destroy();
    }
    open.add(socket, place);
    bySource.set(source, socket);
    socket.once('close', () => {
      open.delete(socket);
      if (bySource.get(source) === socket) bySource.delete(source);
      underWay.delete(socket);
    });
  });
  server.on('request', ({ socket: carrier }, response) => {
    const socket = carrier instanceof TLSSocket ? (bySource.get(sourceOf(carrier)) ?? carrier) : carrier;
    underWay.set(socket, (underWay.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const count = (underWay.get(socket) ?? 1) - 1;
      if (count > 0) {
        underWay.set(socket, count);
        return;
      }
      underWay.delete(socket);
      // Those that have been idle for longest come first.
      if (open.delete(socket)) open.add(socket, placeOf(socket.remoteAddress));
    });
  });
}

const sourceOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** The one that has been idle for longest, of the place that gives way to `place`, which may be that itself. */
function idleFor(open: Places<Socket>, place: string, isIdle: (socket: Socket) => boolean): Socket | undefined {
  const most = open.greediest()?.held ?? [];
  const yielding = most.length > open.countOf(place) + 1 ? most : open.heldBy(place);
  return yielding.find(isIdle);
}
