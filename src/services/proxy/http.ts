/** What a proxy serves over HTTP, for those who watch it: whether it is well, how it stands, and its metrics. */

import { QuorateError } from '../../../statecharts/actor.ts';
import { messageOf } from '../../environment/message.ts';
import { createHttpApp } from '../http/app.ts';
import { answerOf, asRequestError } from '../http/problems.ts';
import { sendReadiness } from '../http/readiness.ts';
import type { GroupProxy } from './contract.ts';
import type { HostPort } from './door.ts';

/** The port could not be opened. */
export class ProxyHttpListenError extends QuorateError {
  readonly code = 'PROXY_HTTP_LISTEN';
}

/** A running HTTP interface. */
export interface ProxyHttp {
  /** `http://HOST:PORT`. */
  readonly url: string;
  /** Idempotent. */
  close(): Promise<void>;
}

const connectionLimit = 256;

/**
 * Serves `GET /healthz`, `/readyz` (503 while new clients have to wait), `/status` and `/metrics`.
 *
 * @throws ProxyHttpListenError
 */
export async function serveProxyHttp(proxy: GroupProxy, { host, port }: HostPort): Promise<ProxyHttp> {
  const app = createHttpApp({
    bodyBytes: 1_024,
    connections: connectionLimit,
    names: [host],
    routes: 'use GET /healthz, /readyz, /status or /metrics',
  });
  app.setErrorHandler((error, _request, reply) => {
    const { status, problem } = answerOf(asRequestError(error));
    return reply.status(status).send(problem);
  });
  app.get('/healthz', async () => ({ status: 'ok', route: proxy.status().route }));
  app.get('/readyz', async (_request, reply) => {
    const { isOpen, route } = proxy.status();
    return sendReadiness(reply, isOpen ? [] : ['no primary is in reach: new clients wait'], { route });
  });
  app.get('/status', () => proxy.status());
  app.get('/metrics', async (_request, reply) =>
    reply.type(proxy.metrics.contentType).send(await proxy.metrics.render()),
  );
  try {
    const url = await app.listen({ host, port });
    return { url, close: () => app.close() };
  } catch (cause) {
    throw new ProxyHttpListenError(`cannot serve HTTP at ${host}:${port}: ${messageOf(cause)}; choose another port`, {
      cause,
    });
  }
}
