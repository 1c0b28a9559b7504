/**
 * What clients do with registers under simulation: they set, change, compare-and-set and read a few keys, through whichever
 * machine they reach. Every value is a list, to which a change adds a number of its own; so what happens twice shows.
 */

import * as v from 'valibot';
import { integerBelow, pick, type Random } from '../../environment/random.ts';
import { RegisterUnknownError } from '../../services/agreement/errors.ts';
import type { Json } from '../../services/agreement/json.ts';
import type { Register } from '../../services/agreement/register.ts';
import type { OperationEnd } from '../../simulator/scenario.ts';
import type { PlannedOperation } from '../../simulator/schedule.ts';
import { probing } from '../operations.ts';
import type { ClientMistake } from './model.ts';

/** What a client does with a key; in the words of the history checker's key-value store. */
export const operationSchema = v.object({
  f: v.picklist(['put', 'get', 'append', 'cas']),
  key: v.string(),
  value: v.array(v.number()),
  /** What a compare-and-set expects. */
  expected: v.nullable(v.array(v.number())),
});
export type RegisterOperation = v.InferOutput<typeof operationSchema>;

const clients = 5;
const operationsPerRun = 60;
const keys = ['a', 'b'];

/** Draws the operations of a run. A compare-and-set expects what there would be if all before it had happened at once. */
export function planOperations(
  machines: readonly string[],
  durationMs: number,
  random: Random,
): readonly PlannedOperation[] {
  const timesMs = Array.from({ length: operationsPerRun }, () => Math.round(random.next() * durationMs));
  const held = new Map<string, number[]>();
  return timesMs
    .sort((a, b) => a - b)
    .map((atMs, index) => {
      const f = pick(random, ['put', 'get', 'get', 'append', 'append', 'cas'] as const) ?? 'get';
      const key = keys[integerBelow(random, keys.length)] ?? '';
      const expected = held.get(key) ?? null;
      const value = [index + 1];
      if (f !== 'get') held.set(key, f === 'append' ? [...(expected ?? []), ...value] : value);
      const operation = { f, key, value, expected } satisfies RegisterOperation;
      return { client: index % clients, atMs, node: pick(random, machines) ?? '', operation };
    });
}

/** The write whose success shows that registers work. */
export const probeAt = (machine: string, atMs: number): PlannedOperation =>
  probing(machine, atMs, { f: 'put', key: 'probe', value: [atMs], expected: null } satisfies RegisterOperation);

const appended = (current: Json, value: readonly number[]): Json => [
  ...(Array.isArray(current) ? current : []),
  ...value,
];

/** Reads what phase 1 tells, and has nothing accepted. */
async function readEarly(register: Register): Promise<Json> {
  const seen: Json[] = [];
  const enough = new Error('a value was seen');
  await register
    .change((current) => {
      seen.push(current);
      throw enough;
    })
    .catch((error: unknown) => {
      if (error !== enough) throw error;
    });
  return seen[0] ?? null;
}

/** Carries out one operation. @throws what the register throws */
async function askOf(
  register: Register,
  { f, value, expected }: RegisterOperation,
  mistake: ClientMistake | undefined,
): Promise<unknown> {
  switch (f) {
    case 'get':
      return mistake === 'reads-early' ? readEarly(register) : register.read();
    case 'cas':
      return register.compareAndSet(expected, value);
    case 'put':
      await register.change(() => value);
      return undefined;
    case 'append':
      await register.change((current) => appended(current, value));
      return undefined;
  }
}

/** Carries out one operation, with the mistakes of its client, and says how it ended. */
export async function performOn(
  register: Register,
  operation: RegisterOperation,
  mistake: ClientMistake | undefined,
): Promise<OperationEnd> {
  try {
    return { type: 'ok', value: await askOf(register, operation, mistake) };
  } catch (error) {
    // After every other error the call has changed nothing: so it is judged.
    if (!(error instanceof RegisterUnknownError)) return { type: 'failed', reason: String(error) };
    return mistake === 'repeats' ? performOn(register, operation, mistake) : { type: 'unknown', reason: error.message };
  }
}
