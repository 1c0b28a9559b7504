/** The HTTP interface of a node's key-value store. */

import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { QuorateError } from '../../../statecharts/actor.ts';
import type { Environment } from '../../environment/environment.ts';
import type { Node } from '../../host/node.ts';
import { originCheck } from '../../web/origins.ts';
import type { Decisions } from '../agreement/decisions.ts';
import type { Standing } from '../lives/standing.ts';
import { PreconditionFailedError } from '../store/errors.ts';
import { valueLimitBytes } from '../store/key-value/machine.ts';
import { type KeyValueStore, keyValueStore } from '../store/key-value/store.ts';
import type { ReplicatedStore } from '../store/replicated-store.ts';
import { addAccess, type HttpAccess } from './access.ts';
import { answerBrokenRequest } from './broken-requests.ts';
import { conditionOf, etagOf, isKnown } from './conditions.ts';
import { limitConnections } from './connections.ts';
import { addDecisionRoutes } from './decisions.ts';
import { addMemberRoutes } from './members.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { answerOf, HttpRequestError } from './problems.ts';
import {
  createResponseBudget,
  defaultResponseBudgetLimits,
  type ResponseBudget,
  type ResponseBudgetLimits,
} from './response-budget.ts';

/** Bounds of what an HTTP interface holds for those who use it. */
export interface HttpLimits extends ResponseBudgetLimits {
  /** Open connections. Default 1,024; one address may hold them all until another one wants some. */
  readonly connections: number;
}

export interface HttpServerOptions {
  readonly node: Node;
  readonly store: ReplicatedStore;
  /** What answers to `/agree/KEY`; left out, nothing does. */
  readonly decisions?: Decisions;
  readonly environment: Environment;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /**
   * Further names under which this interface is reached; addresses, `localhost` and `host` are known. A request that names
   * another host is refused: it is one of a browser that was led here by a foreign page.
   */
  readonly hostNames?: readonly string[];
  readonly limits?: Partial<HttpLimits>;
  /** By which protocol the store is replicated, for `GET /status`. */
  readonly protocol?: string;
  /** How the node stands with its peers, for `GET /status`. */
  readonly standing?: () => Standing;
  /** Who may use it; clients on this machine by default. */
  readonly access?: HttpAccess;
  /** The process, for `GET /status`. */
  readonly pid: number;
  /** How long a request may take before it is answered 503 or 504, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
  /** Told what no answer explains: errors that are a fault of this program. By default none is. */
  readonly onUnexpected?: (error: unknown) => void;
}

const defaultLimits: HttpLimits = { ...defaultResponseBudgetLimits, connections: 1_024 };

/** Requests of one connection that may be under way at once; one more ends the connection. */
const pipelineLimit = 64;

/** A running HTTP interface. */
export interface HttpServer {
  /** `http://HOST:PORT`. */
  readonly url: string;
  /** Answers what is under way, then stops. Idempotent. */
  close(): Promise<void>;
}

/** The port could not be opened. */
export class HttpListenError extends QuorateError {
  readonly code = 'HTTP_LISTEN';
}

/**
 * Serves a store over HTTP.
 *
 * @throws HttpListenError when the port cannot be opened
 */
export async function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  const { node, store, environment, host = '127.0.0.1', port = 0, pid, deadlineMs = 5_000, onUnexpected } = options;
  const { hostNames = [], protocol, standing, decisions } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const { clock } = environment;
  const budget = createResponseBudget(clock, limits);
  const metrics = createMetrics(node, store, budget);
  let closing: Promise<void> | undefined;
  const app = fastify({
    bodyLimit: valueLimitBytes,
    // A key is found behind /kv/ and may be longer than a usual path.
    routerOptions: { maxParamLength: 8_192 },
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
    // What still arrives is answered by the store, which knows what became of it.
    return503OnClosing: false,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => sendProblem(reply, asRequestError(error)),
  });
  limitConnections(app.server, limits.connections);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => {
    const told = asRequestError(error);
    if (!(told instanceof QuorateError)) onUnexpected?.(told);
    return sendProblem(reply, told);
  });
  app.setNotFoundHandler((request) => {
    throw new HttpRequestError(
      404,
      'UNKNOWN_ROUTE',
      `there is no ${request.method} ${request.url}`,
      'use GET, PUT or DELETE /kv/KEY, GET or PUT /agree/KEY, GET /members, POST /members/replace or /members/leader, or GET /status, /healthz, /metrics',
    );
  });
  app.addHook('onSend', async (_request, reply) => {
    // A connection that was busy when the end began would otherwise stay open for further requests.
    if (closing !== undefined) reply.header('connection', 'close');
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.answered(request.method, route, reply.statusCode, reply.elapsedTime);
  });
  refuseForeignPages(app, [host, ...hostNames]);
  limitPipelines(app);
  addAccess(app, options.access ?? {});
  addKeyRoutes(app, keyValueStore(store), deadlineMs, budget);
  addMemberRoutes(app, store, deadlineMs);
  if (decisions !== undefined) addDecisionRoutes(app, decisions, deadlineMs);
  addStatusRoutes(app, node, store, metrics, { pid, protocol, standing }, clock.nowMs);
  let url: string;
  try {
    url = await app.listen({ host, port });
  } catch (cause) {
    metrics.close();
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new HttpListenError(`cannot serve HTTP at ${host}:${port}: ${problem}; choose another port with --http`, {
      cause,
    });
  }
  return {
    url,
    close() {
      closing ??= (async () => {
        // A client that sends a request byte by byte must not hold up the end.
        const timeout = clock.setTimeout(() => app.server.closeAllConnections(), deadlineMs);
        await app.close();
        clock.clearTimeout(timeout);
        metrics.close();
      })();
      return closing;
    },
  };
}

