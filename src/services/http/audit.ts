/**
 * Who has changed what, and who was refused: an entry for each request over HTTP that writes, changes the cluster or copies all of it, when
 * its answer is known, and for each that was refused for want of a right.
 */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../../environment/clock.ts';
import { type Audit, type AuditEntry, createRefusalBudget, cut, toldKeys } from '../tokens/audit.ts';
import type { GrantOf } from './authorization.ts';
import { jsonOfBody } from './json.ts';
import { answerOf } from './problems.ts';
import { operationsOfTransaction } from './transactions.ts';

/** Adds it to the routes of an interface. */
export function addAudit(app: FastifyInstance, grantOf: GrantOf, audit: Audit, clock: Clock): void {
  const codes = new WeakMap<FastifyRequest, string>();
  const isTold = createRefusalBudget(clock);
  app.addHook('onError', async (request, _reply, error) => {
    codes.set(request, answerOf(error).problem.code);
  });
  // Not when the answer is out: a client that hangs up on it has done no less.
  app.addHook('onSend', async (request, { statusCode: status }) => {
    const isRefused = status === 401 || status === 403;
    const { url: route = 'unknown' } = request.routeOptions;
    if (!isRefused && isRead(request.method) && route !== '/backup') return;
    const untold = isRefused ? isTold() : 0;
    if (untold === undefined) return;
    const who = grantOf(request)?.name;
    const code = codes.get(request);
    audit({
      ...(who === undefined ? {} : { who }),
      from: request.socket.remoteAddress ?? 'unknown',
      method: request.method,
      route,
      ...toldKeys(keysOf(request)),
      ...subjectOf(request),
      status,
      ...(code === undefined ? {} : { code }),
      ...(untold === 0 ? {} : { untold }),
    });
  });
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS';

function keysOf({ routeOptions: { url = '' }, params, body }: FastifyRequest): readonly string[] {
  const key: unknown = Object(params)['*'];
  if (typeof key === 'string') return [key];
  if (url !== '/transactions') return [];
  try {
    const { success, failure } = operationsOfTransaction(body);
    return [...success, ...failure].flatMap(({ type, key: it }) => (type === 'get' ? [] : [it]));
  } catch {
    return [];
  }
}

/** What it is about besides keys. */
function subjectOf({ routeOptions: { url = '' }, params, query, body }: FastifyRequest): Partial<AuditEntry> {
  const { id: lease = Object(query).lease, name: namespace }: Readonly<Record<string, unknown>> = Object(params);
  if (url.startsWith('/members/')) {
    const { id, old, new: joining, to }: Readonly<Record<string, unknown>> = Object(jsonOfBody(body));
    const nodes = [id, old, Object(joining).id, to].filter((it): it is string => typeof it === 'string').map(cut);
    return nodes.length === 0 ? {} : { nodes };
  }
  return {
    ...(typeof lease === 'string' ? { lease: cut(lease) } : {}),
    ...(typeof namespace === 'string' ? { namespace: cut(namespace) } : {}),
  };
}
