/** What `transact` gives, over one store and over two: judged from the histories of transactions that run at the same time. */

import { describe, expect, test } from 'vitest';
import { integerBelow, type Random, seededRandomness } from '../../../src/environment/random.ts';
import {
  readTransactions,
  strongestIsolation,
  type TransactionOperation,
  type TransactionStatus,
} from '../../../src/history.ts';
import { TransactionAbortedError, type WorkOf } from '../../../src/services/transactions.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type Bank, createBank, type Stores } from './bank.ts';

const clock = createVirtualClock();
const clients = 4;
const perClient = 8;

type Name = 'checking' | 'savings';
type Line = {
  id: string;
  session: number;
  status: TransactionStatus;
  begin: number;
  end: number;
  operations: Omit<TransactionOperation, 'version'>[];
};

/** Reads or appends to two or three of four lists, which are spread over the stores. */
async function work(stores: WorkOf<Stores>, names: readonly Name[], line: Line, random: Random): Promise<void> {
  for (let step = 0; step < 3; step += 1) {
    const name = names[integerBelow(random, names.length)] ?? 'checking';
    const list = `list${integerBelow(random, 2)}`;
    const key = `${name}/${list}`;
    const found = await stores[name].get(list);
    const before: readonly unknown[] = Array.isArray(found) ? found : [];
    line.operations.push({ f: 'read', key, value: before });
    if (integerBelow(random, 2) === 0) continue;
    const value = `${line.id}.${step}`;
    await stores[name].put(list, [...before.map(String), value]);
    line.operations.push({ f: 'append', key, value });
  }
}

async function client(
  bank: Bank,
  names: readonly Name[],
  session: number,
  lines: Line[],
  random: Random,
): Promise<void> {
  for (let nth = 0; nth < perClient; nth += 1) {
    const line: Line = {
      id: `c${session}-${nth}`,
      session,
      status: 'unknown',
      begin: bank.time.nowMs(),
      end: 0,
      operations: [],
    };
    lines.push(line);
    try {
      await bank.manager.transact((stores) => work(stores, names, line, random));
      line.status = 'ok';
    } catch (error) {
      line.status = error instanceof TransactionAbortedError ? 'aborted' : 'unknown';
    }
    line.end = bank.time.nowMs();
  }
}

/** Runs clients to their end. */
async function recorded(names: readonly Name[], seed: number): Promise<Line[]> {
  const bank = await createBank();
  const lines: Line[] = [];
  const randomness = seededRandomness(seed);
  let running = clients;
  const all = Array.from({ length: clients }, (_, session) =>
    client(bank, names, session, lines, randomness.stream(`client ${session}`)).finally(() => {
      running -= 1;
    }),
  );
  // A deadlock over two stores lasts until a lock is given up.
  await bank.until(() => running === 0, 3_600_000);
  await Promise.all(all);
  return lines;
}

describe.each([
  ['one store', ['checking']],
  ['two stores', ['checking', 'savings']],
] as const)('transactions over %s', (_what, names) => {
  test.each([1, 2, 3])(
    'are strictly serializable, as they hold their locks until they are decided (seed %i)',
    async (seed) => {
      const lines = await recorded(names, seed);
      const { strongest, results } = strongestIsolation(readTransactions(lines.map((line) => JSON.stringify(line))), {
        clock,
      });
      expect(results.map(({ anomaly }) => anomaly?.name)).toEqual([undefined, undefined, undefined, undefined]);
      expect(strongest).toBe('strict-serializable');
      const ended = lines.map(({ status }) => status);
      expect(ended.filter((status) => status === 'ok').length).toBeGreaterThan(clients);
    },
  );
});
