/** The routes of keys and values: `GET`, `PUT` and `DELETE /kv/KEY`. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isMode, modes } from '../../../statecharts/replication/modes.ts';
import { valueLimitBytes } from '../store/key-value/commands.ts';
import type { KeyValueStore, WriteOptions } from '../store/key-value/contract.ts';
import type { Access } from './access.ts';
import { conditionOf, etagOf, isKnown } from './conditions.ts';
import { keyFormOf, toldKey } from './key-forms.ts';
import { takes } from './parameters.ts';
import { HttpRequestError } from './problems.ts';
import { header, malformed, naturalIn, type ReadingQuery, readOptionsIn } from './reading.ts';
import type { ResponseBudget } from './response-budget.ts';

interface KeyRoute {
  Params: { '*': string };
}

interface WriteRoute extends KeyRoute {
  Querystring: { mode?: string };
}

interface PutRoute extends KeyRoute {
  Querystring: { mode?: string; lease?: string };
}

interface ReadRoute extends KeyRoute {
  Querystring: ReadingQuery;
}

/** Adds them to `app`. @param deadlineMs how long a request may take */
export function addKeyRoutes(
  app: FastifyInstance,
  kv: Pick<KeyValueStore, 'get' | 'put' | 'delete'>,
  deadlineMs: number,
  budget: ResponseBudget,
  { idempotencyOf, withinOf }: Pick<Access, 'idempotencyOf' | 'withinOf'>,
): void {
  app.put<PutRoute>('/kv/*', { onRequest: takes('mode', 'lease', 'keys') }, async (request, reply) => {
    const value = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const key = keyOf(request);
    const form = keyFormOf(request);
    const { lease } = request.query;
    const { version } = await kv.put(key, value, {
      ...writeOptionsIn(request, deadlineMs),
      ...idempotencyOf(request),
      ...(lease === undefined ? {} : { lease: naturalIn('lease', lease), ...withinOf(request) }),
    });
    return reply.header('etag', etagOf(version)).send({ key: toldKey(key, form), version });
  });
  app.delete<WriteRoute>('/kv/*', { onRequest: takes('mode', 'keys') }, async (request, reply) => {
    const key = keyOf(request);
    const form = keyFormOf(request);
    const { version } = await kv.delete(key, {
      ...writeOptionsIn(request, deadlineMs),
      ...idempotencyOf(request),
    });
    if (version === undefined) throw absent(key);
    return reply.send({ key: toldKey(key, form), deleted: version });
  });
  app.get<ReadRoute>(
    '/kv/*',
    { onRequest: takes('consistency', 'maxStalenessMs', 'revision', 'keys') },
    async (request, reply) => {
      const options = readOptionsIn(request.query, deadlineMs);
      const key = keyOf(request);
      keyFormOf(request);
      const room = await budget.reserve(reply.raw, valueLimitBytes, deadlineMs);
      const found = await kv.get(key, options);
      room.shrinkTo(found?.value.length ?? 0);
      if (found === undefined) throw absent(key);
      reply.header('etag', etagOf(found.version)).header('cache-control', 'no-store');
      if (isKnown(header(request, 'if-none-match'), found.version)) return reply.status(304).send();
      const { buffer, byteOffset, byteLength } = found.value;
      return reply.type('application/octet-stream').send(Buffer.from(buffer, byteOffset, byteLength));
    },
  );
}

const absent = (key: string): HttpRequestError =>
  new HttpRequestError(404, 'KEY_ABSENT', `there is no value under '${key}'`, 'store one with PUT');

function writeOptionsIn(request: FastifyRequest<WriteRoute>, deadlineMs: number): WriteOptions {
  const { mode } = request.query;
  if (mode !== undefined && !isMode(mode)) {
    throw malformed(`expected mode ${modes.join(', ')}, got '${mode}'`, 'leave it out for that of the store');
  }
  const condition = conditionOf(header(request, 'if-match'), header(request, 'if-none-match'));
  return {
    deadlineMs,
    ...(condition === undefined ? {} : { condition }),
    ...(mode === undefined ? {} : { mode }),
  };
}

const keyOf = (request: FastifyRequest<KeyRoute>): string => request.params['*'];
