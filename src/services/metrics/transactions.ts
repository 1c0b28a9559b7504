/** What a transaction manager tells Prometheus: what is open, what is in doubt and since when, and how its resources stand. */

import type { Registry } from 'prom-client';
import type { Resources } from '../../host/node.ts';
import type { TransactionManager } from '../transactions/contract.ts';
import type { ListedTransaction } from '../transactions/listing.ts';
import { others } from './labels.ts';
import { addCounters, addGauge, addGauges } from './read.ts';

/** Managers that have labels of their own, at most; those beyond are added up. */
const managersShown = 100;

/** What is in doubt under one name. */
export interface Doubt {
  readonly count: number;
  /** Age of the oldest. */
  readonly oldestMs: number;
}

const noDoubt: Doubt = { count: 0, oldestMs: 0 };

/** Transactions in doubt, by the node that began them. */
export function doubtByManager(transactions: readonly ListedTransaction[], own: string): ReadonlyMap<string, Doubt> {
  const doubts = new Map([[own, noDoubt]]);
  for (const { manager, state, ageMs } of transactions) {
    if (state !== 'in-doubt') continue;
    add(doubts, doubts.has(manager) || doubts.size < managersShown ? manager : others, ageMs);
  }
  return doubts;
}

/** Branches of transactions in doubt, by their resource: each holds locks there. */
export function doubtByResource(
  transactions: readonly ListedTransaction[],
  resources: readonly string[],
): ReadonlyMap<string, Doubt> {
  const doubts = new Map(resources.map((resource) => [resource, noDoubt]));
  for (const { branches, state, ageMs } of transactions) {
    if (state !== 'in-doubt') continue;
    for (const { resource } of branches) add(doubts, resources.includes(resource) ? resource : others, ageMs);
  }
  return doubts;
}

function add(doubts: Map<string, Doubt>, name: string, ageMs: number): void {
  const { count, oldestMs } = doubts.get(name) ?? noDoubt;
  doubts.set(name, { count: count + 1, oldestMs: Math.max(oldestMs, ageMs) });
}

/**
 * Adds what a manager tells to a registry of prom-client's. It is read when metrics are asked for; between that, it costs
 * nothing.
 *
 * @example
 * addTransactionMetrics(register, await createTransactionManager({ node }));
 */
export function addTransactionMetrics<Owned extends Resources>(
  registry: Registry,
  manager: Pick<TransactionManager<Owned>, 'list' | 'status'>,
): void {
  const registers = [registry];
  const addDoubt = (label: 'manager' | 'resource', noun: string, read: () => ReadonlyMap<string, Doubt>): void => {
    const gauge = (name: string, help: string, value: (doubt: Doubt) => number): void =>
      addGauges(registers, `quorate_${name}`, help, label, () =>
        [...read()].map(([of, doubt]) => [of, value(doubt)] as const),
      );
    gauge(`in_doubt_${noun}`, `How many ${noun} are in doubt, by the ${label}`, ({ count }) => count);
    gauge(
      `in_doubt_${noun}_oldest_seconds`,
      `For how long the oldest of them is known here, by the ${label}`,
      ({ oldestMs }) => oldestMs / 1_000,
    );
  };
  addDoubt('manager', 'transactions', () => doubtByManager(manager.list(), manager.status().node));
  addDoubt('resource', 'branches', () =>
    doubtByResource(
      manager.list(),
      manager.status().resources.map(({ resource }) => resource),
    ),
  );
  addStatus(registers, manager);
}

function addStatus<Owned extends Resources>(
  registers: Registry[],
  manager: Pick<TransactionManager<Owned>, 'status'>,
): void {
  const limitHelp = 'How many of them there may be';
  addGauge(registers, 'quorate_open_transactions', 'Transactions that are not over', () => manager.status().open);
  addGauge(registers, 'quorate_open_transactions_limit', limitHelp, () => manager.status().maxOpen);
  const readyHelp = '1 for each resource that the last pass of recovery could examine';
  addGauges(registers, 'quorate_resource_ready', readyHelp, 'resource', () =>
    manager.status().resources.map(({ resource, state }) => [resource, state === 'ready' ? 1 : 0] as const),
  );
  const endedHelp = 'Transactions that this life of the manager has ended, by their outcome';
  addCounters(registers, 'quorate_transactions_total', endedHelp, 'outcome', () => {
    const { committed, aborted } = manager.status();
    return Object.entries({ committed, aborted });
  });
}
