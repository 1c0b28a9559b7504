/**
 * The manager that `quorate txn` speaks with: the running one, over its bus; or, when none runs, one of its own over the
 * node's journal, for as long as the command takes.
 */

import { createMemoryNetwork } from '../bus/memory.ts';
import { createTcpClient } from '../bus/tcp.ts';
import type { Environment } from '../environment/environment.ts';
import { createNode } from '../host/node.ts';
import { JournalLockedError } from '../journal/errors.ts';
import { openFileJournal } from '../journal/file-journal.ts';
import type { Journal } from '../journal/journal.ts';
import {
  createTransactionClient,
  createTransactionManager,
  type ListedTransaction,
  type ResourceReport,
  TransactionManagerUnreachableError,
  type TransactionOutcome,
  transactionActors,
} from '../services/transactions.ts';
import { FileError } from './errors.ts';
import { textOf } from './options.ts';
import { resourcesOf, type TxnConfig } from './txn-config.ts';

/** A manager, wherever it is. */
export interface AnyManager {
  /** Where the answers come from, for people. */
  readonly where: string;
  list(): Promise<{ readonly transactions: readonly ListedTransaction[]; readonly omitted: number }>;
  outcome(transaction: string): Promise<TransactionOutcome>;
  recover(): Promise<readonly ResourceReport[]>;
  close(): Promise<void>;
}

/** Journals of nodes that listen nowhere need not be asked first for long. */
const askTimeoutMs = 3_000;

/**
 * Finds the manager.
 *
 * @throws TransactionManagerUnreachableError when it runs and does not answer; FileError when the configuration names
 *   neither an address nor a journal; the errors of `openFileJournal`
 */
export async function reachManager(config: TxnConfig, environment: Environment): Promise<AnyManager> {
  const running = await runningManager(config, environment);
  if (running !== undefined) return running;
  const { dataDirectory, node, address } = config;
  if (dataDirectory === undefined) {
    if (address === undefined)
      throw new FileError("expected 'address' or 'dataDirectory' in the configuration, got none");
    throw new TransactionManagerUnreachableError(
      `no transaction manager of node '${node}' answers at ${textOf(address)}; is it running? Name its dataDirectory to look into its journal while it is not`,
    );
  }
  const { clock, ids } = environment;
  let journal: Journal;
  try {
    journal = await openFileJournal({ directory: dataDirectory, node, clock, ids });
  } catch (cause) {
    if (!(cause instanceof JournalLockedError)) throw cause;
    throw new TransactionManagerUnreachableError(
      `node '${node}' runs (its journal is in use), and its transaction manager does not answer${address === undefined ? "; name its 'address'" : ` at ${textOf(address)}`}`,
      { cause },
    );
  }
  return ownManager(config, environment, journal);
}

async function runningManager(config: TxnConfig, environment: Environment): Promise<AnyManager | undefined> {
  const { node, address, cluster } = config;
  if (address === undefined) return undefined;
  const bus = createTcpClient({ addresses: [address], environment, ...(cluster === undefined ? {} : { cluster }) });
  const client = createTransactionClient({ bus, manager: node, environment });
  try {
    await client.list({ timeoutMs: askTimeoutMs });
  } catch (error) {
    client.close();
    await bus.close();
    if (error instanceof TransactionManagerUnreachableError) return undefined;
    throw error;
  }
  return {
    where: `the manager of node '${node}' at ${textOf(address)}`,
    list: () => client.list(),
    outcome: (transaction) => client.outcome(transaction),
    recover: () => client.recover(),
    async close() {
      client.close();
      await bus.close();
    },
  };
}

async function ownManager(config: TxnConfig, environment: Environment, journal: Journal): Promise<AnyManager> {
  const { node: id, last } = config;
  const node = createNode({
    id,
    bus: createMemoryNetwork({ clock: environment.clock }).join(id),
    journal,
    environment,
    resources: resourcesOf(config, environment, journal),
    actors: transactionActors,
  });
  try {
    const manager = await createTransactionManager({ node, environment, ...(last === undefined ? {} : { last }) });
    return {
      where: `the journal of node '${id}', which does not run`,
      list: async () => ({ transactions: manager.list(), omitted: 0 }),
      outcome: (transaction) => manager.outcome(transaction),
      recover: () => manager.recover(),
      async close() {
        manager.close();
        await node.stop();
      },
    };
  } catch (error) {
    await node.stop();
    throw error;
  }
}
