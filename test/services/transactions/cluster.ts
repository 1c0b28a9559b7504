/** Three nodes with transaction managers over the same databases, whose decisions outlive each of them, on virtual time. */

import type { Bus } from '../../../src/bus/bus.ts';
import { createMemoryNetwork, type MemoryNetwork } from '../../../src/bus/memory.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../../src/resources/embedded/store.ts';
import { raft } from '../../../src/services/store/log/raft.ts';
import { startReplicatedStore } from '../../../src/services/store/replicated-store.ts';
import type { Executor } from '../../../src/services/store/requests/requester.ts';
import {
  createDecisionRegister,
  createDecisionRegisterMachine,
  createTransactionManager,
  inRegister,
  paxosCommit,
  type TransactionManager,
  transactionDefinitions,
} from '../../../src/services/transactions.ts';
import { createMachineClock, type MachineClock } from '../../../src/simulator/machine-clock.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { balance, pump } from './bank.ts';

type Owned = { readonly checking: EmbeddedStore; readonly savings: EmbeddedStore };
export interface Member {
  readonly node: Node;
  readonly clock: MachineClock;
  readonly bus: Bus;
  manager: TransactionManager<Owned & { readonly decisions: ReturnType<typeof createDecisionRegister> }> | undefined;
}

/**
 * Three nodes that replicate a register, or are the acceptors of Paxos Commit. The two databases stand apart from all of
 * them, in a journal of their own, so that they outlive each node.
 */
export async function createCluster(place: 'register' | 'acceptors') {
  const time = createVirtualClock();
  const network: MemoryNetwork = createMemoryNetwork({ clock: time });
  const idsOf = (seed: number) => seededIds(seededRandomness(seed).stream('ids'));
  const databases = createMemoryStorage({ node: 'databases', clock: time, ids: idsOf(99), flushDelayMs: 1 }).open();
  const checking = openEmbeddedStore({ journal: databases, clock: time, name: 'checking' });
  const savings = openEmbeddedStore({ journal: databases, clock: time, name: 'savings' });
  const voters = ['n1', 'n2', 'n3'];
  const members = new Map<string, Member>();
  const storages = new Map(
    voters.map((id, at) => [id, createMemoryStorage({ node: id, clock: time, ids: idsOf(at), flushDelayMs: 1 })]),
  );
  let seed = 0;
  const boot = (id: string, acceptors: readonly string[] = voters): void => {
    seed += 1;
    const clock = createMachineClock(time);
    const randomness = seededRandomness(seed);
    const environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
    const decisions = createDecisionRegister({ clock });
    const journal = storages.get(id)?.open();
    const bus = network.join(id);
    if (journal === undefined) throw new Error(`no node ${id}`);
    const node = createNode({
      id,
      bus,
      journal,
      environment,
      resources: { checking, savings, decisions },
      definitions: transactionDefinitions,
      development: true,
    });
    if (place === 'register') {
      const machine = createDecisionRegisterMachine();
      const store: Executor = startReplicatedStore({ node, key: 'txn', machine, log: raft({ voters }), environment });
      decisions.attach(store);
    }
    const member: Member = { node, clock, bus, manager: undefined };
    members.set(id, member);
    createTransactionManager({
      node,
      environment,
      decisions: place === 'register' ? inRegister('decisions') : paxosCommit({ acceptors }),
      // What is awaited is counted in many steps here, each of which costs much more while calls are followed.
      nested: 'unchecked',
    }).then(
      (manager) => {
        member.manager = manager;
      },
      () => undefined,
    );
  };
  const until = async (condition: () => boolean, limitMs = 60_000): Promise<void> => {
    const untilMs = time.nowMs() + limitMs;
    await pump();
    while (!condition()) {
      if (time.nowMs() > untilMs) throw new Error(`did not come true within ${limitMs} virtual ms`);
      if (!time.runNext()) throw new Error('nothing is pending');
      await pump();
    }
  };
  const settled = async <T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> => {
    const all = Promise.allSettled([promise]);
    let result: PromiseSettledResult<T> | undefined;
    void all.then(([it]) => {
      result = it;
    });
    await until(() => result !== undefined);
    if (result === undefined) throw new Error('unreachable');
    return result;
  };
  const value = async <T>(promise: Promise<T>): Promise<T> => {
    const result = await settled(promise);
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  };
  const member = (id: string): Member => {
    const found = members.get(id);
    if (found === undefined) throw new Error(`no node ${id}`);
    return found;
  };
  /** Ends the life of a node as a crash does. */
  const crash = (id: string): void => {
    const { clock, bus } = member(id);
    clock.kill();
    void bus.close();
    storages.get(id)?.crash();
  };
  const manager = (id: string) => {
    const { manager: made } = member(id);
    if (made === undefined) throw new Error(`node ${id} has no manager yet`);
    return made;
  };
  for (const id of voters) boot(id);
  await until(() => voters.every((id) => member(id).manager !== undefined));
  const balances = () => ({ checking: balance(checking.peek('balance')), savings: balance(savings.peek('balance')) });
  const transfer = (id: string, how: { idempotencyKey?: string } = {}) =>
    manager(id).transact(async (work) => {
      await work.checking.put('balance', balance(await work.checking.get('balance')) - 10);
      await work.savings.put('balance', balance(await work.savings.get('balance')) + 10);
    }, how);
  return { time, boot, crash, until, settled, value, member, manager, balances, transfer, checking, savings };
}
