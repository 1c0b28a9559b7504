/**
 * What each route of a store's interface needs of the token that a request shows. A route that is not listed is for admins
 * alone, so that one that is new and was forgotten here opens nothing.
 */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KeyValueStore } from '../store/key-value/contract.ts';
import { covers, type Grant, type Need, type Role, type Scope } from './grants.ts';
import { HttpRequestError } from './problems.ts';
import { naturalIn } from './reading.ts';
import { keysOfTransaction } from './transactions.ts';

/** Knows by what right a request is made; undefined for those that supervisors may make without any. */
export type GrantOf = (request: FastifyRequest) => Grant | undefined;

const urlKey = ({ params }: FastifyRequest): Scope => {
  const key: unknown = Object(params)['*'];
  return typeof key === 'string' ? { key } : 'all';
};

const selected = ({ query }: FastifyRequest): Scope => {
  const { key, prefix, from, to }: Readonly<Record<string, unknown>> = Object(query);
  if (typeof key === 'string') return { key };
  // Several parts mean the keys that all of them mean.
  if (typeof prefix === 'string') return { prefix };
  return typeof from === 'string' && typeof to === 'string' ? { from, to } : 'all';
};

const nothing = (): Scope => 'none';
const everything = (): Scope => 'all';

interface RouteNeed {
  readonly role: Role;
  readonly scope: (request: FastifyRequest) => Scope;
}

/** By method and route. What else some need stands in the body, or in the store: see `laterNeeds`. */
const needs: Readonly<Record<string, RouteNeed>> = {
  'GET /kv/*': { role: 'read', scope: urlKey },
  'PUT /kv/*': { role: 'write', scope: urlKey },
  'DELETE /kv/*': { role: 'write', scope: urlKey },
  'GET /kv': { role: 'read', scope: selected },
  'GET /history/*': { role: 'read', scope: urlKey },
  'GET /watch': { role: 'read', scope: selected },
  'POST /transactions': { role: 'read', scope: nothing },
  'POST /leases': { role: 'write', scope: nothing },
  'POST /leases/:id/keep': { role: 'write', scope: nothing },
  'DELETE /leases/:id': { role: 'write', scope: nothing },
  'GET /leases/:id': { role: 'read', scope: nothing },
  'GET /agree/*': { role: 'read', scope: urlKey },
  'PUT /agree/*': { role: 'write', scope: urlKey },
  'GET /namespaces': { role: 'read', scope: everything },
  'GET /members': { role: 'read', scope: nothing },
  'GET /status': { role: 'read', scope: nothing },
  'GET /metrics': { role: 'read', scope: nothing },
  'GET /healthz': { role: 'read', scope: nothing },
  'GET /readyz': { role: 'read', scope: nothing },
};

/** What a request for a route needs, as far as its head says. */
function needOf(request: FastifyRequest): Need {
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const known = needs[`${method} ${request.routeOptions.url ?? ''}`];
  return known === undefined ? { role: 'admin', scope: 'all' } : { role: known.role, scope: known.scope(request) };
}

/** Refuses what no grant covers. To be called after the access was added, and before routes. */
export function addAuthorization(
  app: FastifyInstance,
  grantOf: GrantOf,
  kv: Pick<KeyValueStore, 'lease'>,
  deadlineMs: number,
): void {
  app.addHook('onRequest', async (request) => {
    const grant = grantOf(request);
    if (grant !== undefined) require(grant, needOf(request), request);
  });
  app.addHook('preHandler', async (request) => {
    const grant = grantOf(request);
    if (grant === undefined || (grant.prefixes === undefined && grant.role !== 'read')) return;
    for (const need of await laterNeeds(request, kv, deadlineMs)) require(grant, need, request);
  });
}

/** What a request needs by its body, or by what the store has. */
async function laterNeeds(
  { routeOptions: { url = '' }, body, params, query, method }: FastifyRequest,
  kv: Pick<KeyValueStore, 'lease'>,
  deadlineMs: number,
): Promise<readonly Need[]> {
  if (url === '/transactions') {
    return keysOfTransaction(body).map(({ key, isWritten }) => ({
      role: isWritten ? 'write' : 'read',
      scope: { key },
    }));
  }
  const keysOfLease = async (name: string, id: unknown): Promise<readonly Scope[]> => {
    const found = await kv.lease(naturalIn(name, String(id)), { deadlineMs });
    return (found?.keys ?? []).map((key) => ({ key }));
  };
  if (url === '/kv/*') {
    const { lease }: { readonly lease?: unknown } = Object(query);
    if (method !== 'PUT' || lease === undefined) return [];
    // A key that joins those of others would take their lease from them: they could neither keep nor end it any more.
    return (await keysOfLease('lease', lease)).map((scope) => ({ role: 'write', scope }));
  }
  if (!url.startsWith('/leases/:id')) return [];
  // Whoever ends a lease deletes its keys, and whoever keeps one keeps them: of one that has none yet it is not known whose.
  const scopes = await keysOfLease('the lease', Object(params).id);
  const role = method === 'GET' || method === 'HEAD' ? 'read' : 'write';
  return (scopes.length === 0 ? (['all'] as const) : scopes).map((scope) => ({ role, scope }));
}

/** @throws HttpRequestError */
function require(grant: Grant, need: Need, { method, url }: FastifyRequest): void {
  if (covers(grant, need)) return;
  const { name, role, prefixes } = grant;
  const keys =
    prefixes === undefined ? '' : `, of keys that begin with ${prefixes.map((it) => `'${it}'`).join(' or ')}`;
  const what = need.scope === 'all' && need.role !== 'admin' ? `${need.role} for all keys` : need.role;
  throw new HttpRequestError(
    403,
    'FORBIDDEN',
    `${method} ${url.slice(0, 200)} needs the role ${what}, and the token of '${name}' has ${role}${keys}`,
    need.scope === 'all' && prefixes !== undefined
      ? 'name keys that it may use, such as by ?prefix=, or ask with another token'
      : 'ask with another token, or have an operator list more for this one',
  );
}
