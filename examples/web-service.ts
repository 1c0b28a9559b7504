/**
 * A web service with the store embedded: each process of it serves requests and runs a node, so that there is no database
 * beside it. What a failed request says is what is known: 503 means that nothing happened, 504 that nobody knows.
 */

import { type FastifyInstance, fastify } from 'fastify';
import { startKeyValueNode } from '../src/services/kv-node.ts';
import { type KeyValueStore, keyValueStore, OutcomeUnknownError, UnavailableError } from '../src/services/store.ts';

const host = '127.0.0.1';

/** Seats of a theatre: each is sold once, whichever process is asked. */
export function boxOffice(store: KeyValueStore): FastifyInstance {
  const app = fastify();
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof UnavailableError) return reply.code(503).header('retry-after', '1').send({ code: error.code });
    if (error instanceof OutcomeUnknownError) return reply.code(504).send({ code: error.code });
    throw error;
  });
  app.put<{ Params: { seat: string }; Querystring: { buyer?: string } }>('/seats/:seat', async (request, reply) => {
    const { buyer } = request.query;
    if (buyer === undefined || buyer === '') return reply.code(400).send({ code: 'BUYER_MISSING' });
    const key = `seats/${request.params.seat}`;
    // Only where the key is not there yet: of two buyers at once, one is told so.
    const { swapped } = await store.compareAndSet(key, undefined, new TextEncoder().encode(buyer));
    return reply.code(swapped ? 201 : 409).send({ seat: request.params.seat, isSold: swapped });
  });
  app.get<{ Params: { seat: string } }>('/seats/:seat', async (request, reply) => {
    const found = await store.get(`seats/${request.params.seat}`);
    if (found === undefined) return reply.code(404).send({ code: 'SEAT_FREE' });
    return { seat: request.params.seat, buyer: new TextDecoder().decode(found.value) };
  });
  return app;
}

/** Runs the service over a store of one node; `replicated-store.ts` starts three. @returns where it serves, and what ends it */
export async function serveBoxOffice(dataDirectory: string, port = 0) {
  const node = await startKeyValueNode({
    id: 'n1',
    dataDirectory,
    listen: { host, port: 0 },
    http: { host, port: 0 },
    peers: {},
    pid: process.pid,
  });
  const app = boxOffice(keyValueStore(node.store));
  const url = await app.listen({ host, port });
  return {
    url,
    /** Answers what is under way before the store goes. */
    async stop() {
      await app.close();
      await node.stop();
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const { url, stop } = await serveBoxOffice('./quorate-data/web-service-example', 8_080);
  console.log(`try: curl -X PUT '${url}/seats/A1?buyer=ann'`);
  process.once('SIGINT', () => void stop());
}
