/** Namespaces over HTTP: `GET /namespaces` tells all, `PUT /namespaces/NAME` gives one a quota, `DELETE` ends it. */

import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { KeyValueStore } from '../store/key-value/contract.ts';
import { bodyOf, isEmptyBody, jsonOfBody } from './json.ts';
import { HttpRequestError } from './problems.ts';

interface NamespaceRoute {
  Params: { name: string };
}

const amount = v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)));

/** The body of `PUT /namespaces/NAME`, which may be empty. */
const quota = v.strictObject({ keys: amount, bytes: amount });

/** Adds them to `app`. @param deadlineMs how long a request may take */
export function addNamespaceRoutes(app: FastifyInstance, kv: KeyValueStore, deadlineMs: number): void {
  app.get('/namespaces', async (_request, reply) => {
    const namespaces = await kv.namespaces({ deadlineMs });
    return reply.header('cache-control', 'no-store').send({ namespaces });
  });
  app.put<NamespaceRoute>('/namespaces/:name', async ({ params, body }, reply) => {
    const given = bodyOf(quota, isEmptyBody(body) ? {} : jsonOfBody(body), '{"keys": 1000, "bytes": 1048576}');
    return reply.send(await kv.setNamespace(params.name, given, { deadlineMs }));
  });
  app.delete<NamespaceRoute>('/namespaces/:name', async ({ params: { name } }, reply) => {
    const ended = await kv.endNamespace(name, { deadlineMs });
    if (ended !== undefined) return reply.send(ended);
    throw new HttpRequestError(
      404,
      'NAMESPACE_ABSENT',
      `there is no namespace '${name}'`,
      'look at GET /namespaces for those that there are',
    );
  });
}
