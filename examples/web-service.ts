/**
 * A Fastify service with the store embedded: each process of it serves requests and runs a node, so that there is no database
 * beside it. `web-service-express.ts` is the same with Express.
 *
 *     node dist/examples/web-service.js [--dashboard PORT]
 */

import { type FastifyInstance, fastify } from 'fastify';
import type { KeyValueStore } from '../src/services/store.ts';
import { buyerOf, failed, host, sell, startStore } from './box-office.ts';
import { askedPort, showing } from './dashboard.ts';

export function boxOffice(store: KeyValueStore): FastifyInstance {
  const app = fastify();
  app.setErrorHandler((error, _request, reply) => {
    const answer = failed(error);
    if (answer === undefined) throw error;
    return reply.code(answer.status).header('retry-after', '1').send(answer.body);
  });
  app.put<{ Params: { seat: string }; Querystring: { buyer?: string } }>('/seats/:seat', async (request, reply) => {
    const { status, body } = await sell(store, request.params.seat, request.query.buyer);
    return reply.code(status).send(body);
  });
  app.get<{ Params: { seat: string } }>('/seats/:seat', async (request, reply) => {
    const { status, body } = await buyerOf(store, request.params.seat);
    return reply.code(status).send(body);
  });
  return app;
}

/** Runs the service. @returns where it serves, its node, and what ends it */
export async function serveBoxOffice(dataDirectory: string, port = 0) {
  const { node, store, stop } = await startStore(dataDirectory);
  const app = boxOffice(store);
  const url = await app.listen({ host, port });
  return {
    url,
    node,
    /** Answers what is under way before the store goes. */
    async stop() {
      await app.close();
      await stop();
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const { url, node, stop } = await serveBoxOffice('./quorate-data/web-service-example', 8_080);
  const dashboard = await showing([node], askedPort());
  console.log(`try: curl -X PUT '${url}/seats/A1?buyer=ann'`);
  process.once('SIGINT', () => void Promise.all([dashboard.close(), stop()]));
}
