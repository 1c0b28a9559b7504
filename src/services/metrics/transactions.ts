/** What a transaction manager tells Prometheus: what is open, what is in doubt and since when, and how its resources stand. */

import { Counter, Gauge, type Registry } from 'prom-client';
import type { Resources } from '../../host/node.ts';
import type { TransactionManager } from '../transactions/contract.ts';
import type { ListedTransaction } from '../transactions/listing.ts';
import { others } from './labels.ts';

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
    const gauge = (name: string, help: string, value: (doubt: Doubt) => number): void => {
      new Gauge({
        name: `quorate_${name}`,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset();
          for (const [of, doubt] of read()) this.set({ [label]: of }, value(doubt));
        },
      });
    };
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
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `quorate_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge('open_transactions', 'Transactions that are not over', () => manager.status().open);
  gauge('open_transactions_limit', 'How many of them there may be', () => manager.status().maxOpen);
  new Gauge({
    name: 'quorate_resource_ready',
    help: '1 for each resource that the last pass of recovery could examine',
    labelNames: ['resource'],
    registers,
    collect() {
      this.reset();
      for (const { resource, state } of manager.status().resources) {
        this.set({ resource }, state === 'ready' ? 1 : 0);
      }
    },
  });
  new Counter({
    name: 'quorate_transactions_total',
    help: 'Transactions that this life of the manager has ended, by their outcome',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      const { committed, aborted } = manager.status();
      this.inc({ outcome: 'committed' }, committed);
      this.inc({ outcome: 'aborted' }, aborted);
    },
  });
}
