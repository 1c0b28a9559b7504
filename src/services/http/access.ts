/** Who may use HTTP at all: clients on this machine, and those that carry the token that is derived for clients. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isLoopback } from '../../bus/tcp/guests/remote.ts';
import type { OpenClients } from '../../bus/tcp.ts';
import { HttpRequestError } from './problems.ts';

export interface HttpAccess {
  /** Which clients need no token; those on this machine by default. */
  readonly openClients?: OpenClients;
  /** What the others carry as `Authorization: Bearer TOKEN`; left out, they are all refused. */
  readonly token?: string;
}

/**
 * Refuses requests of others, before anything else is done for them. What counts is the address of the socket: headers
 * such as X-Forwarded-For are the sender's own words. So a reverse proxy on this machine opens the node to all that it lets
 * through, unless `openClients` is `none`. Whether a node lives and is ready is told to others as well, and nothing of why:
 * supervisors such as a kubelet ask from another machine, and send no token.
 */
export function addAccess(app: FastifyInstance, { openClients = 'loopback', token }: HttpAccess): void {
  if (openClients === 'all') return;
  const expected = token === undefined ? undefined : digestOf(token);
  const strangers = new WeakSet<FastifyRequest>();
  app.addHook('preSerialization', async (request, _reply, answer) =>
    strangers.has(request) ? statusAlone(answer) : answer,
  );
  app.addHook('onRequest', async (request, reply) => {
    const { socket, headers, routeOptions } = request;
    if (openClients === 'loopback' && isLoopback(socket.remoteAddress)) return;
    const [, given] = /^Bearer +(?<given>[^\s]+) *$/i.exec(headers.authorization ?? '') ?? [];
    // Digests are of one length, and where they differ says nothing about where the tokens do.
    if (given !== undefined && expected !== undefined && timingSafeEqual(digestOf(given), expected)) return;
    if (healthRoutes.has(routeOptions.url ?? '')) {
      strangers.add(request);
      return;
    }
    reply.header('www-authenticate', 'Bearer realm="quorate"').header('connection', 'close');
    const got = given === undefined ? 'none' : 'another one';
    throw new HttpRequestError(
      401,
      'TOKEN_REQUIRED',
      `expected the token of clients from ${socket.remoteAddress ?? 'elsewhere'}, got ${got}`,
      expected === undefined
        ? 'start the nodes with --secret-file, and send the token that quorate secret http prints; or ask from the same machine'
        : 'send Authorization: Bearer TOKEN, with what this prints: quorate secret http --secret-file FILE',
    );
  });
}

const healthRoutes: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

const statusAlone = (answer: unknown): object =>
  typeof answer === 'object' && answer !== null && 'status' in answer ? { status: answer.status } : {};

const digestOf = (text: string): Uint8Array => createHash('sha256').update(text).digest();
