/**
 * A bank on virtual time: one node with two embedded stores and a transaction manager, which can crash at any moment and
 * come back over the same journal.
 */

import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import type { Environment } from '../../../src/environment/environment.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../../src/resources/embedded/store.ts';
import { ResourceUnreachableError } from '../../../src/resources/errors.ts';
import {
  createTransactionManager,
  type TransactionManager,
  type TransactionManagerOptions,
  type TransactOptions,
} from '../../../src/services/transactions.ts';
import { createMachineClock, type MachineClock } from '../../../src/simulator/machine-clock.ts';
import { createVirtualClock, type VirtualClock } from '../../../src/simulator/virtual-clock.ts';

export type Stores = {
  readonly checking: EmbeddedStore;
  readonly savings: EmbeddedStore;
  /** Only used by transactions over three stores. */
  readonly ledger: EmbeddedStore;
};

/** One life of the node. */
export interface Life {
  readonly node: Node<Stores>;
  readonly stores: Stores;
  readonly clock: MachineClock;
  /** Made by `manage`. */
  manager: TransactionManager<Stores> | undefined;
}

export type ManagerChoices = Partial<Omit<TransactionManagerOptions<Record<never, never>>, 'node' | 'last'>> & {
  readonly last?: keyof Stores;
};

export interface Bank {
  readonly time: VirtualClock;
  readonly life: Life;
  readonly manager: TransactionManager<Stores>;
  /** Ends the present life as a crash does. */
  crash(): void;
  /**
   * Begins a new life; its manager is being made, with other choices than the first one if these are given, and without
   * the store that is withdrawn from transactions.
   */
  boot(changed?: ManagerChoices, withdrawn?: keyof Stores): void;
  /** Stores that cannot be reached for as long as they are in here. */
  readonly outages: Set<keyof Stores>;
  /** Runs time until the manager of this life is made. */
  ready(): Promise<void>;
  /** Runs time until `condition` holds, promises included. */
  until(condition: () => boolean, limitMs?: number): Promise<void>;
  /** Runs time until `promise` is settled. */
  settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>>;
  value<T>(promise: Promise<T>): Promise<T>;
  failure(promise: Promise<unknown>): Promise<unknown>;
  /** Runs the next callback and the promises that follow from it. @returns false when nothing is pending */
  step(): Promise<boolean>;
  balances(): { readonly checking: number; readonly savings: number };
  storage: ReturnType<typeof createMemoryStorage>;
}

export const pump = async (): Promise<void> => {
  // Promises are chained some way; each link takes a turn of the microtask queue.
  for (let link = 0; link < 40; link += 1) await Promise.resolve();
};

export const balance = (value: unknown): number => (typeof value === 'number' ? value : 0);

interface Trouble {
  /** It begins to prepare so many milliseconds after it was asked to. */
  readonly prepareDelayMs: number;
  isDown(): boolean;
}

/** A store in trouble, as if it were behind a network. */
const troubled = (store: EmbeddedStore, { prepareDelayMs, isDown }: Trouble, clock: MachineClock): EmbeddedStore => {
  const refused = { type: 'unknown', reason: 'connection refused' } as const;
  const reached = () => {
    if (isDown()) throw new ResourceUnreachableError('connection refused');
    return store;
  };
  return {
    ...store,
    perform(operation, answer) {
      if (isDown()) clock.enqueue(() => answer({ type: 'unknown', error: refused.reason }));
      else if (operation.operation.type !== 'prepare' || prepareDelayMs === 0) store.perform(operation, answer);
      else clock.setTimeout(() => store.perform(operation, answer), prepareDelayMs);
    },
    begin: async (branch, how) => reached().begin(branch, how),
    setup: async (how) => reached().setup(how),
    prepared: async (manager, how) => reached().prepared(manager, how),
    forget: async (manager, how) => reached().forget(manager, how),
    commit: async (branch, how) => (isDown() ? refused : store.commit(branch, how)),
    rollback: async (branch, how) => (isDown() ? refused : store.rollback(branch, how)),
    outcomeOf: async (branch, how) => (isDown() ? refused : store.outcomeOf(branch, how)),
    writeAbsence: async (branch, how) => (isDown() ? refused : store.writeAbsence(branch, how)),
  };
};

