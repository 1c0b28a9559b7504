/** What people watch through: a page with the Stately Inspector, and the WebSockets that it and other viewers connect to. */

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { QuorateError } from '../../statecharts/actor.ts';
import { originCheck } from '../web/origins.ts';
import { page } from './page.ts';

/** Where viewers connect. */
export interface InspectorServerOptions {
  /** Default 127.0.0.1: whoever can connect sees everything that the node does. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Further names under which browsers reach this server; addresses, `localhost` and `host` are known. */
  readonly hostNames?: readonly string[];
  /** A viewer that has this much unsent is behind, and misses events. Default 4 MiB. */
  readonly viewerBufferBytes?: number;
  /** Viewers at once. Default 8. */
  readonly viewers?: number;
}

/** A running inspector server. */
export interface InspectorServer {
  /** The page to open in a browser, `http://HOST:PORT`; WebSocket viewers connect to the same place. */
  readonly url: string;
  /** Events that viewers missed because they were behind. */
  readonly missed: number;
  close(): Promise<void>;
}

/** The inspector's port could not be opened. */
export class InspectorPortError extends QuorateError {
  readonly code = 'INSPECTOR_PORT';
}

/** Shows something to one viewer from now on, until that is ended. */
export type Show = (send: (event: unknown) => void) => { unsubscribe(): void };

/**
 * Serves what `show` shows, to each viewer on its own.
 *
 * @throws InspectorPortError when the port cannot be opened
 */
export async function serveViewers(show: Show, options: InspectorServerOptions = {}): Promise<InspectorServer> {
  const { host = '127.0.0.1', port = 0, viewerBufferBytes = 4 * 1024 * 1024, viewers = 8 } = options;
  const shown = new Map<WebSocket, { unsubscribe(): void }>();
  let missed = 0;
  const passes = originCheck([host, ...(options.hostNames ?? [])]);
  const http = createServer(({ headers }, response) => {
    if (!passes(headers)) {
      response.writeHead(421).end('expected a request to an address or name of this server\n');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(page);
  });
  const sockets = new WebSocketServer({
    server: http,
    verifyClient: ({ req }: { req: IncomingMessage }) => passes(req.headers),
  });
  sockets.on('connection', (socket) => {
    if (shown.size >= viewers) {
      socket.close(1013, `${viewers} viewers are connected already`);
      return;
    }
    const leave = (): void => {
      shown.get(socket)?.unsubscribe();
      shown.delete(socket);
    };
    socket.on('close', leave);
    socket.on('error', leave);
    const send = (event: unknown): void => {
      if (socket.bufferedAmount > viewerBufferBytes) missed += 1;
      else socket.send(JSON.stringify(event));
    };
    shown.set(socket, show(send));
  });
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: Error): void =>
      reject(
        new InspectorPortError(`cannot serve the inspector at ${host}:${port}: ${cause.message}; choose another port`, {
          cause,
        }),
      );
    http.once('error', refuse);
    sockets.once('error', refuse);
    http.listen(port, host, () => resolve());
  });
  const bound = http.address();
  const address = isAddressInfo(bound) ? bound : { address: host, port };
  return {
    url: `http://${address.address}:${address.port}`,
    get missed() {
      return missed;
    },
    async close() {
      for (const [socket, subscription] of shown) {
        subscription.unsubscribe();
        socket.terminate();
      }
      shown.clear();
      await new Promise<void>((resolve) => sockets.close(() => resolve()));
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      });
    },
  };
}

const isAddressInfo = (address: AddressInfo | string | null): address is AddressInfo =>
  typeof address === 'object' && address !== null;
