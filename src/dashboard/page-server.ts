/**
 * Serves pages to a browser on this machine: the files of one folder as they are, and routes beside them. Whoever can
 * connect may read; nobody else's page may, or send anything here, and what is served loads nothing from elsewhere.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { extname, join, relative, sep } from 'node:path';
import type { Duplex } from 'node:stream';
import { QuorateError } from '../../statecharts/actor.ts';
import { messageOf } from '../environment/message.ts';
import { type OriginCheck, originCheck } from '../web/origins.ts';

/** Answers requests to one path; what it throws is answered with 500. */
export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** What is served, and where. */
export interface PagesOptions {
  /** A folder whose files are served by their names, `index.html` also as `/`. They are read once, now. */
  readonly files: string;
  /** By path, `/recording.json`; each comes before a file of its name. */
  readonly routes?: Readonly<Record<string, Route>>;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Further names under which browsers reach this server; addresses, `localhost` and `host` are known. */
  readonly hostNames?: readonly string[];
  /** Open connections, besides those that are kept; beyond them, the one that is open longest gives way. Default 128. */
  readonly connections?: number;
}

/** A running server of pages. */
export interface PageServer {
  /** `http://HOST:PORT`. */
  readonly url: string;
  /** For what needs more than requests, such as WebSockets: ask `passes` before anything is upgraded. */
  readonly http: Server;
  readonly passes: OriginCheck;
  /** A connection that was let in, and gives way to no other one from now on. */
  keep(connection: Duplex): void;
  /** Resolves when the port is free again; connections are ended. */
  close(): Promise<void>;
}

/** The port of a page could not be opened. */
export class PagePortError extends QuorateError {
  readonly code = 'PAGE_PORT';
}

/** There are no pages where they should be. */
export class PagesMissingError extends QuorateError {
  readonly code = 'PAGES_MISSING';
}

interface File {
  readonly type: string;
  readonly body: Uint8Array;
}

/** A folder that holds more than this is none of pages. */
const maxFiles = 500;
const maxFileBytes = 16 * 2 ** 20;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/** Scripts, styles and data come from this server alone, and no other page may frame it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const guardingHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/**
 * Serves pages.
 *
 * @throws PagesMissingError when the folder holds no pages; PagePortError when the port cannot be opened
 */
export async function servePages(options: PagesOptions): Promise<PageServer> {
  const { files: folder, routes = {}, host = '127.0.0.1', port = 0, hostNames = [], connections = 128 } = options;
  const files = filesIn(folder);
  const passes = originCheck([host, ...hostNames]);
  const http = createServer((request, response) => {
    for (const [name, value] of Object.entries(guardingHeaders)) response.setHeader(name, value);
    answer(request, response, passes, files, new Map(Object.entries(routes)));
  });
  const open = connectionsOf(http, connections);
  await listening(http, host, port);
  const bound = http.address();
  const at = typeof bound === 'object' && bound !== null ? bound : { address: host, port };
  return {
    url: `http://${at.address.includes(':') ? `[${at.address}]` : at.address}:${at.port}`,
    http,
    passes,
    keep: open.keep,
    close: () =>
      new Promise<void>((resolve) => {
        http.close(() => resolve());
        open.end();
      }),
  };
}

/** Bounds the connections of a server, which need not send a request, nor end when they are told to. */
function connectionsOf(http: Server, most: number): { keep(connection: Duplex): void; end(): void } {
  const [open, kept] = [new Set<Duplex>(), new Set<Duplex>()];
  http.on('connection', (socket: Socket) => {
    socket.once('close', () => {
      open.delete(socket);
      kept.delete(socket);
    });
    open.add(socket);
    if (open.size <= most) return;
    const [longest] = open;
    longest?.destroy();
  });
  return {
    keep(connection) {
      if (open.delete(connection)) kept.add(connection);
    },
    end() {
      for (const connection of [...open, ...kept]) connection.destroy();
    },
  };
}

/** A route that serves `value` as JSON; it is put into text once. */
export function jsonRoute(value: unknown): Route {
  const body = JSON.stringify(value);
  return (request, response) => {
    if (isReading(request, response)) send(request, response, { type: types['.json'] ?? '', body: Buffer.from(body) });
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  passes: OriginCheck,
  files: ReadonlyMap<string, File>,
  routes: ReadonlyMap<string, Route>,
): void {
  if (!passes(request.headers)) {
    refuse(response, 421, 'expected a request to an address or name of this server, from a page of its own');
    return;
  }
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  const route = routes.get(path);
  if (route !== undefined) {
    void carryOut(route, request, response);
    return;
  }
  const file = files.get(path === '/' ? '/index.html' : path);
  if (file === undefined) refuse(response, 404, 'there is nothing of that name here');
  else if (isReading(request, response)) send(request, response, file);
}

async function carryOut(route: Route, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await route(request, response);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else refuse(response, 500, messageOf(error));
  }
}

function isReading({ method }: IncomingMessage, response: ServerResponse): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  response.setHeader('allow', 'GET, HEAD');
  refuse(response, 405, `expected GET or HEAD, got ${method}`);
  return false;
}

function send({ method }: IncomingMessage, response: ServerResponse, { type, body }: File): void {
  response.writeHead(200, { 'content-type': type, 'content-length': body.length });
  response.end(method === 'HEAD' ? undefined : body);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

/** The files below `folder`, by the paths under which they are asked for: no other path reads anything. */
function filesIn(folder: string): ReadonlyMap<string, File> {
  const missing = (why: string, cause?: unknown): PagesMissingError =>
    new PagesMissingError(`expected the pages in '${folder}', ${why}; build them`, { cause });
  let paths: readonly string[];
  try {
    paths = readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (cause) {
    throw missing(messageOf(cause), cause);
  }
  if (paths.length > maxFiles) throw missing(`found more than ${maxFiles} files`);
  const large = paths.find((path) => statSync(path).size > maxFileBytes);
  if (large !== undefined) throw missing(`found more than ${maxFileBytes} bytes in '${large}'`);
  const files = new Map(
    paths.map((path) => {
      const name = `/${relative(folder, path).split(sep).join('/')}`;
      return [name, { type: types[extname(path)] ?? 'application/octet-stream', body: readFileSync(path) }] as const;
    }),
  );
  if (![...files.keys()].some((name) => name.endsWith('.html'))) throw missing('found none');
  return files;
}

const listening = (http: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    http.once('error', (cause) => {
      reject(
        new PagePortError(`cannot serve the page at ${host}:${port}: ${cause.message}; choose another port`, { cause }),
      );
    });
    http.listen(port, host, () => resolve());
  });
