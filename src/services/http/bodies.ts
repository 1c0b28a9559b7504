/**
 * Bodies that are too long. A client that asks first (`Expect: 100-continue`) is refused before it sends anything; what others
 * send is taken and dropped, up to a bound, since a connection that is closed on them would show them a broken pipe in
 * place of the answer.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Of a refused body: as long as the slowest clients may still be expected to read what they were answered. */
const drainedBytes = 16 * 1_024 * 1_024;

interface Continuing {
  on(event: 'checkContinue', run: (request: IncomingMessage, response: ServerResponse) => void): unknown;
  emit(event: 'request', request: IncomingMessage, response: ServerResponse): unknown;
}

/** Bounds the bodies of all routes by their `bodyLimit`. */
export function boundBodies(app: FastifyInstance): void {
  const server: Continuing = app.server;
  const asking = new WeakSet<IncomingMessage>();
  server.on('checkContinue', (request, response) => {
    asking.add(request);
    server.emit('request', request, response);
  });
  // After `onRequest`, so that a request that is refused by then is refused before its body was asked for.
  app.addHook('preParsing', async (request, reply) => {
    const isTooLong = Number(request.headers['content-length']) > request.routeOptions.bodyLimit;
    if (!asking.has(request.raw) || isTooLong) return;
    asking.delete(request.raw);
    reply.raw.writeContinue();
  });
  app.addHook('onSend', async (request, reply) => {
    if (reply.statusCode !== 413) return;
    if (asking.has(request.raw)) reply.header('connection', 'close');
    else await drained(request.raw);
  });
}

/** Resolves when all of a body has come, when it is longer than is worth it, or when its sender is gone. */
function drained(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const count = (chunk: Uint8Array): void => {
      bytes += chunk.length;
      if (bytes <= drainedBytes) return;
      request.pause();
      end();
    };
    const end = (): void => {
      request.off('data', count);
      resolve();
    };
    request.on('data', count);
    for (const event of ['end', 'close', 'error']) request.once(event, end);
    request.resume();
  });
}
