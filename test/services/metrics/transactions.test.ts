import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { others } from '../../../src/services/metrics/labels.ts';
import { doubtByManager, doubtByResource } from '../../../src/services/metrics/transactions.ts';
import { addTransactionMetrics } from '../../../src/services/metrics.ts';
import type { ListedTransaction } from '../../../src/services/transactions.ts';
import { createBank, endow, transfer } from '../transactions/bank.ts';

const listed = (
  manager: string,
  ageMs: number,
  state: ListedTransaction['state'] = 'in-doubt',
  resources: readonly string[] = ['orders'],
): ListedTransaction => ({
  transaction: `${manager}.${ageMs}`,
  manager,
  state,
  ageMs,
  branches: resources.map((resource) => ({ branch: resource, resource, state: 'prepared' })),
});

describe('what is in doubt', () => {
  test('is told by the manager that began it, with the age of the oldest', () => {
    const transactions = [listed('n1', 10), listed('n2', 5_000), listed('n2', 9_000), listed('n2', 7_000)];
    expect(Object.fromEntries(doubtByManager(transactions, 'n1'))).toEqual({
      n1: { count: 1, oldestMs: 10 },
      n2: { count: 3, oldestMs: 9_000 },
    });
  });

  test('is not what is open or decided', () => {
    const transactions = [listed('n1', 1, 'open'), listed('n1', 2, 'committed'), listed('n1', 3, 'aborted')];
    expect(Object.fromEntries(doubtByManager(transactions, 'n1'))).toEqual({ n1: { count: 0, oldestMs: 0 } });
    expect(Object.fromEntries(doubtByResource(transactions, ['orders']))).toEqual({
      orders: { count: 0, oldestMs: 0 },
    });
  });

  test('is told by the resource whose locks it holds, each branch', () => {
    const transactions = [listed('n1', 10, 'in-doubt', ['orders', 'stock']), listed('n2', 30, 'in-doubt', ['stock'])];
    expect(Object.fromEntries(doubtByResource(transactions, ['orders', 'stock', 'mail']))).toEqual({
      orders: { count: 1, oldestMs: 10 },
      stock: { count: 2, oldestMs: 30 },
      mail: { count: 0, oldestMs: 0 },
    });
  });

  test('has as many names as there may be, and the rest under one', () => {
    const transactions = Array.from({ length: 500 }, (_, number) =>
      listed(`m${number}`, number, 'in-doubt', [`r${number}`]),
    );
    const byManager = doubtByManager(transactions, 'n1');
    expect(byManager.size).toBe(101);
    expect(byManager.get(others)).toEqual({ count: 401, oldestMs: 499 });
    expect([...doubtByResource(transactions, ['r7']).keys()].sort()).toEqual([others, 'r7']);
  });
});

test('a manager tells what is in doubt, what is open, and how its transactions ended', async () => {
  const bank = await createBank();
  await endow(bank);
  await bank.value(transfer(bank, 30));
  await bank.until(() => bank.manager.list().length === 0);
  const { committed } = bank.manager.status();
  const registry = new Registry();
  addTransactionMetrics(registry, { list: () => [listed('n9', 61_500)], status: () => bank.manager.status() });
  const lines = (await registry.metrics()).split('\n');
  expect(committed).toBeGreaterThan(0);
  expect(lines).toEqual(
    expect.arrayContaining([
      `quorate_in_doubt_transactions{manager="${bank.manager.status().node}"} 0`,
      'quorate_in_doubt_transactions{manager="n9"} 1',
      'quorate_in_doubt_transactions_oldest_seconds{manager="n9"} 61.5',
      'quorate_in_doubt_branches{resource="checking"} 0',
      'quorate_in_doubt_branches{resource="(others)"} 1',
      'quorate_in_doubt_branches_oldest_seconds{resource="(others)"} 61.5',
      'quorate_open_transactions 0',
      `quorate_open_transactions_limit ${bank.manager.status().maxOpen}`,
      'quorate_resource_ready{resource="checking"} 1',
      `quorate_transactions_total{outcome="committed"} ${committed}`,
      'quorate_transactions_total{outcome="aborted"} 0',
    ]),
  );
});
