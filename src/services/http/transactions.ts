/** Transactions of several keys over HTTP: `POST /transactions`. */

import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import { isWellFormed } from '../agreement/json.ts';
import type { Condition, OperationResult, Transaction, TransactionOperation } from '../store/key-value/commands.ts';
import type { KeyValueStore } from '../store/key-value/contract.ts';
import type { IdempotencyOf } from './access.ts';
import { bodyOf, jsonOfBody } from './json.ts';
import { keyInJson } from './key-forms.ts';
import { toldValue, valueIn } from './reading.ts';

/** Half a character is no UTF-8, and would be stored as another one. */
const text = v.pipe(
  v.string(),
  v.check(isWellFormed, 'expected whole characters, got half a surrogate pair; send base64'),
);
const base64 = v.pipe(v.string(), v.base64('expected base64'));
const version = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const comparison = v.union([
  v.strictObject({ key: keyInJson, version }),
  v.strictObject({ key: keyInJson, value: text }),
  v.strictObject({ key: keyInJson, base64 }),
  v.strictObject({ key: keyInJson, exists: v.boolean() }),
]);
const operation = v.union([
  v.strictObject({ put: keyInJson, value: text }),
  v.strictObject({ put: keyInJson, base64 }),
  v.strictObject({ delete: keyInJson }),
  v.strictObject({ get: keyInJson }),
]);

/** The body of `POST /transactions`. */
const transaction = v.strictObject({
  compare: v.optional(v.array(comparison), []),
  success: v.array(operation),
  failure: v.optional(v.array(operation), []),
});

const example = '{"compare": [{"key": "a", "version": 7}], "success": [{"put": "a", "value": "x"}, {"delete": "b"}]}';

/** What a body compares and does. @throws HttpRequestError */
export function operationsOfTransaction(body: unknown): Required<Transaction> {
  const { compare, success, failure } = bodyOf(transaction, jsonOfBody(body), example);
  return {
    compare: compare.map((it) => ({ key: it.key, condition: conditionOf(it) })),
    success: success.map(operationOf),
    failure: failure.map(operationOf),
  };
}

/** Adds them to `app`. @param deadlineMs how long a request may take */
export function addTransactionRoutes(
  app: FastifyInstance,
  kv: KeyValueStore,
  deadlineMs: number,
  idempotencyOf: IdempotencyOf,
): void {
  app.post('/transactions', async (request, reply) => {
    const { results, ...transacted } = await kv.transaction(operationsOfTransaction(request.body), {
      deadlineMs,
      ...idempotencyOf(request),
    });
    return reply.send({ ...transacted, results: results.map(toldResult) });
  });
}

function conditionOf(it: v.InferOutput<typeof comparison>): Condition {
  if ('version' in it) return { type: 'version', version: it.version };
  if ('exists' in it) return { type: it.exists ? 'present' : 'absent' };
  return { type: 'value', value: valueIn(it) };
}

function operationOf(it: v.InferOutput<typeof operation>): TransactionOperation {
  if ('delete' in it) return { type: 'delete', key: it.delete };
  if ('get' in it) return { type: 'get', key: it.get };
  return { type: 'put', key: it.put, value: valueIn(it) };
}

function toldResult(result: OperationResult): object {
  if (result.type !== 'found') return result;
  const { found } = result;
  return found === undefined
    ? { type: 'absent' }
    : { type: 'found', version: found.version, ...toldValue(found.value) };
}
