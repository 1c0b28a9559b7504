/**
 * Three nodes over TCP and file journals that replicate a decision register, as an application makes them. Node n1 has two
 * embedded stores and a manager, which can be made to die with a transaction at a given step.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createTcpBus } from '../../src/bus/tcp.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { createNode } from '../../src/host/node.ts';
import { openFileJournal } from '../../src/journal/file-journal.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../src/resources/embedded/store.ts';
import type { Operation } from '../../src/resources/resource.ts';
import type { LogProtocolName } from '../../src/services/store/log/protocol-names.ts';
import { logProtocols } from '../../src/services/store/log/protocols.ts';
import { startReplicatedStore } from '../../src/services/store/replicated-store.ts';
import {
  createDecisionRegister,
  createDecisionRegisterMachine,
  createTransactionManager,
  inRegister,
} from '../../src/services/transactions.ts';
import { freePorts } from '../fixtures/ports.ts';
import { testSecret } from '../fixtures/secret.ts';
import { until } from '../fixtures/until.ts';
import { temporary } from './txn-command.ts';

const environment = systemEnvironment();
const { clock, ids } = environment;
const voters = ['n1', 'n2', 'n3'];

/** How far a transaction gets before n1 dies. */
export type Moment =
  /** All have voted, and the register is not asked to decide. */
  | 'undecided'
  /** The register has decided, and n1 does not hear it. */
  | 'unheard'
  /** `orders` has committed, and `stock` has not. */
  | 'half-finished';

const transactionIn = ({ operation }: Operation): string => {
  if ('transaction' in operation) return String(operation.transaction);
  return 'branch' in operation && typeof operation.branch === 'object' && operation.branch !== null
    ? String(Reflect.get(operation.branch, 'transaction'))
    : '';
};

/**
 * @param isIntroduced whether the buses of the nodes tell the ids of their journals
 * @param protocol in a mode that is not the default: commands must read it off the journal
 */
export async function createRegisterLab(isIntroduced: boolean, protocol: LogProtocolName = 'raft') {
  const mode = protocol === 'primary-backup' ? 'quorum' : undefined;
  const directory = temporary();
  const secretFile = join(directory, 'secret');
  writeFileSync(secretFile, testSecret.text(), { mode: 0o600 });
  const ports = await freePorts(voters.length);
  const addresses = new Map(voters.map((id, at) => [id, { host: '127.0.0.1', port: ports[at] ?? 0 }]));
  const textOf = (id: string): string => `127.0.0.1:${addresses.get(id)?.port}`;
  const running = new Map<string, Awaited<ReturnType<typeof start>>>();
  const moments = new Map<string, Moment>();
  let next: Moment | undefined;
  onTestFinished(async () => {
    await Promise.all([...running.values()].map(({ node }) => node.stop()));
  });

  /** Which moment the transaction of an operation is to stop at; settled when the register is asked to decide it. */
  const momentOf = (asked: Operation): Moment | undefined => {
    const transaction = transactionIn(asked);
    if (asked.operation.type === 'decide-transaction' && next !== undefined && !moments.has(transaction)) {
      moments.set(transaction, next);
      next = undefined;
    }
    return moments.get(transaction);
  };

  const start = async (id: string) => {
    const journal = await openFileJournal({ directory: join(directory, id), node: id, clock, ids });
    const bus = await createTcpBus({
      node: id,
      cluster: 'shop',
      secret: testSecret,
      listen: addresses.get(id) ?? {},
      peers: Object.fromEntries([...addresses].filter(([other]) => other !== id)),
      environment,
      ...(isIntroduced ? { journalId: journal.id } : {}),
    });
    const orders = openEmbeddedStore({ journal, clock, name: 'orders' });
    const stock = openEmbeddedStore({ journal, clock, name: 'stock' });
    const register = createDecisionRegister({ clock });
    const node = createNode({
      id,
      bus,
      journal,
      environment,
      resources: {
        orders,
        stock: {
          ...stock,
          perform(asked, answer) {
            if (asked.operation.type === 'commit' && momentOf(asked) === 'half-finished') return;
            stock.perform(asked, answer);
          },
        } satisfies EmbeddedStore,
        decisions: {
          ...register,
          perform(asked, answer) {
            const moment = asked.operation.type === 'decide-transaction' ? momentOf(asked) : undefined;
            if (moment !== 'undecided') register.perform(asked, moment === 'unheard' ? () => undefined : answer);
          },
        } satisfies typeof register,
      },
    });
    const store = startReplicatedStore({
      node,
      key: 'txn',
      machine: createDecisionRegisterMachine(),
      log: logProtocols[protocol].start({ voters, ...(mode === undefined ? {} : { mode }) }),
      environment,
    });
    register.attach(store);
    const manager = await createTransactionManager({ node, environment, decisions: inRegister('decisions') });
    const member = { node, manager, orders, stock, register, store };
    running.set(id, member);
    return member;
  };
  const member = (id: string) => {
    const found = running.get(id);
    if (found === undefined) throw new Error(`node ${id} does not run`);
    return found;
  };
  const stop = async (id: string): Promise<void> => {
    await member(id).node.stop();
    running.delete(id);
  };
  const decided = (id: string, transaction: string) => member(id).register.read(transaction, 60_000);

  await Promise.all(voters.map(start));
  await until('a leader', () => voters.some((id) => member(id).store.status().role === 'leader'));

  return {
    directory,
    textOf,
    start,
    stop,
    member,
    decided,
    /** What `quorate txn` reads, for node n1, without the address at which a living manager would be asked. */
    config: {
      cluster: 'shop',
      secretFile,
      dataDirectory: join(directory, 'n1'),
      register: { key: 'txn', peers: { n2: textOf('n2'), n3: textOf('n3') }, listen: textOf('n1') },
      resources: { orders: { type: 'embedded' }, stock: { type: 'embedded' } },
    },
    /**
     * Begins a transaction at n1, which writes 1 under `key` to both stores, and leaves it at a moment.
     *
     * @returns its id
     */
    async leaveAt(moment: Moment, key: string): Promise<string> {
      const { manager, orders } = member('n1');
      const before = moments.size;
      next = moment;
      manager
        .transact(async (work) => {
          await work.orders.put(key, 1);
          await work.stock.put(key, 1);
        })
        .catch(() => undefined);
      await until('the votes', () => moments.size > before);
      const transaction = [...moments.keys()].at(-1) ?? '';
      const outcome = moment === 'undecided' ? 'undecided' : 'committed';
      await until('the decision', async () => (await decided('n2', transaction)).outcome === outcome);
      if (moment === 'half-finished') await until('the first branch', () => orders.peek(key) === 1);
      return transaction;
    },
  };
}
