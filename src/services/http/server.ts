/** The HTTP interface of a node's key-value store. */

import type { FastifyInstance, FastifyReply } from 'fastify';
import { QuorateError } from '../../../statecharts/actor.ts';
import type { Environment } from '../../environment/environment.ts';
import { messageOf } from '../../environment/message.ts';
import type { Node } from '../../host/node.ts';
import type { Decisions } from '../agreement/decisions.ts';
import type { Examination } from '../examination/examination.ts';
import type { Standing } from '../lives/standing.ts';
import type { LinkSource } from '../metrics/links.ts';
import type { Restoration } from '../restoration.ts';
import type { ComparisonStatus } from '../state-comparison.ts';
import { PreconditionFailedError } from '../store/errors.ts';
import { valueLimitBytes } from '../store/key-value/commands.ts';
import { keyValueStore } from '../store/key-value/store.ts';
import { defaultLogProtocol, type LogProtocolName } from '../store/log/protocol-names.ts';
import type { ReplicatedStore } from '../store/replicated-store.ts';
import type { Audit } from '../tokens/audit.ts';
import type { Grant } from '../tokens/grants.ts';
import { version } from '../version.ts';
import { addAccess, type HttpAccess } from './access.ts';
import { createHttpApp } from './app.ts';
import { addAudit } from './audit.ts';
import { addAuthorization } from './authorization.ts';
import { addBackupRoute } from './backup.ts';
import { etagOf } from './conditions.ts';
import { addDecisionRoutes } from './decisions.ts';
import { addExaminationRoute } from './examination.ts';
import { addKeyRoutes } from './keys.ts';
import { addLeaseRoutes } from './leases.ts';
import { addMemberRoutes } from './members.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { addNamespaceRoutes } from './namespaces.ts';
import { answerOf, asRequestError, HttpRequestError } from './problems.ts';
import { addRangeRoutes } from './ranges.ts';
import { addReadinessRoutes } from './readiness.ts';
import { createResponseBudget, defaultResponseBudgetLimits, type ResponseBudgetLimits } from './response-budget.ts';
import { createSecureServers, type HttpIdentity, replaceIdentity, urlOf } from './tls.ts';
import { addTransactionRoutes } from './transactions.ts';
import { addWatchRoute, defaultWatchLimits, type WatchLimits } from './watch.ts';

/** Bounds of what an HTTP interface holds for those who use it. */
export interface HttpLimits extends ResponseBudgetLimits, WatchLimits {
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
  /** By which protocol the store is replicated, for `GET /status` and `GET /backup`. Left out, the latter says `raft`. */
  readonly protocol?: LogProtocolName;
  /** The cluster, for `GET /status` and `GET /backup`. Default `quorate`. */
  readonly cluster?: string;
  /** The backup that the data was made of, for `GET /status`. */
  readonly restoration?: Restoration;
  /** How the node stands with its peers, for `GET /status`. */
  readonly standing?: () => Standing;
  /** Speaks HTTPS, by TLS 1.3, with this certificate; plain HTTP when left out. */
  readonly tls?: HttpIdentity;
  /** How its state stands to that of other nodes, for `GET /status` and `GET /metrics`. */
  readonly comparison?: () => ComparisonStatus;
  /** The bus of the node, for what `GET /metrics` tells of links; left out, that says nothing of them. */
  readonly bus?: LinkSource;
  /** What the node finds out about itself, for `GET /examination`; left out, that is not there. */
  readonly examine?: () => Promise<Examination>;
  /** Who may use it; clients on this machine by default. */
  readonly access?: HttpAccess;
  /** Told who has changed what, and who was refused; by default none is. */
  readonly audit?: Audit;
  /** The process, for `GET /status`; left out, that does not say. */
  readonly pid?: number;
  /** How long a request may take before it is answered 503 or 504, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
  /** Told what no answer explains: errors that are a fault of this program. By default none is. */
  readonly onUnexpected?: (error: unknown) => void;
}

const defaultLimits: HttpLimits = { ...defaultResponseBudgetLimits, ...defaultWatchLimits, connections: 1_024 };

/** A running HTTP interface. */
export interface HttpServer {
  /** `http://HOST:PORT`, or `https:` with TLS. */
  readonly url: string;
  /** Answers what is under way, then stops. Idempotent. */
  close(): Promise<void>;
}

/** That of a store. */
export interface StoreHttpServer extends HttpServer {
  /** Shows another certificate from now on. @throws TlsIdentityError when it is unusable, or when this speaks no TLS */
  setTls(identity: HttpIdentity): void;
  /** Replaces what tokens of names may do; see `HttpAccess.named`. */
  setGrants(grants: readonly Grant[]): void;
}

/** The port could not be opened. */
export class HttpListenError extends QuorateError {
  readonly code = 'HTTP_LISTEN';
}

/**
 * Serves a store over HTTP.
 *
 * @throws HttpListenError when the port cannot be opened; TlsIdentityError when certificate and key are unusable
 */
