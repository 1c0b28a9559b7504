/**
 * Who has changed what, and who was refused: an entry for each request over HTTP that writes, changes the cluster or copies all of it, when
 * its answer is known, and for each that was refused for want of a right.
 */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../../environment/clock.ts';
import type { GrantOf } from './authorization.ts';
import { jsonOfBody } from './json.ts';
import { answerOf } from './problems.ts';
import { keysOfTransaction } from './transactions.ts';

/** One entry, without its time. */
export interface AuditEntry {
  /** The name of the token; `clients` for that of all clients, `open` where none was needed; left out where none was known. */
  readonly who?: string;
  /** The address of the connection. */
  readonly from: string;
  readonly method: string;
  /** The path of the route, such as `/kv/*`. */
  readonly route: string;
  /** The keys that it names: some of them, where they are many, and the beginnings of those that are long. */
  readonly keys?: readonly string[];
  /** The lease that it names, as it was written. */
  readonly lease?: string;
  /** The namespace that it names. */
  readonly namespace?: string;
  /** The nodes that a change of members, or of the leader, names. */
  readonly nodes?: readonly string[];
  readonly status: number;
  /** What was wrong. */
  readonly code?: string;
  /** How many more were refused before this one, and are not told, as there were too many at once. */
  readonly untold?: number;
}

/** Takes entries. */
export type Audit = (entry: AuditEntry) => void;

/** Strangers could fill the log: so many of those refused are told within a second. */
const refusedPerSecond = 20;
const keysLimit = 16;
const keyLength = 256;

/** Adds it to the routes of an interface. */
export function addAudit(app: FastifyInstance, grantOf: GrantOf, audit: Audit, clock: Clock): void {
  const codes = new WeakMap<FastifyRequest, string>();
  const isTold = createBudget(clock);
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
    const keys = keysOf(request).slice(0, keysLimit).map(cut);
    const code = codes.get(request);
    audit({
      ...(who === undefined ? {} : { who }),
      from: request.socket.remoteAddress ?? 'unknown',
      method: request.method,
      route,
      ...(keys.length === 0 ? {} : { keys }),
      ...subjectOf(request),
      status,
      ...(code === undefined ? {} : { code }),
      ...(untold === 0 ? {} : { untold }),
    });
  });
}

const cut = (text: string): string => text.slice(0, keyLength);

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS';

function keysOf({ routeOptions: { url = '' }, params, body }: FastifyRequest): readonly string[] {
  const key: unknown = Object(params)['*'];
  if (typeof key === 'string') return [key];
  if (url !== '/transactions') return [];
  try {
    return keysOfTransaction(body).flatMap(({ key: it, isWritten }) => (isWritten ? [it] : []));
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

/** @returns how many were not told since the last one that was; undefined for one that is not told */
function createBudget({ nowMs }: Clock): () => number | undefined {
  let sinceMs = -Infinity;
  let told = 0;
  let untold = 0;
  return () => {
    const now = nowMs();
    if (now - sinceMs >= 1_000) {
      sinceMs = now;
      told = 0;
    }
    if (told >= refusedPerSecond) {
      untold += 1;
      return undefined;
    }
    told += 1;
    const before = untold;
    untold = 0;
    return before;
  };
}
