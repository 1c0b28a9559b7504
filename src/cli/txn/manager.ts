/**
 * The manager that `quorate txn` speaks with: the running one, over its bus; or, when none runs, one of its own over the
 * node's journal, for as long as the command takes.
 */

import { existsSync } from 'node:fs';
import { createTcpClient, readSecretFile, type TlsIdentity, type TlsTrust } from '../../bus/tcp.ts';
import type { Environment } from '../../environment/environment.ts';
import { JournalLockedError } from '../../journal/errors.ts';
import { createTransactionClient, TransactionManagerUnreachableError } from '../../services/transactions.ts';
import { FileError } from '../errors.ts';
import { textOf } from '../options.ts';
import type { TxnConfig } from './config.ts';
import { type AnyManager, ownManager, type Watch } from './own-manager.ts';

/** Journals of nodes that listen nowhere need not be asked first for long. */
const askTimeoutMs = 3_000;

/**
 * Finds the manager.
 *
 * @param watch shows the node, where the command runs it
 * @throws TransactionManagerUnreachableError when it runs and does not answer; FileError when the configuration names
 *   neither an address nor a journal that is there; the errors of `ownManager`
 */
export async function reachManager(config: TxnConfig, environment: Environment, watch: Watch): Promise<AnyManager> {
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
  if (!existsSync(dataDirectory)) {
    throw new FileError(`expected the journal of node '${node}' in '${dataDirectory}', and there is no such directory`);
  }
  try {
    return await ownManager({ ...config, dataDirectory }, environment, watch);
  } catch (cause) {
    if (!(cause instanceof JournalLockedError)) throw cause;
    throw new TransactionManagerUnreachableError(
      `node '${node}' runs (its journal is in use), and its transaction manager does not answer${address === undefined ? "; name its 'address'" : ` at ${textOf(address)}`}`,
      { cause },
    );
  }
}

/** A client shows no certificate. */
const trustIn = ({ ca, crl }: TlsIdentity): TlsTrust => ({ ca, ...(crl === undefined ? {} : { crl }) });

async function runningManager(config: TxnConfig, environment: Environment): Promise<AnyManager | undefined> {
  const { node, address, cluster, secretFile, security } = config;
  if (address === undefined) return undefined;
  const bus = createTcpClient({
    addresses: [address],
    environment,
    ...(security?.secured === undefined ? {} : { tls: trustIn(security.secured.tls) }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(secretFile === undefined ? {} : { secret: readSecretFile(secretFile).client() }),
  });
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
