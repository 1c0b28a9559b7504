/** An HTTP interface before it has any route: what all of them refuse, bound and answer in the same way. */

import { createServer } from 'node:http';
import { type FastifyInstance, fastify } from 'fastify';
import { boundBodies } from './bodies.ts';
import { answerBrokenRequest } from './broken-requests.ts';
import { limitConnections } from './connections.ts';
import { limitPipelines, refuseForeignPages, refuseUnheeded } from './guards.ts';
import { routedUrl } from './key-forms.ts';
import { refuseUnknownParameters } from './parameters.ts';
import { HttpRequestError } from './problems.ts';
import type { SecureServers } from './tls.ts';

export interface HttpAppOptions {
  /** The longest body, in bytes. */
  readonly bodyBytes: number;
  /** Open connections. */
  readonly connections: number;
  /** Under which the interface is reached, besides addresses and `localhost`. */
  readonly names: readonly string[];
  /** Makes servers that speak TLS; left out, they speak plain HTTP. */
  readonly secure?: Pick<SecureServers, 'create'> | undefined;
  /** For people: what there is in place of a route that there is not. */
  readonly routes: string;
}

/** What arrives slower than that is no request, in milliseconds. */
const requestTimeoutMs = 30_000;
/** Connections without a request are closed after that, in milliseconds. */
const keepAliveMs = 72_000;

/** Makes one. Bodies reach its routes as bytes, whatever clients call them; whoever makes it says how errors are told. */
export function createHttpApp({ bodyBytes, connections, names, secure, routes }: HttpAppOptions): FastifyInstance {
  const app: FastifyInstance = fastify({
    bodyLimit: bodyBytes,
    // A key is found behind /kv/ and may be longer than a usual path.
    routerOptions: { maxParamLength: 8_192 },
    rewriteUrl: ({ url = '' }) => routedUrl(url),
    forceCloseConnections: 'idle',
    // What still arrives is answered by the routes, which know what became of it.
    return503OnClosing: false,
    serverFactory(handler) {
      // A request without a Host is answered like every other one that is wrong, and not by the library.
      const server = secure?.create(handler) ?? createServer({ requireHostHeader: false }, handler);
      return Object.assign(server, { requestTimeout: requestTimeoutMs, keepAliveTimeout: keepAliveMs });
    },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => app.errorHandler(error, request, reply),
  });
  limitConnections(app.server, connections);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler(({ method, url }) => {
    throw new HttpRequestError(404, 'UNKNOWN_ROUTE', `there is no ${method} ${url}`, routes);
  });
  refuseForeignPages(app, names);
  limitPipelines(app);
  refuseUnheeded(app);
  refuseUnknownParameters(app);
  boundBodies(app);
  return app;
}
