/** Who may use HTTP at all: clients on this machine, and those that carry a token that is derived from the cluster's secret. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isLoopback } from '../../bus/tcp/guests/remote.ts';
import { type ClusterSecret, nameOfToken, type OpenClients } from '../../bus/tcp.ts';
import type { OnBehalf } from '../store/key-value/commands.ts';
import { createGrantBook, type Grant, type GrantBook } from '../tokens/grants.ts';
import { keyOfToken } from '../tokens/idempotency.ts';
import { HttpRequestError } from './problems.ts';
import { header } from './reading.ts';

export interface HttpAccess {
  /** Which clients need no token; those on this machine by default. */
  readonly openClients?: OpenClients;
  /** What the others carry as `Authorization: Bearer TOKEN`, and may do everything with; left out, they are all refused. */
  readonly token?: string;
  /** Further tokens, of names, and what each may do. */
  readonly named?: { readonly secret: Pick<ClusterSecret, 'token'>; readonly grants: readonly Grant[] };
}

/** What is done to a lease takes of the token of a request: the keys of the lease are judged again when that is applied. */
export type WithinOf = (request: FastifyRequest) => OnBehalf;

/** What a write takes of the idempotency key of a request. */
export type IdempotencyOf = (request: FastifyRequest) => { readonly idempotencyKey?: string };

/** What is known of the requests of one interface. */
export interface Access {
  /** By what right a request is made; undefined for those of supervisors, which need none. */
  grantOf(request: FastifyRequest): Grant | undefined;
  /** The idempotency key that a request gives, as the store is to know it: those of a token of a name are its own. */
  idempotencyOf: IdempotencyOf;
  withinOf: WithinOf;
  /** Replaces what named tokens may do. Connections with requests under way by one that may do something else now are closed. */
  setGrants(grants: readonly Grant[]): void;
}

/** Of those that carry the token of all clients, and of those that need none. */
const bearer: Grant = { name: 'clients', role: 'admin' };
const open: Grant = { name: 'open', role: 'admin' };

/**
 * Refuses requests of others, before anything else is done for them. What counts is the address of the socket: headers
 * such as X-Forwarded-For are the sender's own words. So a reverse proxy on this machine opens the node to all that it lets
 * through, unless `openClients` is `none`. Whether a node lives and is ready is told to others as well, and nothing of why:
 * supervisors such as a kubelet ask from another machine, and send no token. A token that is known counts also where none is needed.
 */
export function addAccess(app: FastifyInstance, { openClients = 'loopback', token, named }: HttpAccess): Access {
  const expected = token === undefined ? undefined : digestOf(token);
  const tokens = createNamedTokens(named);
  const granted = new WeakMap<FastifyRequest, Grant>();
  const strangers = new WeakSet<FastifyRequest>();
  const underWay = new Map<FastifyRequest, Socket>();
  app.addHook('preSerialization', async (request, _reply, answer) =>
    strangers.has(request) ? statusAlone(answer) : answer,
  );
  app.addHook('onRequest', async (request, reply) => {
    const { socket, headers, routeOptions } = request;
    const [, given] = /^Bearer +(?<given>[^\s]+) *$/i.exec(headers.authorization ?? '') ?? [];
    const isOpen = openClients === 'all' || (openClients === 'loopback' && isLoopback(socket.remoteAddress));
    const digest = given === undefined ? undefined : digestOf(given);
    const ofName = digest && tokens.grantOf(nameOfToken(given ?? ''), digest);
    const ofAll = digest && expected && timingSafeEqual(digest, expected) ? bearer : undefined;
    const grant = ofName ?? ofAll ?? (isOpen ? open : undefined);
    if (grant !== undefined) {
      granted.set(request, grant);
      if (grant !== ofName) return;
      underWay.set(request, socket);
      reply.raw.once('close', () => underWay.delete(request));
      return;
    }
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
  return {
    grantOf: (request) => granted.get(request),
    idempotencyOf(request) {
      const key = header(request, 'idempotency-key');
      if (key === undefined) return {};
      const grant = granted.get(request);
      const isOfName = grant !== undefined && grant !== bearer && grant !== open;
      return { idempotencyKey: isOfName ? keyOfToken(grant.name, key) : key };
    },
    withinOf(request) {
      const within = granted.get(request)?.prefixes;
      return within === undefined ? {} : { within };
    },
    setGrants(grants) {
      const changed = tokens.set(grants);
      for (const [request, socket] of underWay) if (changed.has(granted.get(request)?.name ?? '')) socket.destroy();
    },
  };
}

interface NamedTokens {
  /** What the token of this name and digest may do. */
  grantOf(name: string | undefined, digest: Uint8Array): Grant | undefined;
  set: GrantBook['set'];
}

function createNamedTokens(named: HttpAccess['named']): NamedTokens {
  const book = createGrantBook(named?.grants ?? []);
  const digestsOf = (): ReadonlyMap<string, Uint8Array> =>
    new Map(named && book.names().map((name) => [name, digestOf(named.secret.token(name))]));
  let digests = digestsOf();
  return {
    set(grants) {
      if (named === undefined) return new Set();
      const changed = book.set(grants);
      digests = digestsOf();
      return changed;
    },
    grantOf(name, digest) {
      // The name in a token is no secret: what follows it is.
      const expected = name === undefined ? undefined : digests.get(name);
      if (name === undefined || expected === undefined) return undefined;
      return timingSafeEqual(digest, expected) ? book.of(name) : undefined;
    },
  };
}

const healthRoutes: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

const statusAlone = (answer: unknown): object =>
  typeof answer === 'object' && answer !== null && 'status' in answer ? { status: answer.status } : {};

/** Digests are of one length, and where they differ says nothing about where the tokens do. */
const digestOf = (text: string): Uint8Array => createHash('sha256').update(text).digest();
