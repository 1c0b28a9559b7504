/**
 * The dashboard of what runs: its pages, a feed for each viewer, and the faults that a viewer orders. All but the pages need
 * the token, which is in the URL that a person is given: another user of this machine has none.
 */

import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../environment/clock.ts';
import { faultOrderIn } from './fault-order.ts';
import type { FaultOrder } from './feed.ts';
import { type PagesOptions, servePages } from './page-server.ts';
import { createViewer, type Live, type Viewer } from './viewer.ts';

/** What is seen, and what may be ordered. */
export interface LiveCluster extends Live {
  /** Carries an order out. @returns what was wrong with it, if anything was. Left out where no faults are taken. */
  order?(order: FaultOrder): string | undefined;
}

export interface LiveServerOptions extends Omit<PagesOptions, 'routes'> {
  readonly clock: Clock;
  readonly token: string;
  /** Viewers at once. Default 8. */
  readonly viewers?: number;
  /** A viewer that has this much unsent is told in numbers what it misses. Default 1 MiB. */
  readonly viewerBufferBytes?: number;
}

/** A dashboard that is served. */
export interface LiveServer {
  /** To be opened in a browser: the page, with the token in the fragment, which no request carries. */
  readonly url: string;
  close(): Promise<void>;
}

/** An order takes less. */
const maxOrderBytes = 4_096;

/**
 * Serves the dashboard of `live`.
 *
 * @throws PagesMissingError when the pages are not built; PagePortError when the port cannot be opened
 */
export async function serveLive(live: LiveCluster, options: LiveServerOptions): Promise<LiveServer> {
  const { clock, token, viewers: mostViewers = 8, viewerBufferBytes = 2 ** 20, ...pages } = options;
  const viewers = new Map<WebSocket, Viewer>();
  const isToken = tokenCheck(token);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_024 });
  const { url, http, passes, keep, close } = await servePages({
    ...pages,
    routes: {
      '/faults': (request, response) => takeOrder(live, isToken, request, response),
      // The page asks whether it shows a recording.
      '/recording.json': (_request, response) => void response.writeHead(204).end(),
    },
  });
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    // What a stranger asks for need not be a URL.
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const given = new URLSearchParams(query).get('token') ?? '';
    if (!passes(request.headers) || path !== '/feed' || !isToken(given)) {
      // Nothing else ends a connection that has left HTTP, and whose other side stays.
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', () => socket.destroy());
      return;
    }
    sockets.handleUpgrade(request, socket, head, (viewer) => {
      if (welcome(viewer)) keep(socket);
    });
  });
  const welcome = (socket: WebSocket): boolean => {
    socket.on('error', () => {});
    if (viewers.size >= mostViewers) {
      socket.close(1013, `${mostViewers} viewers are connected already`);
      return false;
    }
    socket.on('close', () => {
      viewers.get(socket)?.close();
      viewers.delete(socket);
    });
    viewers.set(socket, createViewer({ live, clock, socket, bufferBytes: viewerBufferBytes }));
    return true;
  };
  return {
    url: `${url}/#token=${token}`,
    async close() {
      for (const [socket, viewer] of viewers) {
        viewer.close();
        socket.terminate();
      }
      viewers.clear();
      sockets.close();
      await close();
    },
  };
}

/** Compares in a time that says nothing of where they differ. */
function tokenCheck(token: string): (given: string) => boolean {
  const expected = Buffer.from(token);
  return (given) => {
    const bytes = Buffer.from(given);
    return bytes.length === expected.length && timingSafeEqual(bytes, expected);
  };
}

async function takeOrder(
  live: LiveCluster,
  isToken: (given: string) => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = (status: number, text: string): void => {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${text}\n`);
  };
  if (!isToken(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '')) {
    answer(401, "expected the page's token, as Authorization: Bearer TOKEN; it is in the URL that was printed");
  } else if (request.method !== 'POST') answer(405, `expected POST, got ${request.method}`);
  else if (live.order === undefined) answer(404, 'no faults are taken here');
  else {
    const text = await bodyOf(request);
    const order = text === undefined ? { problem: `expected at most ${maxOrderBytes} bytes` } : faultOrderIn(text);
    const problem = 'problem' in order ? order.problem : live.order(order);
    if (problem === undefined) response.writeHead(204).end();
    else answer(400, problem);
  }
}

/** The body as text; undefined when it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    sizeBytes += chunk.length;
    if (sizeBytes > maxOrderBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