/** A resource of the node, and none that takes part in transactions. */
const withoutTransactions = (store: EmbeddedStore): EmbeddedStore =>
  new Proxy(store, { has: (target, key) => key !== 'begin' && key in target });

export async function createBank(
  choices: ManagerChoices = {},
  flushDelayMs = 1,
  prepareDelaysMs: Partial<Record<keyof Stores, number>> = {},
): Promise<Bank> {
  const time = createVirtualClock();
  const storage = createMemoryStorage({
    node: 'n1',
    clock: time,
    ids: seededIds(seededRandomness(1).stream('journal')),
    flushDelayMs,
  });
  let lives = 0;
  let life: Life;

  const outages = new Set<keyof Stores>();
  const boot = (changed: ManagerChoices = choices, withdrawn?: keyof Stores): void => {
    lives += 1;
    const clock = createMachineClock(time);
    const randomness = seededRandomness(lives);
    const environment: Environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
    const journal = storage.open();
    const open = (name: keyof Stores): EmbeddedStore => {
      const store = troubled(
        openEmbeddedStore({ journal, clock, name }),
        { prepareDelayMs: prepareDelaysMs[name] ?? 0, isDown: () => outages.has(name) },
        clock,
      );
      return name === withdrawn ? withoutTransactions(store) : store;
    };
    const stores = { checking: open('checking'), savings: open('savings'), ledger: open('ledger') };
    const node = createNode({
      id: 'n1',
      bus: createMemoryNetwork({ clock }).join('n1'),
      journal,
      environment,
      resources: stores,
      development: true,
    });
    const born: Life = { node, stores, clock, manager: undefined };
    life = born;
    // Each of many promises costs much more while calls are followed.
    createTransactionManager({ nested: 'unchecked', ...changed, node, environment }).then(
      (manager) => {
        born.manager = manager;
      },
      () => undefined,
    );
  };
  boot();

  const step = async (): Promise<boolean> => {
    const ran = time.runNext();
    await pump();
    return ran;
  };
  const until = async (condition: () => boolean, limitMs = 120_000): Promise<void> => {
    const untilMs = time.nowMs() + limitMs;
    await pump();
    while (!condition()) {
      if (time.nowMs() > untilMs) throw new Error(`did not come true within ${limitMs} virtual ms`);
      if (!(await step())) throw new Error('nothing is pending');
    }
  };
  const settled = async <T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> => {
    let result: PromiseSettledResult<T> | undefined;
    promise.then(
      (value) => {
        result = { status: 'fulfilled', value };
      },
      (reason: unknown) => {
        result = { status: 'rejected', reason };
      },
    );
    await until(() => result !== undefined);
    if (result === undefined) throw new Error('unreachable');
    return result;
  };
  const bank: Bank = {
    time,
    storage,
    get life() {
      return life;
    },
    get manager() {
      if (life.manager === undefined) throw new Error('the manager of this life is not made yet');
      return life.manager;
    },
    crash() {
      life.clock.kill();
      storage.crash();
    },
    boot,
    outages,
    ready: () => until(() => life.manager !== undefined),
    until,
    settled,
    async value(promise) {
      const result = await settled(promise);
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    },
    async failure(promise) {
      const result = await settled(promise);
      if (result.status === 'fulfilled') throw new Error(`expected a failure, got ${JSON.stringify(result.value)}`);
      return result.reason;
    },
    step,
    balances: () => ({
      checking: balance(life.stores.checking.peek('balance')),
      savings: balance(life.stores.savings.peek('balance')),
    }),
  };
  await bank.ready();
  return bank;
}

/** Moves money from one store to the other. */
export function transfer(bank: Bank, amount: number, how?: TransactOptions) {
  return bank.manager.transact(async ({ checking, savings }) => {
    await checking.put('balance', balance(await checking.get('balance')) - amount);
    await savings.put('balance', balance(await savings.get('balance')) + amount);
  }, how);
}

/** Opens the accounts. */
export async function endow(bank: Bank, amount = 100): Promise<void> {
  await bank.value(
    bank.manager.transact(async ({ checking, savings }) => {
      await checking.put('balance', amount);
      await savings.put('balance', amount);
    }),
  );
  await bank.until(() => bank.manager.list().length === 0 && bank.balances().savings === amount);
}
