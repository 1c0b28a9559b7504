/**
 * The ways to commit across two databases that the benchmark compares: a loop written by hand, also with named
 * statements, and the transaction manager with and without what makes it faster. All run the same two updates, at both databases at the same time, and
 * answer when the decision is durable.
 */

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { createMemoryNetwork } from '../src/bus/memory.ts';
import { pause } from '../src/environment/clock.ts';
import { systemEnvironment } from '../src/environment/environment.ts';
import { createNode } from '../src/host/node.ts';
import { openFileJournal } from '../src/journal/file-journal.ts';
import { openEmbeddedStore } from '../src/resources/embedded/store.ts';
import { postgres } from '../src/resources/postgres.ts';
import {
  createTransactionManager,
  TransactionAbortedError,
  transactionDefinitions,
} from '../src/services/transactions.ts';

/** One way to commit. */
export interface Form {
  readonly name: string;
  /**
   * Moves something from an account of the first database to one of the second. A worker asks for the next transfer when
   * this resolves.
   *
   * @returns when the caller knew that it was committed, in milliseconds of the clock; undefined when it was aborted
   */
  transfer(worker: number, account: number): Promise<number | undefined>;
  /** Waits until the second phase of every transaction is over. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface Places {
  /** URLs of the two databases. */
  readonly urls: readonly [string, string];
  /** Where journals and logs go; the same disk as the databases'. */
  readonly directory: string;
  readonly maxInFlight: number;
}

/** At each database. */
export const accounts = 20_000;

const environment = systemEnvironment();
const { clock } = environment;
const update = 'update account set amount = amount + $2 where id = $1';
/** When a transaction was known to have committed. Aborts are counted; whatever else goes wrong ends the benchmark. */
async function committedMs(transaction: Promise<unknown>): Promise<number | undefined> {
  try {
    await transaction;
    return clock.nowMs();
  } catch (error) {
    if (error instanceof TransactionAbortedError) return undefined;
    throw error;
  }
}

/** Waits until the manager's list is empty; asked seldom, since it looks at every actor. */
async function emptied(manager: { list(): readonly unknown[] }): Promise<void> {
  while (manager.list().length > 0) await pause(clock, 5);
}
const idleTimeoutMs = 3_600_000;

/** A file to which lines are appended; all that come while it is synced share the next sync. */
async function openDecisionLog(path: string) {
  const file = await open(path, 'a');
  let lines: string[] = [];
  let next: Promise<void> | undefined;
  let current: Promise<void> = Promise.resolve();
  return {
    append(line: string): Promise<void> {
      lines.push(line);
      next ??= current.then(async () => {
        const text = lines.join('');
        lines = [];
        next = undefined;
        current = file.write(text).then(() => file.datasync());
        await current;
      });
      return next;
    },
    close: () => file.close(),
  };
}

/**
 * BEGIN, UPDATE, PREPARE, a decision whose sync is shared, COMMIT PREPARED: one pair of connections for each worker, one
 * statement after the other on each, both databases at the same time. It has no timeouts, and no recovery.
 *
 * @param how with `named` its UPDATE is a named statement, which the servers parse once for each connection
 */
export async function handWritten(
  { urls, directory, maxInFlight }: Places,
  how: 'plain' | 'named' = 'plain',
): Promise<Form> {
  const log = await openDecisionLog(join(directory, `decisions-${how}`));
  const pairs = await Promise.all(
    Array.from({ length: maxInFlight }, () =>
      Promise.all(
        urls.map(async (connectionString) => {
          const client = new pg.Client({ connectionString });
          await client.connect();
          return client;
        }),
      ),
    ),
  );
  let count = 0;
  return {
    name: how === 'named' ? 'by hand, named' : 'by hand',
    async transfer(worker, account) {
      const pair = pairs[worker] ?? [];
      count += 1;
      const id = `${how}-${count}`;
      await Promise.all(
        pair.map(async (client, index) => {
          await client.query('begin');
          const values = [account, index === 0 ? -1 : 1];
          await client.query(how === 'named' ? { name: 'update', text: update, values } : { text: update, values });
          const { command } = await client.query(`prepare transaction '${id}'`);
          if (command !== 'PREPARE') throw new Error(`expected PREPARE, got ${command}`);
        }),
      );
      await log.append(`${id} committed\n`);
      const knownMs = clock.nowMs();
      await Promise.all(pair.map((client) => client.query(`commit prepared '${id}'`)));
      return knownMs;
    },
    settled: async () => undefined,
    async close() {
      await Promise.all(pairs.flat().map((client) => client.end()));
      await log.close();
    },
  };
}

