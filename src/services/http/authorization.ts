/**
 * What each route of a store's interface asks for, and so what it needs of the token that a request shows. A route that is not
 * listed is for admins alone, so that one that is new and was forgotten here opens nothing.
 */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KeyValueStore } from '../store/key-value/contract.ts';
import type { Grant, Need } from '../tokens/grants.ts';
import { type Asked, forbidden, leasesOf, uncovered, uncoveredOfLease } from '../tokens/rights.ts';
import { HttpRequestError } from './problems.ts';
import { naturalIn } from './reading.ts';
import { operationsOfTransaction } from './transactions.ts';

/** Knows by what right a request is made; undefined for those that supervisors may make without any. */
export type GrantOf = (request: FastifyRequest) => Grant | undefined;

type AskedBy = (request: FastifyRequest) => Asked;

/** What is asked of the key in the path. */
const ofKey =
  (type: 'get' | 'put' | 'delete' | 'history'): AskedBy =>
  ({ params }) => {
    const key: unknown = Object(params)['*'];
    return typeof key === 'string' ? { type, key } : { type: 'other' };
  };

const ofSelection =
  (type: 'range' | 'changes'): AskedBy =>
  ({ query }) => {
    const { key, prefix, from, to }: Readonly<Record<string, unknown>> = Object(query);
    if (typeof key === 'string') return { type, selection: { key } };
    const texts = Object.entries({ prefix, from, to }).filter(
      (it): it is [string, string] => typeof it[1] === 'string',
    );
    return { type, selection: Object.fromEntries(texts) };
  };

const ofLease =
  (type: 'lease' | 'keep' | 'revoke'): AskedBy =>
  ({ params }) => ({ type, lease: naturalIn('the lease', String(Object(params).id)) });

const simply =
  (type: 'grant' | 'namespaces' | 'status' | 'members'): AskedBy =>
  () => ({ type });

/** By method and route, as far as the head of a request says. */
const byHead: Readonly<Record<string, AskedBy>> = {
  'GET /kv/*': ofKey('get'),
  'PUT /kv/*': ofKey('put'),
  'DELETE /kv/*': ofKey('delete'),
  'GET /kv': ofSelection('range'),
  'GET /history/*': ofKey('history'),
  'GET /watch': ofSelection('changes'),
  'POST /transactions': () => ({ type: 'transaction', compare: [], success: [], failure: [] }),
  'POST /leases': simply('grant'),
  'POST /leases/:id/keep': simply('grant'),
  'DELETE /leases/:id': simply('grant'),
  'GET /leases/:id': simply('status'),
  'GET /agree/*': ofKey('get'),
  'PUT /agree/*': ofKey('put'),
  'GET /namespaces': simply('namespaces'),
  'GET /members': simply('members'),
  'GET /status': simply('status'),
  'GET /metrics': simply('status'),
  'GET /healthz': simply('status'),
  'GET /readyz': simply('status'),
};

/** What is known only once the body is there, and parameters are read, which may refuse them. */
const byBody: Readonly<Record<string, AskedBy>> = {
  'PUT /kv/*': ({ params, query }) => {
    const { lease }: { readonly lease?: unknown } = Object(query);
    const key = String(Object(params)['*']);
    return { type: 'put', key, ...(lease === undefined ? {} : { lease: naturalIn('lease', String(lease)) }) };
  },
  'POST /transactions': ({ body }) => ({ type: 'transaction', ...operationsOfTransaction(body) }),
  'POST /leases/:id/keep': ofLease('keep'),
  'DELETE /leases/:id': ofLease('revoke'),
  'GET /leases/:id': ofLease('lease'),
};

const routeOf = ({ method, routeOptions: { url = '' } }: FastifyRequest): string =>
  `${method === 'HEAD' ? 'GET' : method} ${url}`;

/** Refuses what no grant covers. To be called after the access was added, and before routes. */
export function addAuthorization(
  app: FastifyInstance,
  grantOf: GrantOf,
  kv: Pick<KeyValueStore, 'lease'>,
  deadlineMs: number,
): void {
  app.addHook('onRequest', async (request) => {
    const grant = grantOf(request);
    if (grant === undefined) return;
    const asked: Asked = byHead[routeOf(request)]?.(request) ?? { type: 'other' };
    refuse(grant, uncovered(grant, asked), request);
  });
  app.addHook('preHandler', async (request) => {
    const grant = grantOf(request);
    if (grant === undefined || (grant.prefixes === undefined && grant.role !== 'read')) return;
    const asked = byBody[routeOf(request)]?.(request);
    if (asked === undefined) return;
    refuse(grant, uncovered(grant, asked), request);
    for (const need of leasesOf(grant, asked)) {
      const found = await kv.lease(need.lease, { deadlineMs });
      refuse(grant, uncoveredOfLease(grant, need, found?.keys ?? []), request);
    }
  });
}

/** @throws HttpRequestError where there is a need that the grant does not cover */
function refuse(grant: Grant, need: Need | undefined, { method, url }: FastifyRequest): void {
  if (need === undefined) return;
  const { message, whatToDo } = forbidden(grant, need, `${method} ${url.slice(0, 200)}`);
  throw new HttpRequestError(403, 'FORBIDDEN', message, whatToDo);
}
