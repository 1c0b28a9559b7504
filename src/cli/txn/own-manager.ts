/**
 * A manager over the journal of a node that does not run. Where the node's decisions are kept in a register or with
 * acceptors, it takes the node's place among the others, and does nothing before a majority of them is there.
 */

import { createMemoryNetwork } from '../../bus/memory.ts';
import type { Environment } from '../../environment/environment.ts';
import { createNode, type Node } from '../../host/node.ts';
import { openFileJournal } from '../../journal/file-journal.ts';
import { JournalLostError } from '../../services/lives/standing.ts';
import {
  createTransactionManager,
  inRegister,
  type ListedTransaction,
  paxosCommit,
  type ResourceReport,
  type TransactionManager,
  type TransactionOutcome,
  transactionDefinitions,
} from '../../services/transactions.ts';
import { awaitAcceptors } from './acceptors.ts';
import { openBus } from './bus.ts';
import { resourcesOf, type TxnConfig } from './config.ts';
import { type OwnRegister, openRegister, requireRegister } from './register.ts';

/** A manager, wherever it is. */
export interface AnyManager {
  /** Where the answers come from, for people. */
  readonly where: string;
  list(): Promise<{ readonly transactions: readonly ListedTransaction[]; readonly omitted: number }>;
  outcome(transaction: string): Promise<TransactionOutcome>;
  recover(): Promise<readonly ResourceReport[]>;
  close(): Promise<void>;
}

/** Shows the node, before its manager does anything. */
export type Watch = (node: Node) => Promise<void>;

/** A configuration that says where the journal is. */
export type OfflineConfig = TxnConfig & { readonly dataDirectory: string };

/** The register among the node's resources; no resource that takes part in transactions can have this name. */
const registerName = 'decision register';

/**
 * Opens the journal and makes the manager.
 *
 * @param watch what it throws is thrown
 * @throws AcceptorsUnreachableError, RegisterMissingError, RegisterUnreachableError, VotersMismatchError; JournalLostError when the register's nodes
 *   know this one by another journal; the errors of `openFileJournal` and `createTcpBus`
 */
export async function ownManager(config: OfflineConfig, environment: Environment, watch: Watch): Promise<AnyManager> {
  const together = config.register ?? config.acceptors;
  if (together === undefined) return managerOver(config, environment, watch);
  const untilMs = environment.clock.nowMs() + together.timeoutMs;
  try {
    return await managerOver(config, environment, watch, { untilMs, isIntroduced: false });
  } catch (error) {
    if (!(error instanceof JournalLostError)) throw error;
    // The application introduces its nodes by their journals, and so must whoever takes a node's place. Not at first:
    // peers that met a node with a journal refuse it ever after without one, as another application starts it.
    return managerOver(config, environment, watch, { untilMs, isIntroduced: true });
  }
}

interface Joining {
  /** Until when a majority is waited for, by the clock. */
  readonly untilMs: number;
  /** Whether the node is to be introduced by its journal, although it remembers none of its peers. */
  readonly isIntroduced: boolean;
}

async function managerOver(
  config: OfflineConfig,
  environment: Environment,
  watch: Watch,
  joining?: Joining,
): Promise<AnyManager> {
  const { node: id, last, register, acceptors, dataDirectory } = config;
  const { clock, ids } = environment;
  const closers: (() => Promise<void>)[] = [];
  try {
    const journal = await openFileJournal({ directory: dataDirectory, node: id, clock, ids });
    closers.push(() => journal.close());
    const resources = resourcesOf(config, environment, journal);
    const parts = { id, journal, environment };
    if (acceptors !== undefined && joining !== undefined) {
      const own = await openBus(config, acceptors, environment, journal, joining.isIntroduced);
      closers.push(() => own.bus.close());
      const node = createNode({ ...parts, bus: own.bus, resources, definitions: transactionDefinitions });
      closers.push(() => node.stop());
      await watch(node);
      await awaitAcceptors(own, acceptors, environment, joining.untilMs);
      const { nodes, former } = acceptors;
      const decisions = paxosCommit({ acceptors: nodes, former });
      const manager = await createTransactionManager({ node, environment, decisions });
      return served(
        manager,
        closers,
        `the journal of node '${id}', which does not run, and the acceptors ${nodes.join(', ')}`,
      );
    }
    if (register === undefined || joining === undefined) {
      const node = createNode({ ...parts, bus: createMemoryNetwork({ clock }).join(id), resources });
      closers.push(() => node.stop());
      await watch(node);
      const manager = await createTransactionManager({ node, environment, ...(last === undefined ? {} : { last }) });
      return served(manager, closers, `the journal of node '${id}', which does not run`);
    }
    const replication = requireRegister(journal, register);
    const { isIntroduced } = joining;
    const decisions = await openRegister({ ...config, register }, environment, journal, { isIntroduced, replication });
    closers.push(() => decisions.bus.close());
    const node = createNode({
      ...parts,
      bus: decisions.bus,
      resources: { ...resources, [registerName]: decisions.register },
    });
    closers.push(() => node.stop());
    await watch(node);
    await decisions.join(node, joining.untilMs);
    const manager = await createTransactionManager({ node, environment, decisions: inRegister(registerName) });
    const where = `the journal of node '${id}', which does not run, and the decision register of ${decisions.voters.join(', ')}`;
    return served(manager, closers, where, decisions);
  } catch (error) {
    for (const close of closers.reverse()) await close();
    throw error;
  }
}

function served(
  manager: TransactionManager<Record<never, never>>,
  closers: readonly (() => Promise<void>)[],
  where: string,
  decisions?: OwnRegister,
): AnyManager {
  return {
    where,
    async list() {
      const here = manager.list();
      if (decisions === undefined) return { transactions: here, omitted: 0 };
      const known = new Set(here.map(({ transaction }) => transaction));
      const there = (await decisions.open()).filter(({ transaction }) => !known.has(transaction));
      return { transactions: [...here, ...there], omitted: 0 };
    },
    outcome: (transaction) => manager.outcome(transaction),
    recover: () => manager.recover(),
    async close() {
      manager.close();
      for (const close of [...closers].reverse()) await close();
    },
  };
}
