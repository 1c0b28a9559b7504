/** Leases over HTTP: `POST /leases` grants one, `POST /leases/ID/keep` keeps it, `DELETE` revokes it, `GET` tells its keys. */

import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { KeyValueStore } from '../store/key-value/contract.ts';
import type { IdempotencyOf } from './access.ts';
import { bodyOf, jsonOfBody } from './json.ts';
import { keyFormOf, toldKey } from './key-forms.ts';
import { takes } from './parameters.ts';
import { HttpRequestError } from './problems.ts';
import { naturalIn } from './reading.ts';

interface LeaseRoute {
  Params: { id: string };
}

/** The body of `POST /leases`. */
const grant = v.strictObject({ ttlMs: v.number() });

/** Adds them to `app`. @param deadlineMs how long a request may take */
export function addLeaseRoutes(
  app: FastifyInstance,
  kv: KeyValueStore,
  deadlineMs: number,
  idempotencyOf: IdempotencyOf,
): void {
  app.post('/leases', async (request, reply) => {
    const { ttlMs } = bodyOf(grant, jsonOfBody(request.body), '{"ttlMs": 10000}');
    return reply.send(await kv.grantLease(ttlMs, { deadlineMs, ...idempotencyOf(request) }));
  });
  app.post<LeaseRoute>('/leases/:id/keep', async ({ params }, reply) =>
    reply.send(await kv.keepLease(naturalIn('the lease', params.id), { deadlineMs })),
  );
  app.delete<LeaseRoute>('/leases/:id', async ({ params }, reply) =>
    reply.send(await kv.revokeLease(naturalIn('the lease', params.id), { deadlineMs })),
  );
  app.get<LeaseRoute>('/leases/:id', { onRequest: takes('keys') }, async (request, reply) => {
    const lease = naturalIn('the lease', request.params.id);
    const form = keyFormOf(request);
    const found = await kv.lease(lease, { deadlineMs });
    if (found === undefined) {
      throw new HttpRequestError(404, 'LEASE_ENDED', `there is no lease ${lease}`, 'grant one with POST /leases');
    }
    return reply
      .header('cache-control', 'no-store')
      .send({ lease, ...found, keys: found.keys.map((key) => toldKey(key, form)) });
  });
}
