/** A node with a store and its HTTP interface for tests: memory bus and journal, real time, real HTTP on loopback. */

import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { createMemoryStorage, type MemoryStorage } from '../../../src/journal/memory.ts';
import { type HttpServerOptions, type StoreHttpServer, serveHttp } from '../../../src/services/http/server.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import { paxos } from '../../../src/services/store/log/paxos.ts';
import { primaryBackup } from '../../../src/services/store/log/primary-backup.ts';
import type { LogProtocolName } from '../../../src/services/store/log/protocol-names.ts';
import { raft } from '../../../src/services/store/log/raft.ts';
import type { LogStarter } from '../../../src/services/store/log/replicated-log.ts';
import {
  type ReplicatedStore,
  type StoreLimits,
  startReplicatedStore,
} from '../../../src/services/store/replicated-store.ts';
import { between } from '../../../statecharts/actor.ts';
import { until } from '../../fixtures/until.ts';

export interface HttpNode {
  readonly url: string;
  readonly http: StoreHttpServer;
  readonly node: Node;
  readonly store: ReplicatedStore;
  readonly storage: MemoryStorage;
  readonly unexpected: readonly unknown[];
  stop(): Promise<void>;
}

export interface HttpNodeOptions {
  /** The nodes that vote; the others are not there. */
  readonly voters?: readonly string[];
  /** How the store is replicated; by Raft by default. */
  readonly protocol?: LogProtocolName;
  readonly deadlineMs?: number;
  readonly limits?: StoreLimits;
  readonly http?: Pick<HttpServerOptions, 'access' | 'audit' | 'hostNames' | 'limits' | 'tls'>;
  /** Puts another store before the real one. */
  readonly wrap?: (store: ReplicatedStore) => ReplicatedStore;
}

/** Logs that elect a leader soon. */
const soon: Readonly<Record<LogProtocolName, (voters: readonly string[]) => LogStarter>> = {
  raft: (voters) => raft({ voters, delays: { electionTimeout: between(20, 40) } }),
  paxos: (voters) => paxos({ voters, delays: { electionRound: between(20, 40) } }),
  'primary-backup': (voters) => primaryBackup({ voters }),
};

/** Starts a node; with one voter, waits until it leads. */
export async function startHttpNode(options: HttpNodeOptions = {}): Promise<HttpNode> {
  const {
    protocol = 'raft',
    voters = ['n1'],
    deadlineMs = 30_000,
    limits,
    http: httpOptions = {},
    wrap = (store) => store,
  } = options;
  const environment = systemEnvironment();
  const { clock, ids } = environment;
  const storage = createMemoryStorage({ node: 'n1', clock, ids });
  const bus = createMemoryNetwork({ clock }).join('n1');
  const node = createNode({ id: 'n1', bus, journal: storage.open(), environment, development: true });
  const store = startReplicatedStore({
    node,
    machine: createKeyValueMachine(),
    log: soon[protocol](voters),
    environment,
    ...(limits === undefined ? {} : { limits }),
  });
  const unexpected: unknown[] = [];
  const http = await serveHttp({
    node,
    bus,
    store: wrap(store),
    environment,
    ...httpOptions,
    pid: process.pid,
    protocol,
    deadlineMs,
    onUnexpected: (error) => unexpected.push(error),
  });
  if (voters.length === 1) await until('the only node to lead', () => store.status().role === 'leader');
  return {
    url: http.url,
    http,
    node,
    store,
    storage,
    unexpected,
    async stop() {
      await http.close();
      await node.stop();
    },
  };
}
