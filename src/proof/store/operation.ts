/** What clients of a simulated store do, as it stands in schedules and traces. */

import * as v from 'valibot';

/** What a client does with a key; values are unique in a run, so that histories are quick to judge. */
export const operationSchema = v.object({
  f: v.picklist(['put', 'get', 'delete', 'cas', 'replace', 'handOver', 'once', 'watch', 'lease', 'member']),
  key: v.string(),
  value: v.number(),
  /** How a get reads; linearizable in the usual way by default. */
  consistency: v.exactOptional(v.picklist(['linearizable', 'lease', 'follower'])),
});
export type KeyOperation = v.InferOutput<typeof operationSchema>;

/** What a client is told that repeats a put under its idempotency key. */
export const repeatedSchema = v.object({ version: v.number() });