/** How the manager is used; `unchecked`: without looking for transactions within others. */
export type Use = 'manager' | 'manager, unchecked' | 'lastQuery' | 'last resource' | 'last resource, lastQuery';

/** All forms; the first two are what the others are compared with. */
export const formNames = [
  'by hand',
  'manager',
  'by hand, named',
  'manager, unchecked',
  'lastQuery',
  'last resource',
  'last resource, lastQuery',
  'embedded stores',
] as const;
export type FormName = (typeof formNames)[number];

/** Makes ready what a form needs. */
export function openForm(name: FormName, places: Places): Promise<Form> {
  switch (name) {
    case 'by hand':
      return handWritten(places);
    case 'by hand, named':
      return handWritten(places, 'named');
    case 'embedded stores':
      return embedded(places);
    default:
      return managed(name, places);
  }
}

/** The manager over the two databases, with its journal on disk. */
export async function managed(use: Use, { urls, directory, maxInFlight }: Places): Promise<Form> {
  const node = use.replaceAll(/[^A-Za-z]+/g, '-').slice(0, 24);
  const isLast = use.startsWith('last resource');
  const preparesTogether = use.endsWith('lastQuery');
  const journal = await openFileJournal({ directory: join(directory, node), node, ...environment });
  const resourceOf = (url: string, name: string) => postgres(url, { name, maxSessions: maxInFlight, idleTimeoutMs });
  const host = createNode({
    id: node,
    bus: createMemoryNetwork({ clock }).join(node),
    journal,
    environment,
    resources: { north: resourceOf(urls[0], 'north'), south: resourceOf(urls[1], 'south') },
    definitions: transactionDefinitions,
  });
  const manager = await createTransactionManager({
    node: host,
    environment,
    ...(isLast ? { last: 'south' as const } : {}),
    nested: use.endsWith('unchecked') ? 'unchecked' : 'refused',
  });
  return {
    name: use,
    transfer: (_worker, account) =>
      committedMs(
        manager.transact(async ({ north, south }) => {
          if (!preparesTogether) {
            await Promise.all([north.query(update, [account, -1]), south.query(update, [account, 1])]);
            return;
          }
          await Promise.all([north.lastQuery(update, [account, -1]), south.lastQuery(update, [account, 1])]);
        }),
      ),
    settled: () => emptied(manager),
    async close() {
      manager.close();
      await host.stop();
    },
  };
}

/** The manager over two embedded stores in the journal of their node. */
export async function embedded({ directory }: Places): Promise<Form> {
  const node = 'bench-embedded';
  const journal = await openFileJournal({ directory: join(directory, node), node, ...environment });
  const north = openEmbeddedStore({ journal, clock, name: 'north' });
  const south = openEmbeddedStore({ journal, clock, name: 'south' });
  const host = createNode({
    id: node,
    bus: createMemoryNetwork({ clock }).join(node),
    journal,
    environment,
    resources: { north, south },
    definitions: transactionDefinitions,
  });
  const manager = await createTransactionManager({ node: host, environment });
  const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
  return {
    name: 'embedded stores',
    transfer(_worker, account) {
      const key = `account-${account}`;
      return committedMs(
        manager.transact(async (work) => {
          const add = async (store: typeof work.north, amount: number): Promise<void> =>
            store.put(key, numberOf(await store.get(key)) + amount);
          await Promise.all([add(work.north, -1), add(work.south, 1)]);
        }),
      );
    },
    settled: () => emptied(manager),
    async close() {
      manager.close();
      await host.stop();
    },
  };
}
