/**
 * What clients do with a replicated key-value store under simulation, whatever log it stands on: they put, get, delete and
 * compare-and-set. `judge.ts` says whether what they saw makes sense.
 */

import * as v from 'valibot';
import { QuorateError } from '../../../statecharts/actor.ts';
import { integerBelow, pick, type Random } from '../../environment/random.ts';
import { NotHappenedError } from '../../services/store/errors.ts';
import { encodeCommand, type KeyValueResult, type Versioned } from '../../services/store/key-value/commands.ts';
import type { ReplicatedStore } from '../../services/store/replicated-store.ts';
import type { OperationEnd } from '../../simulator/scenario.ts';
import type { PlannedOperation } from '../../simulator/schedule.ts';
import { drawOperations, probing } from '../operations.ts';
import { stepOf } from './member-changes.ts';
import { type KeyOperation, operationSchema } from './operation.ts';
import { follow } from './watchers.ts';

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

/** Has each get read in some way that is linearizable, of which there are several. */
export const withReadings = (operations: readonly PlannedOperation[], random: Random): readonly PlannedOperation[] =>
  operations.map((planned) => {
    const operation = v.parse(operationSchema, planned.operation);
    if (operation.f !== 'get') return planned;
    const consistency = pick(random, ['lease', 'lease', 'follower', 'linearizable'] as const) ?? 'lease';
    return { ...planned, operation: { ...operation, consistency } satisfies KeyOperation };
  });

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

const repeatedPerRun = 10;
const attemptsPerRequest = 3;
const mostPatienceMs = 1_500;

/** Puts that clients make again and again, each time at whichever machine, under one idempotency key for each. */
export function withRepetitions(
  operations: readonly PlannedOperation[],
  machines: readonly string[],
  durationMs: number,
  random: Random,
): readonly PlannedOperation[] {
  const asked = Array.from({ length: repeatedPerRun }, (_, index): readonly PlannedOperation[] => {
    const operation = { f: 'once', key: `once-${index + 1}`, value: index + 1 } satisfies KeyOperation;
    let atMs = Math.round(random.next() * durationMs);
    return Array.from({ length: attemptsPerRequest }, () => {
      const attempt = { client: clients + 2 + index, atMs, node: pick(random, machines) ?? '', operation };
      atMs = Math.min(durationMs, atMs + integerBelow(random, mostPatienceMs));
      return attempt;
    });
  });
  return [...operations, ...asked.flat()].sort((a, b) => a.atMs - b.atMs);
}

const leasesPerRun = 6;

/** Clients that ask for a lease, put a key on it, and keep it once more; no two live for the same time. */
export function withLeases(
  operations: readonly PlannedOperation[],
  machines: readonly string[],
  durationMs: number,
  random: Random,
): readonly PlannedOperation[] {
  const asked = Array.from({ length: leasesPerRun }, (_, index): PlannedOperation => {
    const operation = { f: 'lease', key: `leased-${index + 1}`, value: 400 + 150 * index } satisfies KeyOperation;
    const client = clients + 2 + repeatedPerRun + watchesPerRun + index;
    return { client, atMs: Math.round(random.next() * durationMs), node: pick(random, machines) ?? '', operation };
  });
  return [...operations, ...asked].sort((a, b) => a.atMs - b.atMs);
}

/** Whether a client follows what changes. */
export const isWatch = ({ operation }: PlannedOperation): boolean => v.parse(operationSchema, operation).f === 'watch';

const watchesPerRun = 5;

/** Clients that follow what changes, each at one machine: most of them from then on, and one from the beginning. */
export function withWatches(
  operations: readonly PlannedOperation[],
  machines: readonly string[],
  durationMs: number,
  random: Random,
): readonly PlannedOperation[] {
  const asked = Array.from({ length: watchesPerRun }, (_, index): PlannedOperation => {
    const operation = { f: 'watch', key: index === 0 ? 'beginning' : 'now', value: 0 } satisfies KeyOperation;
    const client = clients + 2 + repeatedPerRun + index;
    return { client, atMs: Math.round(random.next() * durationMs), node: pick(random, machines) ?? '', operation };
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

type Write = (command: Uint8Array, then: (result: KeyValueResult) => void) => void;

/** Asks for a lease, puts a key on it, and keeps it. */
function keepLease(
  { key, value, ttlMs }: { readonly key: string; readonly value: Uint8Array; readonly ttlMs: number },
  write: Write,
  done: (outcome: OperationEnd) => void,
): void {
  write(encodeCommand({ type: 'grant', ttlMs }), (granted) => {
    if (granted.type !== 'leased') return done({ type: 'failed', reason: granted.type });
    const { lease } = granted;
    write(encodeCommand({ type: 'put', key, value, lease }), (stored) => {
      if (stored.type !== 'stored') return done({ type: 'failed', reason: stored.type });
      write(encodeCommand({ type: 'keep', lease }), ({ type }) => done({ type: 'ok', value: type }));
    });
  });
}

/** Carries out one operation. A compare-and-set reads the key first, and then replaces what it has read. */
export function performOn(
  store: ReplicatedStore,
  operation: KeyOperation,
  done: (outcome: OperationEnd) => void,
): void {
  const { f, key, value, consistency = 'linearizable' } = operation;
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      done(outcomeOf(error));
    }
  };
  const get = (then: (found: Versioned | undefined) => void): void =>
    store.queryThen({ type: 'get', key }, { deadlineMs, consistency }, (error, found) => {
      if (error !== undefined) done(outcomeOf(error));
      else attempt(() => then(isVersioned(found) ? found : undefined));
    });
  const write = (
    command: Uint8Array,
    then: (result: KeyValueResult) => OperationEnd,
    how: { readonly idempotencyKey?: string } = {},
  ): void =>
    store.executeThen(command, { deadlineMs, ...how }, (error, result) =>
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
    } else if (f === 'member') {
      store.changeThen(stepOf(operation), { deadlineMs }, (error) =>
        done(error === undefined ? { type: 'ok', value: null } : outcomeOf(error)),
      );
    } else if (f === 'lease') {
      const writeNext: Write = (command, then) => {
        const answered = (error: unknown, result: unknown): void => {
          if (error === undefined && isResult(result)) attempt(() => then(result));
          else done(outcomeOf(error));
        };
        store.executeThen(command, { deadlineMs }, answered);
      };
      keepLease({ key, value: bytesOf(value), ttlMs: value }, writeNext, done);
    } else if (f === 'watch') follow(store, key === 'beginning' ? key : 'now', done);
    else if (f === 'get') get((found) => done({ type: 'ok', value: found === undefined ? null : numberIn(found) }));
    else if (f === 'put') {
      write(encodeCommand({ type: 'put', key, value: bytesOf(value) }), () => ({ type: 'ok', value: null }));
    } else if (f === 'once') {
      const put = encodeCommand({ type: 'put', key, value: bytesOf(value) });
      write(put, (result) => ({ type: 'ok', value: result }), { idempotencyKey: key });
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
    : { type: 'unknown', reason: error instanceof QuorateError ? error.code : String(error) };
