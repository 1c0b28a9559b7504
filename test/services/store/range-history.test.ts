/** Ranges, counts and transactions of several clients at once, through crashes of leaders: judged as one history. */

import { expect, test } from 'vitest';
import { integerBelow, pick, type Random, seededRandomness } from '../../../src/environment/random.ts';
import {
  checkHistory,
  createHistoryRecorder,
  keyValueWithRanges,
  type RecordedCall,
  type RecordedInvocation,
  readHistory,
} from '../../../src/history.ts';
import { NotHappenedError } from '../../../src/services/store/errors.ts';
import type { TransactionOperation } from '../../../src/services/store/key-value/commands.ts';
import type { KeyValueStore } from '../../../src/services/store/key-value/contract.ts';
import { logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
import { type Cluster, createCluster } from './cluster.ts';

const keys = ['a/1', 'a/2', 'a/3', 'b'];
/** Few, as the search orders all that runs at once. */
const clients = 4;
const callsOfEach = 40;
const deadlineMs = 2_000;

const bytes = (value: number): Uint8Array => new TextEncoder().encode(`${value}`);
const numberOf = (value: Uint8Array | undefined): number | null =>
  value === undefined ? null : Number(new TextDecoder().decode(value));

type Operation = readonly ['get' | 'delete', string] | readonly ['put', string, number];
interface Asked extends RecordedInvocation {
  act(store: KeyValueStore): Promise<unknown>;
}

const asOperation = ([type, key, value]: Operation): TransactionOperation =>
  type === 'put' ? { type, key, value: bytes(value ?? 0) } : { type, key };

/** A transaction of all keys under a/, which asks for one of them as it last was, to the knowledge of its client. */
function transaction(random: Random, known: number | null, value: number): Asked {
  const success: Operation[] = keys.slice(0, 3).map((key, at) => ['put', key, value + at]);
  const failure: Operation[] = [...keys.map((key): Operation => ['get', key]), ['delete', pick(random, keys) ?? '']];
  const condition = known === null ? ({ type: 'absent' } as const) : ({ type: 'value', value: bytes(known) } as const);
  return {
    f: 'transaction',
    value: { compare: [['a/1', known]], success: [...success, ['get', 'a/2']], failure },
    async act(store) {
      const { succeeded, results } = await store.transaction(
        {
          compare: [{ key: 'a/1', condition }],
          success: [...success, ['get', 'a/2'] as const].map(asOperation),
          failure: failure.map(asOperation),
        },
        { deadlineMs },
      );
      const found = results.map((it) => (it.type === 'found' ? numberOf(it.found?.value) : null));
      return { succeeded, results: found };
    },
  };
}

function drawn(random: Random, known: number | null, value: number): Asked {
  const key = pick(random, keys) ?? '';
  const selection = pick(random, [{}, { prefix: 'a/' }, { from: 'a/2' }, { to: 'b' }] as const) ?? {};
  const limit = 1 + integerBelow(random, 4);
  switch (integerBelow(random, 5)) {
    case 0:
      return {
        f: 'put',
        value: [key, value],
        act: (store) => store.put(key, bytes(value), { deadlineMs }).then(() => null),
      };
    case 1:
      return {
        f: 'count',
        value: selection,
        act: async (store) => (await store.count(selection, { deadlineMs })).count,
      };
    case 2:
      return transaction(random, known, value);
    default:
      return {
        f: 'range',
        value: { ...selection, limit },
        async act(store) {
          const { entries } = await store.range(selection, { limit, deadlineMs });
          return entries.map((entry) => [entry.key, numberOf(entry.value)]);
        },
      };
  }
}

const pauseOf = ({ clock }: Cluster, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, ms));

test.each(logProtocolNames)('over %s, what clients see of several keys at once has one order', async (protocol) => {
  const seed = 1;
  const cluster = createCluster({ protocol, seed });
  cluster.elect();
  const random = seededRandomness(seed).stream('calls');
  const recorder = createHistoryRecorder({ clock: cluster.clock });
  const branches = new Set<unknown>();
  let [values, running] = [0, clients];
  const ended = (call: RecordedCall, error: unknown): void => {
    if (error instanceof NotHappenedError) call.fail(error.code);
    else call.info(String(error));
  };
  const work = async (number: number): Promise<void> => {
    const store = cluster.client();
    let known: number | null = null;
    for (let turn = 0; turn < callsOfEach; turn += 1) {
      await pauseOf(cluster, 1 + integerBelow(random, 40));
      values += 10;
      const { f, value, act } = drawn(random, known, values);
      // One whose answer is not known goes on under another name.
      const call = recorder.invoke(`${number}.${turn}`, { f, value });
      try {
        const result = await act(store);
        call.ok(result);
        if (f === 'transaction') branches.add(Object(result).succeeded);
        if (f === 'range' && Array.isArray(result) && result[0]?.[0] === 'a/1') known = result[0][1];
      } catch (error) {
        ended(call, error);
      }
    }
    running -= 1;
  };
  for (let number = 0; number < clients; number += 1) void work(number);
  const faults = async (): Promise<void> => {
    await pauseOf(cluster, 200);
    const leading = cluster.members().find(({ store }) => store.status().role === 'leader');
    if (leading === undefined) return;
    cluster.crash(leading.id);
    await pauseOf(cluster, 500);
    cluster.restart(leading.id);
  };
  void faults();
  await cluster.until(() => running === 0, 600_000);
  const model = keyValueWithRanges();
  const history = readHistory(recorder.lines(), model);
  const { verdict } = checkHistory(history, model, { clock: cluster.clock, stepLimit: 5_000_000 });
  expect(verdict).toBe('linearizable');
  expect(history.operations.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(100);
  expect(branches).toEqual(new Set([true, false]));
});
