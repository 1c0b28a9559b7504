/** Many keys over HTTP: `GET /kv` for a page of them, or how many they are; `GET /history/KEY` for what happened to one. */

import type { FastifyInstance } from 'fastify';
import type { KeyValueStore } from '../store/key-value/contract.ts';
import type { KeyChange } from '../store/key-value/questions.ts';
import { type KeyForm, keyFormOf, toldKey } from './key-forms.ts';
import { takes } from './parameters.ts';
import { naturalIn, readOptionsIn, type SelectionQuery, selectionIn, switchIn, toldValue } from './reading.ts';
import type { ResponseBudget } from './response-budget.ts';

interface RangeRoute {
  Querystring: SelectionQuery & {
    limit?: string;
    values?: string;
    count?: string;
    revision?: string;
    consistency?: string;
    maxStalenessMs?: string;
    keys?: string;
  };
}

interface HistoryRoute {
  Params: { '*': string };
  Querystring: { limit?: string; before?: string; consistency?: string; maxStalenessMs?: string; keys?: string };
}

/** A page has some hundred kilobytes of keys and values, or a single one that is longer; in JSON they may be some more. */
const pageBytes = 3 * 1_024 * 1_024;

/** Adds them to `app`. @param deadlineMs how long a request may take */
export function addRangeRoutes(
  app: FastifyInstance,
  kv: KeyValueStore,
  deadlineMs: number,
  budget: ResponseBudget,
): void {
  const rangeParameters = takes(
    'prefix',
    'from',
    'to',
    'key',
    'limit',
    'values',
    'count',
    'revision',
    'consistency',
    'maxStalenessMs',
    'keys',
  );
  app.get<RangeRoute>('/kv', { onRequest: rangeParameters }, async (request, reply) => {
    const form = keyFormOf(request);
    const { limit, values = 'true', count = 'false', revision, consistency, maxStalenessMs, ...rest } = request.query;
    const { keys: _, ...selected } = rest;
    const reading = {
      ...(revision && { revision }),
      ...(consistency && { consistency }),
      ...(maxStalenessMs && { maxStalenessMs }),
    };
    const options = readOptionsIn(reading, deadlineMs);
    const selection = selectionIn(selected);
    reply.header('cache-control', 'no-store');
    if (switchIn('count', count)) return reply.send(await kv.count(selection, options));
    const withValues = switchIn('values', values);
    await budget.reserve(reply.raw, pageBytes, deadlineMs);
    const {
      entries,
      revision: asOf,
      next,
    } = await kv.range(selection, {
      ...options,
      withValues,
      ...(limit === undefined ? {} : { limit: naturalIn('limit', limit) }),
    });
    return reply.send({
      revision: asOf,
      entries: entries.map(({ key, value, version }) => ({
        key: toldKey(key, form),
        version,
        ...(value && toldValue(value)),
      })),
      ...(next === undefined ? {} : { next: toldKey(next, form) }),
    });
  });
  const historyParameters = takes('limit', 'before', 'consistency', 'maxStalenessMs', 'keys');
  app.get<HistoryRoute>('/history/*', { onRequest: historyParameters }, async (request, reply) => {
    const form = keyFormOf(request);
    const { '*': key } = request.params;
    const { limit, before, keys: _, ...reading } = request.query;
    await budget.reserve(reply.raw, pageBytes, deadlineMs);
    const changes = await kv.history(key, {
      ...readOptionsIn(reading, deadlineMs),
      ...(limit === undefined ? {} : { limit: naturalIn('limit', limit) }),
      ...(before === undefined ? {} : { before: naturalIn('before', before) }),
    });
    return reply.header('cache-control', 'no-store').send({
      key: toldKey(key, form),
      changes: changes.map((change) => toldChange(change, form)),
    });
  });
}

/** A change in JSON. */
export const toldChange = ({ key, value, ...change }: KeyChange, form: KeyForm): object => ({
  key: toldKey(key, form),
  ...change,
  ...(value === null ? { deleted: true } : toldValue(value)),
});
