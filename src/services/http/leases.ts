/** Leases over HTTP: `POST /leases` grants one, `POST /leases/ID/keep` keeps it, `DELETE` revokes it, `GET` tells its keys. */

import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { KeyValueStore } from '../store/key-value/contract.ts';
import { isForeign } from '../store/key-value/leases.ts';
import { refusalOf } from '../store/key-value/store.ts';
import type { Access } from './access.ts';
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
  kv: Pick<KeyValueStore, 'grantLease' | 'keepLease' | 'revokeLease' | 'lease'>,
  deadlineMs: number,
  { idempotencyOf, withinOf }: Pick<Access, 'idempotencyOf' | 'withinOf'>,
): void {
  app.post('/leases', async (request, reply) => {
    const { ttlMs } = bodyOf(grant, jsonOfBody(request.body), '{"ttlMs": 10000}');
    return reply.send(await kv.grantLease(ttlMs, { deadlineMs, ...idempotencyOf(request) }));
  });
  app.post<LeaseRoute>('/leases/:id/keep', async (request, reply) => {
    const lease = naturalIn('the lease', request.params.id);
    return reply.send(await kv.keepLease(lease, { deadlineMs, ...withinOf(request) }));
  });
  app.delete<LeaseRoute>('/leases/:id', async (request, reply) => {
    const lease = naturalIn('the lease', request.params.id);
    return reply.send(await kv.revokeLease(lease, { deadlineMs, ...withinOf(request) }));
  });
  app.get<LeaseRoute>('/leases/:id', { onRequest: takes('keys') }, async (request, reply) => {
    const lease = naturalIn('the lease', request.params.id);
    const form = keyFormOf(request);
    const found = await kv.lease(lease, { deadlineMs });
    if (found === undefined) {
      throw new HttpRequestError(404, 'LEASE_ENDED', `there is no lease ${lease}`, 'grant one with POST /leases');
    }
    if (isForeign(found.keys, withinOf(request).within, true)) throw refusalOf('lease-foreign');
    return reply
      .header('cache-control', 'no-store')
      .send({ lease, ...found, keys: found.keys.map((key) => toldKey(key, form)) });
  });
}
