/** The HTTP interface of a manager: where the primary is, how the group stands, and what an operator may ask. */

import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Observable } from 'rxjs';
import * as v from 'valibot';
import { QuorateError } from '../../../../statecharts/actor.ts';
import { maxServers, serverName, type Topology, type Transition } from '../../../../statecharts/failover.ts';
import type { HostPort } from '../../../bus/tcp.ts';
import type { Clock } from '../../../environment/clock.ts';
import { messageOf } from '../../../environment/message.ts';
import { addAccess, type HttpAccess } from '../../http/access.ts';
import { createHttpApp } from '../../http/app.ts';
import { isEmptyBody, jsonOfBody } from '../../http/json.ts';
import { takes } from '../../http/parameters.ts';
import { type Answer, answerOf, asRequestError, HttpRequestError } from '../../http/problems.ts';
import { sendReadiness } from '../../http/readiness.ts';
import { HttpListenError, type HttpServerOptions, type StoreHttpServer } from '../../http/server.ts';
import { createSecureServers, replaceIdentity, urlOf } from '../../http/tls.ts';
import { ManagerAnswerMissingError, ManagerRefusedError, OperatorsWaitingError } from '../errors.ts';
import type { FailoverMetrics } from '../metrics.ts';
import type { OperatorRequest } from '../operator.ts';
import type { FailoverStatus } from '../status.ts';
import { createWatchers } from './watching.ts';

export interface ManagerHttpOptions extends HostPort, Pick<HttpServerOptions, 'hostNames' | 'onUnexpected' | 'tls'> {
  readonly clock: Clock;
  readonly access: HttpAccess;
  /** The topology now, and later ones as they come. */
  readonly topology: Observable<Topology>;
  readonly metrics: FailoverMetrics;
  topologyNow(): Topology;
  status(): FailoverStatus;
  history(): readonly Transition[];
  isRunning(): boolean;
  request(asked: OperatorRequest): Promise<void>;
}

const connectionsLimit = 2_048;
const bodyLimitBytes = 4_096;
/** How long an end waits for requests, in milliseconds. */
const closeMs = 2_000;

/** That of a manager. */
export type ManagerHttpServer = Omit<StoreHttpServer, 'setGrants'>;

/**
 * Serves a manager.
 *
 * @throws HttpListenError when the port cannot be opened; TlsIdentityError when certificate and key are unusable
 */
export async function serveManager(options: ManagerHttpOptions): Promise<ManagerHttpServer> {
  const { host, port, hostNames = [], clock, access, onUnexpected = () => undefined } = options;
  const secure = options.tls && createSecureServers(options.tls);
  const app = createHttpApp({
    secure,
    bodyBytes: bodyLimitBytes,
    connections: connectionsLimit,
    names: [host, ...hostNames],
    routes:
      'use GET /topology, /failover/status, /failover/history, /metrics, /healthz or /readyz, or POST /failover/switchover, /failover/maintenance, /failover/resume or /failover/allow-loss',
  });
  const watchers = createWatchers(options.topology, clock);
  app.setErrorHandler((error, _request, reply) => {
    const known = asRequestError(error);
    if (!(known instanceof QuorateError)) onUnexpected(known);
    return sendProblem(reply, told(known));
  });
  addAccess(app, access);
  addReads(app, options, (reply) => watchers.add(reply));
  addRequests(app, options);
  let url: string;
  try {
    url = urlOf(await app.listen({ host, port }), secure);
  } catch (cause) {
    throw new HttpListenError(
      `cannot serve HTTP at ${host}:${port}: ${messageOf(cause)}; give the manager another 'http'`,
      { cause },
    );
  }
  let closing: Promise<void> | undefined;
  return {
    url,
    setTls: (identity) => replaceIdentity(secure, identity, url),
    close() {
      closing ??= (async () => {
        watchers.close();
        const timeout = clock.setTimeout(() => app.server.closeAllConnections(), closeMs);
        await app.close();
        clock.clearTimeout(timeout);
      })();
      return closing;
    },
  };
}