export async function serveHttp(options: HttpServerOptions): Promise<StoreHttpServer> {
  const { node, store, environment, host = '127.0.0.1', port = 0, pid, deadlineMs = 5_000, onUnexpected } = options;
  const { hostNames = [], protocol, cluster = 'quorate', standing, decisions, comparison } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const secure = options.tls && createSecureServers(options.tls);
  const { clock } = environment;
  const budget = createResponseBudget(clock, limits);
  const metrics = createMetrics({ node, store, budget, comparison, bus: options.bus, clock });
  let closing: Promise<void> | undefined;
  const app = createHttpApp({
    bodyBytes: valueLimitBytes,
    connections: limits.connections,
    names: [host, ...hostNames],
    secure,
    routes:
      'use GET, PUT or DELETE /kv/KEY, GET /kv, /history/KEY or /watch, POST /transactions or /leases, GET /namespaces, GET or PUT /agree/KEY, GET /members, POST /members/replace or /members/leader, or GET /backup, /status, /healthz, /readyz, /metrics',
  });
  app.setErrorHandler((error, _request, reply) => {
    const told = inOurWords(error);
    if (!(told instanceof QuorateError)) onUnexpected?.(told);
    return sendProblem(reply, told);
  });
  app.addHook('onSend', async (_request, reply) => {
    // A connection that was busy when the end began would otherwise stay open for further requests.
    if (closing !== undefined) reply.header('connection', 'close');
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.answered(request.method, route, reply.statusCode, reply.elapsedTime);
  });
  const kv = keyValueStore(store, clock);
  const access = addAccess(app, options.access ?? {});
  if (options.audit !== undefined) addAudit(app, access.grantOf, options.audit, clock);
  addAuthorization(app, access.grantOf, kv, deadlineMs);
  addKeyRoutes(app, kv, deadlineMs, budget, access);
  addRangeRoutes(app, kv, deadlineMs, budget);
  addTransactionRoutes(app, kv, deadlineMs, access.idempotencyOf);
  addLeaseRoutes(app, kv, deadlineMs, access);
  addNamespaceRoutes(app, kv, deadlineMs);
  const endWatches = addWatchRoute(app, { kv, clock, deadlineMs, limits });
  addMemberRoutes(app, store, deadlineMs);
  addBackupRoute(app, {
    ...{ store, kv, clock, deadlineMs },
    origin: { cluster, node: node.id, protocol: protocol ?? defaultLogProtocol },
  });
  if (decisions !== undefined) addDecisionRoutes(app, decisions, deadlineMs);
  if (options.examine !== undefined) addExaminationRoute(app, options.examine);
  addReadinessRoutes(app, { node, store, standing });
  addStatusRoutes(
    app,
    node,
    store,
    metrics,
    { pid, protocol, cluster, restoration: options.restoration, standing, comparison },
    clock.nowMs,
  );
  let url: string;
  try {
    url = urlOf(await app.listen({ host, port }), secure);
  } catch (cause) {
    metrics.close();
    throw new HttpListenError(
      `cannot serve HTTP at ${host}:${port}: ${messageOf(cause)}; choose another port with --http`,
      { cause },
    );
  }
  return {
    url,
    setTls: (identity) => replaceIdentity(secure, identity, url),
    setGrants: access.setGrants,
    close() {
      closing ??= (async () => {
        // A client that sends a request byte by byte must not hold up the end.
        endWatches();
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

/** What is refused before the store hears of it, in its words. */
function inOurWords(error: unknown): unknown {
  const told = asRequestError(error);
  if (told === error || !(told instanceof HttpRequestError && told.status === 413)) return told;
  const message = `expected a value of at most ${valueLimitBytes} bytes, got a longer one`;
  return new HttpRequestError(413, 'VALUE_LIMIT', message, 'split it over several keys');
}

interface StatusParts {
  readonly pid: number | undefined;
  readonly protocol: string | undefined;
  readonly cluster: string;
  readonly restoration: Restoration | undefined;
  readonly standing: HttpServerOptions['standing'] | undefined;
  readonly comparison: HttpServerOptions['comparison'] | undefined;
}

function addStatusRoutes(
  app: FastifyInstance,
  node: Node,
  store: ReplicatedStore,
  metrics: Metrics,
  { pid, protocol, cluster, restoration, standing, comparison }: StatusParts,
  nowMs: () => number,
): void {
  const startedMs = nowMs();
  app.get('/status', () => {
    const { id, role, leader = null, details, remark: _, ...rest } = store.status();
    return {
      id,
      version,
      ...(pid === undefined ? {} : { pid }),
      cluster,
      ...(restoration === undefined ? {} : { restoration }),
      ...(protocol === undefined ? {} : { protocol }),
      role,
      ...details,
      leader,
      ...rest,
      ...(standing === undefined ? {} : { standing: standing() }),
      ...(comparison === undefined ? {} : { comparison: comparison() }),
      occupancy: node.occupancy,
      uptimeMs: Math.round(nowMs() - startedMs),
    };
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()));
}