function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const { status, problem, retryAfterSeconds } = answerOf(error);
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  if (error instanceof PreconditionFailedError && error.actualVersion !== undefined) {
    reply.header('etag', etagOf(error.actualVersion));
  }
  return reply.status(status).send(problem);
}

/** What the HTTP library refuses by itself, in our words. */
function asRequestError(error: unknown): unknown {
  if (!(error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')) return error;
  if (error instanceof QuorateError || error.statusCode >= 500) return error;
  if (error.statusCode === 413) {
    const message = `expected a value of at most ${valueLimitBytes} bytes, got a longer one`;
    return new HttpRequestError(413, 'VALUE_LIMIT', message, 'split it over several keys');
  }
  return new HttpRequestError(error.statusCode, 'MALFORMED_REQUEST', error.message, 'mend the request');
}

function refuseForeignPages(app: FastifyInstance, names: readonly string[]): void {
  const passes = originCheck(names);
  app.addHook('onRequest', async ({ headers }) => {
    const { host, origin } = headers;
    if (passes({ host, origin })) return;
    const from = origin === undefined ? '' : ` from a page of ${origin}`;
    throw new HttpRequestError(
      421,
      'FOREIGN_HOST',
      `expected a request to an address or name of this node, got one to '${host}'${from}`,
      'name the node by its address, or start it with this name in --http-name',
    );
  });
}

function limitPipelines(app: FastifyInstance): void {
  const underWay = new WeakMap<object, number>();
  app.addHook('onRequest', async ({ raw: { socket } }, reply) => {
    const count = (underWay.get(socket) ?? 0) + 1;
    underWay.set(socket, count);
    reply.raw.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1));
    if (count > pipelineLimit) socket.destroy();
  });
}

const keyOf = (request: FastifyRequest<{ Params: { '*': string } }>): string => request.params['*'];

const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};

function addKeyRoutes(app: FastifyInstance, kv: KeyValueStore, deadlineMs: number, budget: ResponseBudget): void {
  const writeOptions = (request: FastifyRequest) => {
    const condition = conditionOf(header(request, 'if-match'), header(request, 'if-none-match'));
    const idempotencyKey = header(request, 'idempotency-key');
    return {
      deadlineMs,
      ...(condition === undefined ? {} : { condition }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    };
  };
  app.put<{ Params: { '*': string } }>('/kv/*', async (request, reply) => {
    const value = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const key = keyOf(request);
    const { version } = await kv.put(key, value, writeOptions(request));
    return reply.header('etag', etagOf(version)).send({ key, version });
  });
  app.delete<{ Params: { '*': string } }>('/kv/*', async (request, reply) => {
    const key = keyOf(request);
    const { version } = await kv.delete(key, writeOptions(request));
    if (version === undefined) throw absent(key);
    return reply.send({ key, deleted: version });
  });
  app.get<{ Params: { '*': string }; Querystring: { consistency?: string } }>('/kv/*', async (request, reply) => {
    const { consistency = 'linearizable' } = request.query;
    if (consistency !== 'linearizable' && consistency !== 'stale') {
      throw new HttpRequestError(
        400,
        'MALFORMED_REQUEST',
        `expected consistency 'linearizable' or 'stale', got '${consistency}'`,
        'leave it out for a linearizable read',
      );
    }
    const key = keyOf(request);
    const room = await budget.reserve(reply.raw, valueLimitBytes, deadlineMs);
    const found = await kv.get(key, { deadlineMs, consistency });
    room.shrinkTo(found?.value.length ?? 0);
    if (found === undefined) throw absent(key);
    reply.header('etag', etagOf(found.version)).header('cache-control', 'no-store');
    if (isKnown(header(request, 'if-none-match'), found.version)) return reply.status(304).send();
    const { buffer, byteOffset, byteLength } = found.value;
    return reply.type('application/octet-stream').send(Buffer.from(buffer, byteOffset, byteLength));
  });
}

const absent = (key: string): HttpRequestError =>
  new HttpRequestError(404, 'KEY_ABSENT', `there is no value under '${key}'`, 'store one with PUT');

interface StatusParts {
  readonly protocol: string | undefined;
  readonly standing: HttpServerOptions['standing'] | undefined;
}

function addStatusRoutes(
  app: FastifyInstance,
  node: Node,
  store: ReplicatedStore,
  metrics: Metrics,
  { pid, protocol, standing }: Pick<HttpServerOptions, 'pid'> & StatusParts,
  nowMs: () => number,
): void {
  const startedMs = nowMs();
  app.get('/status', () => {
    const { id, role, leader = null, details, remark: _, ...rest } = store.status();
    return {
      id,
      pid,
      ...(protocol === undefined ? {} : { protocol }),
      role,
      ...details,
      leader,
      ...rest,
      ...(standing === undefined ? {} : { standing: standing() }),
      occupancy: node.occupancy,
      uptimeMs: Math.round(nowMs() - startedMs),
    };
  });
  app.get('/healthz', async (_request, reply) => {
    const { leader = null } = store.status();
    return reply.status(node.isRunning ? 200 : 503).send({ status: node.isRunning ? 'ok' : 'stopped', leader });
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()));
}