function addReads(app: FastifyInstance, options: ManagerHttpOptions, watch: (reply: FastifyReply) => void): void {
  const { metrics } = options;
  app.get<{ Querystring: { watch?: string } }>('/topology', { onRequest: takes('watch') }, async (request, reply) => {
    const { query, method } = request;
    if (query.watch === undefined) return reply.header('cache-control', 'no-store').send(options.topologyNow());
    // A head ends. Of a watch that tells nothing, neither side would ever see that the other one is gone.
    if (method === 'HEAD') return reply.header('cache-control', 'no-store').type('text/event-stream').send();
    watch(reply);
    return reply;
  });
  app.get('/failover/status', async () => options.status());
  app.get('/failover/history', async () => ({ transitions: options.history() }));
  app.get('/healthz', async (_request, reply) => {
    const isRunning = options.isRunning();
    return reply.status(isRunning ? 200 : 503).send({ status: isRunning ? 'ok' : 'stopped' });
  });
  app.get('/readyz', async (_request, reply) => {
    const { registerLeader } = options.status();
    const obstacles = [
      ...(options.isRunning() ? [] : ['the manager has stopped']),
      ...(registerLeader === null ? ['no majority of the managers is in reach'] : []),
    ];
    return sendReadiness(reply, obstacles);
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()));
}

const switchover = v.strictObject({ target: v.optional(v.nullable(serverName), null) });
const maintenance = v.strictObject({ on: v.boolean() });
const allowLoss = v.strictObject({
  epoch: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  off: v.optional(v.pipe(v.array(serverName), v.maxLength(maxServers)), []),
});

function addRequests(app: FastifyInstance, { request, status }: ManagerHttpOptions): void {
  const accept = async (reply: FastifyReply, asked: OperatorRequest): Promise<FastifyReply> => {
    await request(asked);
    return reply.status(202).send(status());
  };
  app.post('/failover/switchover', async ({ body }, reply) =>
    accept(reply, { type: 'switchover', ...bodyAs(switchover, isEmptyBody(body) ? {} : jsonOfBody(body)) }),
  );
  app.post('/failover/maintenance', async ({ body }, reply) =>
    accept(reply, { type: 'maintain', isOn: bodyAs(maintenance, jsonOfBody(body)).on }),
  );
  app.post('/failover/resume', async (_request, reply) => accept(reply, { type: 'resume' }));
  app.post('/failover/allow-loss', async ({ body }, reply) =>
    accept(reply, { type: 'allowLoss', ...bodyAs(allowLoss, jsonOfBody(body)) }),
  );
}

/** @throws HttpRequestError */
function bodyAs<T>(schema: v.GenericSchema<unknown, T>, body: unknown): T {
  const { success, output, issues } = v.safeParse(schema, body);
  if (success) return output;
  const [issue] = issues;
  throw new HttpRequestError(
    400,
    'MALFORMED_REQUEST',
    `expected JSON of the request, got a wrong ${v.getDotPath(issue) ?? 'body'}: ${issue.message}`,
    'send content-type: application/json, and such as {"target": "r2"}, {"on": true} or {"epoch": 3, "off": ["r1"]}',
  );
}

function sendProblem(reply: FastifyReply, { status, problem, retryAfterSeconds }: Answer): FastifyReply {
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  return reply.status(status).send(problem);
}

function told(error: unknown): Answer {
  if (error instanceof ManagerRefusedError) {
    const whatToDo = error.code === 'NOT_IN_OFFICE' ? 'ask the manager in office' : 'look at GET /failover/status';
    return { status: 409, problem: { code: error.code, message: error.message, whatToDo, outcome: 'did-not-happen' } };
  }
  if (error instanceof ManagerAnswerMissingError) {
    const whatToDo = 'look at GET /failover/status';
    return { status: 504, problem: { code: error.code, message: error.message, whatToDo, outcome: 'unknown' } };
  }
  if (error instanceof OperatorsWaitingError) {
    const { code, message } = error;
    return {
      status: 503,
      problem: { code, message, whatToDo: 'ask again later', outcome: 'did-not-happen' },
      retryAfterSeconds: 1,
    };
  }
  return answerOf(error);
}
