/**
 * An Express service with the store embedded, as `web-service.ts` is one of Fastify.
 *
 *     node dist/examples/web-service-express.js [--dashboard PORT]
 */

import { once } from 'node:events';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { KeyValueStore } from '../src/services/store.ts';
import { buyerOf, failed, host, sell, startStore } from './box-office.ts';
import { askedPort, showing } from './dashboard.ts';

export function boxOffice(store: KeyValueStore): Express {
  const app = express();
  app.put('/seats/:seat', async (request, response) => {
    const { buyer } = request.query;
    const { status, body } = await sell(store, request.params.seat, typeof buyer === 'string' ? buyer : undefined);
    response.status(status).json(body);
  });
  app.get('/seats/:seat', async (request, response) => {
    const { status, body } = await buyerOf(store, request.params.seat);
    response.status(status).json(body);
  });
  const answerFailure: ErrorRequestHandler = (error, _request, response, next) => {
    const answer = failed(error);
    if (answer === undefined || response.headersSent) next(error);
    else response.status(answer.status).set('retry-after', '1').json(answer.body);
  };
  return app.use(answerFailure);
}

/** Runs the service. @returns where it serves, its node, and what ends it */
export async function serveBoxOffice(dataDirectory: string, port = 0) {
  const { node, store, stop } = await startStore(dataDirectory);
  const server = boxOffice(store).listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('expected a server that listens on a port');
  return {
    url: `http://${host}:${address.port}`,
    node,
    /** Answers what is under way before the store goes. */
    async stop() {
      server.close();
      server.closeIdleConnections();
      await once(server, 'close');
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
