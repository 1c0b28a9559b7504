/**
 * A cluster of stores under virtual time: memory network and journals, links that can be cut, nodes that can crash and
 * come back, and a way to wait for promises while time passes.
 */

import { filter } from 'rxjs';
import type { Bus } from '../../../src/bus/bus.ts';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import type { Environment } from '../../../src/environment/environment.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { createMemoryStorage, type MemoryStorage } from '../../../src/journal/memory.ts';
import { type Client, createStoreClient, type StoreClientOptions } from '../../../src/services/store/client.ts';
import type { KeyValueStore } from '../../../src/services/store/key-value/contract.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import { keyValueStore } from '../../../src/services/store/key-value/store.ts';
import { paxos } from '../../../src/services/store/log/paxos.ts';
import { primaryBackup } from '../../../src/services/store/log/primary-backup.ts';
import type { LogProtocolName } from '../../../src/services/store/log/protocol-names.ts';
import { raft } from '../../../src/services/store/log/raft.ts';
import type { LogStarter } from '../../../src/services/store/log/replicated-log.ts';
import type { LogTiming } from '../../../src/services/store/log/timing.ts';
import {
  type ReplicatedStore,
  type ReplicatedStoreOptions,
  type StoreStatus,
  startReplicatedStore,
} from '../../../src/services/store/replicated-store.ts';
import type { SlicedStateMachine, StateMachine } from '../../../src/services/store/state-machine.ts';
import { createMachineClock } from '../../../src/simulator/machine-clock.ts';
import { createVirtualClock, type VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import type { Limits } from '../../../statecharts/replication/limits.ts';

export interface Member {
  readonly id: string;
  readonly node: Node;
  readonly store: ReplicatedStore;
  readonly keys: KeyValueStore;
  readonly storage: MemoryStorage;
}

export interface ClusterOptions extends Partial<Pick<ReplicatedStoreOptions, 'limits'>> {
  /** How the log is replicated; by Raft by default. */
  readonly protocol?: LogProtocolName;
  /** How that protocol's limits differ from its defaults. */
  readonly logLimits?: Partial<Limits>;
  /** How long nodes wait for each other. */
  readonly timing?: LogTiming;
  /** The log of each node, in place of that protocol's. */
  readonly log?: (nodes: readonly string[], id: string) => LogStarter;
  readonly nodes?: readonly string[];
  readonly seed?: number;
  /** How much faster than true time a node's clock runs; 1 by default. */
  readonly rates?: Readonly<Record<string, number>>;
  readonly flushDelayMs?: number;
  readonly nodeLimits?: { readonly unflushedBytes: number };
  /** The state machine of each node; keys and values by default. */
  readonly machine?: () => StateMachine | SlicedStateMachine;
}

export interface Cluster {
  readonly clock: VirtualClock;
  member(id: string): Member;
  members(): readonly Member[];
  leader(): Member;
  follower(): Member;
  /** Runs time until exactly one living member leads and all know it. */
  elect(): void;
  /** Runs time until `promise` is settled. */
  settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>>;
  /** Runs time until `promise` has a value. */
  value<T>(promise: Promise<T>): Promise<T>;
  /** Runs time until `promise` is rejected. */
  failure(promise: Promise<unknown>): Promise<unknown>;
  /** Runs time until `condition` holds, promises included. */
  until(condition: () => boolean, limitMs?: number): Promise<void>;
  crash(id: string): void;
  restart(id: string): Member;
  /** Cuts all links between `ids` and everybody else, both ways. */
  isolate(...ids: string[]): void;
  /** Drops what `from` sends to `to`. */
  cut(from: string, to: string): void;
  heal(): void;
  client(options?: StoreClientOptions & { readonly reaches?: readonly string[] }): Client;
}

const starters = { raft, paxos, 'primary-backup': primaryBackup } satisfies Record<LogProtocolName, unknown>;

export function createCluster(options: ClusterOptions = {}): Cluster {
  const { nodes = ['n1', 'n2', 'n3'], seed = 1, flushDelayMs = 1, machine = createKeyValueMachine } = options;
  const { protocol = 'raft', logLimits = {}, timing = {} } = options;
  const clock = createVirtualClock();
  const randomness = seededRandomness(seed);
  const environment: Environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
  const network = createMemoryNetwork({ clock });
  const cuts = new Set<string>();
  const living = new Map<string, Member>();
  const storages = new Map<string, MemoryStorage>();
  let clients = 0;

  const lossy = (bus: Bus): Bus => ({
    ...bus,
    send(envelope) {
      const to = envelope.to.slice(0, envelope.to.indexOf('/'));
      if (!cuts.has(`${bus.node}>${to}`)) bus.send(envelope);
    },
  });
  const storageOf = (id: string): MemoryStorage => {
    const storage = storages.get(id) ?? createMemoryStorage({ node: id, clock, ids: environment.ids, flushDelayMs });
    storages.set(id, storage);
    return storage;
  };
  const environmentOf = (id: string): Environment => {
    const rate = options.rates?.[id];
    if (rate === undefined) return environment;
    const drifting = createMachineClock(clock);
    drifting.setRate(rate);
    return { ...environment, clock: drifting };
  };
  const start = (id: string): Member => {
    const own = environmentOf(id);
    const storage = storageOf(id);
    const node = createNode({
      id,
      bus: lossy(network.join(id)),
      journal: storage.open(),
      environment: own,
      development: true,
      ...(options.nodeLimits && { limits: options.nodeLimits }),
    });
    const store = startReplicatedStore({
      node,
      machine: machine(),
      log: options.log?.(nodes, id) ?? starters[protocol]({ voters: nodes, limits: logLimits, timing }),
      environment: own,
      ...(options.limits && { limits: options.limits }),
    });
    const member = { id, node, store, keys: keyValueStore(store, clock), storage };
    living.set(id, member);
    return member;
  };
  for (const id of nodes) start(id);

  const member = (id: string): Member => {
    const found = living.get(id);
    if (found === undefined) throw new Error(`node ${id} is not alive`);
    return found;
  };
  const leaderIn = (among: readonly Member[]): Member | undefined => {
    const leaders = among.filter(({ store }) => store.status().role === 'leader');
    return leaders.length === 1 ? leaders[0] : undefined;
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
  const until = async (condition: () => boolean, limitMs = 60_000): Promise<void> => {
    const untilMs = clock.nowMs() + limitMs;
    for (;;) {
      // Promises are chained a few deep; each link takes a turn of the microtask queue.
      for (let link = 0; link < 8; link += 1) await Promise.resolve();
      if (condition()) return;
      if (clock.nowMs() > untilMs) throw new Error(`did not come true within ${limitMs} virtual ms`);
      if (!clock.runNext()) throw new Error('nothing is pending');
    }
  };

  return {
    clock,
    member,
    members: () => [...living.values()],
    leader() {
      const leader = leaderIn([...living.values()]);
      if (leader === undefined) throw new Error('nobody, or more than one, leads');
      return leader;
    },
    follower() {
      const follower = [...living.values()].find(({ store }) => ['follower', 'backup'].includes(store.status().role));
      if (follower === undefined) throw new Error('nobody follows');
      return follower;
    },
    elect() {
      clock.runUntil(() => {
        const among = [...living.values()].filter(({ id }) => !cuts.has(`${id}>`));
        const leader = leaderIn(among);
        // A replica of primary-backup that is fenced takes no part yet.
        const isSettled = ({ role, leader: known }: StoreStatus): boolean => known === leader?.id && role !== 'fenced';
        return leader !== undefined && among.every(({ store }) => isSettled(store.status()));
      }, 20_000);
    },
    settled,
    until,
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
    crash(id) {
      const { node, storage } = member(id);
      storage.crash();
      living.delete(id);
      void node.stop();
    },
    restart: start,
    isolate(...ids) {
      for (const id of ids) {
        cuts.add(`${id}>`);
        for (const other of network.nodes()) {
          if (ids.includes(other)) continue;
          cuts.add(`${id}>${other}`);
          cuts.add(`${other}>${id}`);
        }
      }
    },
    cut: (from, to) => void cuts.add(`${from}>${to}`),
    heal: () => cuts.clear(),
    client({ reaches = nodes, ...clientOptions } = {}) {
      clients += 1;
      const bus = lossy(network.join(`client-${clients}`, { kind: 'client' }));
      const peers = bus.peers.pipe(filter(({ node }) => reaches.includes(node)));
      return createStoreClient({ ...bus, peers }, { environment, ...clientOptions });
    },
  };
}
