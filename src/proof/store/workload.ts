/**
 * What clients do with a replicated key-value store under simulation, whatever log it stands on: they put, get, delete and
 * compare-and-set. `judge.ts` says whether what they saw makes sense.
 */

import * as v from 'valibot';
import { integerBelow, pick, type Random } from '../../environment/random.ts';
import { NotHappenedError } from '../../services/store/errors.ts';
import { encodeCommand, type KeyValueResult, type Versioned } from '../../services/store/key-value/machine.ts';
import type { ReplicatedStore } from '../../services/store/replicated-store.ts';
import type { OperationEnd } from '../../simulator/scenario.ts';
import type { PlannedOperation } from '../../simulator/schedule.ts';
import { drawOperations, probing } from '../operations.ts';

/** What a client does with a key; values are unique in a run, so that histories are quick to judge. */
export const operationSchema = v.object({
  f: v.picklist(['put', 'get', 'delete', 'cas', 'replace', 'handOver']),
  key: v.string(),
  value: v.number(),
});
export type KeyOperation = v.InferOutput<typeof operationSchema>;

const clients = 4;
const operationsPerRun = 60;
const keys = ['a', 'b', 'c'];
const deadlineMs = 2_000;

/** Draws the operations of a run. */
export const planOperations = (
  machines: readonly string[],
  durationMs: number,
  random: Random,
): readonly PlannedOperation[] =>
  drawOperations(
    { count: operationsPerRun, clients },
    { machines, durationMs, random },
    (index) =>
      ({
        f: pick(random, ['put', 'put', 'get', 'get', 'cas', 'delete'] as const) ?? 'get',
        key: keys[integerBelow(random, keys.length)] ?? '',
        value: index + 1,
      }) satisfies KeyOperation,
  );

/** Asks a few times, at whichever machine, that the last one takes the place of the last but one. */
export function withReplacement(
  operations: readonly PlannedOperation[],
  machines: readonly string[],
  durationMs: number,
  random: Random,
): readonly PlannedOperation[] {
  const asked = Array.from({ length: 3 }, (): PlannedOperation => {
    const atMs = Math.round(random.next() * durationMs);
    const operation = { f: 'replace', key: machines.slice(-2).join(' '), value: 0 } satisfies KeyOperation;
    return { client: clients, atMs, node: pick(random, machines) ?? '', operation };
  });
  return [...operations, ...asked].sort((a, b) => a.atMs - b.atMs);
}

const transfersPerRun = 4;

/** Asks a few times, at whichever machine, that some other one leads, or a certain one. */
export function withTransfers(
  operations: readonly PlannedOperation[],
  machines: readonly string[],
  durationMs: number,
  random: Random,
): readonly PlannedOperation[] {
  const asked = Array.from({ length: transfersPerRun }, (): PlannedOperation => {
    const atMs = Math.round(random.next() * durationMs);
    const operation = { f: 'handOver', key: pick(random, ['', ...machines]) ?? '', value: 0 } satisfies KeyOperation;
    return { client: clients + 1, atMs, node: pick(random, machines) ?? '', operation };
  });
  return [...operations, ...asked].sort((a, b) => a.atMs - b.atMs);
}

/** The write whose success shows that the store works. */
export const probeAt = (machine: string, atMs: number): PlannedOperation =>
  probing(machine, atMs, { f: 'put', key: 'probe', value: atMs } satisfies KeyOperation);

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = (value: number): Uint8Array => encoder.encode(String(value));
const numberIn = ({ value }: Versioned): number => Number(decoder.decode(value));

/** Carries out one operation. A compare-and-set reads the key first, and then replaces what it has read. */
export function performOn(
  store: ReplicatedStore,
  operation: KeyOperation,
  done: (outcome: OperationEnd) => void,
): void {
  const { f, key, value } = operation;
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      done(outcomeOf(error));
    }
  };
  const get = (then: (found: Versioned | undefined) => void): void =>
    store.queryThen({ type: 'get', key }, { deadlineMs }, (error, found) => {
      if (error !== undefined) done(outcomeOf(error));
      else attempt(() => then(isVersioned(found) ? found : undefined));
    });
  const write = (command: Uint8Array, then: (result: KeyValueResult) => OperationEnd): void =>
    store.executeThen(command, { deadlineMs }, (error, result) =>
      done(error === undefined && isResult(result) ? then(result) : outcomeOf(error)),
    );
  attempt(() => {
    if (f === 'replace') {
      const [leaving = '', joining = ''] = key.split(' ');
      const change = { leaving, joining, place: `${joining}:1` };
      store.replaceThen(change, { deadlineMs }, (error) =>
        done(error === undefined ? { type: 'ok', value: null } : outcomeOf(error)),
      );
    } else if (f === 'handOver') {
      store.handOverThen(key === '' ? undefined : key, { deadlineMs }, (error) =>
        done(error === undefined ? { type: 'ok', value: null } : outcomeOf(error)),
      );
    } else if (f === 'get') get((found) => done({ type: 'ok', value: found === undefined ? null : numberIn(found) }));
    else if (f === 'put') {
      write(encodeCommand({ type: 'put', key, value: bytesOf(value) }), () => ({ type: 'ok', value: null }));
    } else if (f === 'delete') write(encodeCommand({ type: 'delete', key }), () => ({ type: 'ok', value: null }));
    else {
      get((found) => {
        const condition =
          found === undefined ? ({ type: 'absent' } as const) : ({ type: 'version', version: found.version } as const);
        const expected = found === undefined ? null : numberIn(found);
        write(encodeCommand({ type: 'put', key, value: bytesOf(value), condition }), (result) => ({
          type: 'ok',
          value: { expected, swapped: result.type === 'stored' },
        }));
      });
    }
  });
}

const isVersioned = (value: unknown): value is Versioned =>
  typeof value === 'object' && value !== null && 'version' in value && 'value' in value;
const isResult = (value: unknown): value is KeyValueResult =>
  typeof value === 'object' && value !== null && 'type' in value;

const outcomeOf = (error: unknown): OperationEnd =>
  error instanceof NotHappenedError
    ? { type: 'failed', reason: error.code }
    : { type: 'unknown', reason: error instanceof Error ? error.message : String(error) };
