/**
 * What every HTTP interface refuses before it looks at a request: pages of foreign sites, endless pipelines, and headers that
 * would change what a request means, if they were heeded.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { originCheck } from '../../web/origins.ts';
import { HttpRequestError } from './problems.ts';

/** Requests of one connection that may be under way at once; one more ends the connection. */
const pipelineLimit = 64;

/** Refuses what a browser sends for a page of another site. `names`: under which the interface is reached, besides addresses. */
export function refuseForeignPages(app: FastifyInstance, names: readonly string[]): void {
  const passes = originCheck(names);
  app.addHook('onRequest', async ({ headers, raw }, reply) => {
    const { host, origin } = headers;
    const hosts = raw.headersDistinct.host?.length ?? 0;
    if (hosts !== 1) {
      reply.header('connection', 'close');
      throw new HttpRequestError(
        400,
        'MALFORMED_REQUEST',
        `expected one Host header, got ${hosts === 0 ? 'none' : hosts}`,
        'say whom you ask, once (RFC 9112, section 3.2)',
      );
    }
    if (passes(headers)) return;
    const site =
      headers['sec-fetch-site'] === undefined ? '' : ` from a page (${headers['sec-fetch-site'].slice(0, 20)})`;
    const from = origin === undefined ? site : ` from a page of ${origin}`;
    throw new HttpRequestError(
      421,
      'FOREIGN_HOST',
      `expected a request to an address or name of this node, got one to '${host}'${from}`,
      'name the node by its address, or start it with this name in --http-name',
    );
  });
}

/** Ends connections with too many requests under way. */
export function limitPipelines(app: FastifyInstance): void {
  const underWay = new WeakMap<object, number>();
  app.addHook('onRequest', async ({ raw: { socket } }, reply) => {
    const count = (underWay.get(socket) ?? 0) + 1;
    underWay.set(socket, count);
    reply.raw.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1));
    if (count > pipelineLimit) socket.destroy();
  });
}

interface Expecting {
  on(event: 'checkExpectation', run: (request: IncomingMessage, response: ServerResponse) => void): unknown;
  emit(event: 'request', request: IncomingMessage, response: ServerResponse): unknown;
}

/**
 * Refuses what a body is not taken as: a coding of it would be lost, and part of a value would take the place of all of it. And
 * expectations that are not met, which the platform would refuse in words of its own.
 */
export function refuseUnheeded(app: FastifyInstance): void {
  const server: Expecting = app.server;
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  app.addHook('onRequest', refuseHeaders);
}

async function refuseHeaders({ headers }: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { expect, 'content-encoding': coding, 'content-range': range, 'transfer-encoding': transfer } = headers;
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    const message = `expected no other expectation than 100-continue, got '${expect}'`;
    // Whether a body follows is the sender's own matter: what comes next need not be a request.
    reply.header('connection', 'close');
    throw new HttpRequestError(417, 'EXPECTATION_UNKNOWN', message, 'leave the header out');
  }
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    const message = `expected a body as it is, got Content-Encoding: ${coding}`;
    throw new HttpRequestError(
      415,
      'CODING_UNKNOWN',
      message,
      'send it without a coding, or leave the header out and decode it yourself',
    );
  }
  if (transfer !== undefined && transfer.toLowerCase() !== 'chunked') {
    const message = `expected no other Transfer-Encoding than chunked, got '${transfer}'`;
    throw new HttpRequestError(501, 'CODING_UNKNOWN', message, 'send it without a coding');
  }
  if (range === undefined) return;
  const message = `expected a whole body, got Content-Range: ${range}`;
  throw new HttpRequestError(
    400,
    'PARTIAL_BODY',
    message,
    'send all of it; no part of a value can be written (RFC 9110, section 14.5)',
  );
}
