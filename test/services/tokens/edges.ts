/** A node whose store is asked over HTTP and over TCP, by bearers of tokens, in the words of one list of requests. */

import { filter, firstValueFrom } from 'rxjs';
import { onTestFinished } from 'vitest';
import {
  createClusterSecret,
  createTcpBus,
  createTcpClient,
  type OpenClients,
  type TcpClient,
  type TcpClientOptions,
} from '../../../src/bus/tcp.ts';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { createNode } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import { serveHttp } from '../../../src/services/http/server.ts';
import type { Client } from '../../../src/services/store/client.ts';
import { ForbiddenError, NotHappenedError, UnavailableError } from '../../../src/services/store/errors.ts';
import type { TransactionOperation } from '../../../src/services/store/key-value/commands.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import { raft } from '../../../src/services/store/log/raft.ts';
import { startReplicatedStore } from '../../../src/services/store/replicated-store.ts';
import { type ConnectOptions, connect } from '../../../src/services/store/tcp-client.ts';
import type { AuditEntry } from '../../../src/services/tokens/audit.ts';
import { createGrantBook, type Grant } from '../../../src/services/tokens/grants.ts';
import { createStoreGuard } from '../../../src/services/tokens/guard.ts';
import { between } from '../../../statecharts/actor.ts';
import { until } from '../../fixtures/until.ts';

export const secret = createClusterSecret();

/** A request, in words that both edges have. */
export type Asking =
  | { readonly type: 'get' | 'history' | 'delete'; readonly key: string }
  | { readonly type: 'put'; readonly key: string; readonly lease?: number }
  | {
      readonly type: 'range' | 'watch';
      readonly key?: string;
      readonly prefix?: string;
      readonly from?: string;
      readonly to?: string;
    }
  | {
      readonly type: 'transaction';
      readonly compared?: string;
      readonly success: readonly TransactionOperation[];
      readonly failure?: readonly TransactionOperation[];
    }
  | {
      readonly type:
        | 'grant'
        | 'namespaces'
        | 'members'
        | 'set-namespace'
        | 'end-namespace'
        | 'remove-member'
        | 'hand-over';
    }
  | { readonly type: 'lease' | 'keep' | 'revoke'; readonly lease: number };

/** A way to ask a store. */
export interface Edge {
  readonly name: string;
  /** Whether the token may. What comes of it is another matter. */
  may(token: string, asking: Asking): Promise<boolean>;
}

/** A machine with other work may take long for anything. */
export const patient = { deadlineMs: 60_000 };

export const value = new TextEncoder().encode('v');

/** Starts a node of one voter, with both edges. */
export async function startEdges(grants: readonly Grant[], openClients: OpenClients = 'none') {
  const environment = systemEnvironment();
  const { clock, ids } = environment;
  const entries: AuditEntry[] = [];
  const audit = (entry: AuditEntry): void => void entries.push(entry);
  const book = createGrantBook(grants);
  const bus = await createTcpBus({
    node: 'n1',
    cluster: 'test',
    secret,
    environment,
    openClients,
    tokens: book.names(),
  });
  const journal = createMemoryStorage({ node: 'n1', clock, ids }).open();
  const node = createNode({ id: 'n1', bus, journal, environment, development: true });
  const log = raft({ voters: ['n1'], delays: { electionTimeout: between(20, 40) } });
  const guard = createStoreGuard({ grantOf: book.of, audit, clock });
  const store = startReplicatedStore({ node, machine: createKeyValueMachine(), log, environment, guard });
  const access = { openClients, token: secret.client().httpToken(), named: { secret, grants } };
  const http = await serveHttp({ node, bus, store, environment, access, ...patient });
  onTestFinished(async () => {
    await http.close();
    await node.stop();
  });
  await until('the only node to lead', () => store.status().role === 'leader');
  const { host, port } = bus.address();
  const address = `${host}:${port}`;
  const join = async (options: ConnectOptions): Promise<Client> => {
    const client = await connect([address], { cluster: 'test', connectMs: 60_000, ...options });
    onTestFinished(() => client.close());
    return client;
  };
  /** A client's end of the bus, once it is open. @throws Error with the code of a refusal, and its reason */
  const joinBus = async (options: Omit<TcpClientOptions, 'addresses'>): Promise<TcpClient> => {
    const joined = createTcpClient({ cluster: 'test', ...options, addresses: [{ host, port }] });
    onTestFinished(() => joined.close());
    const { status, refusal, reason } = await firstValueFrom(
      joined.peers.pipe(filter((peer) => peer.status !== 'disconnected')),
    );
    if (status === 'refused') throw new Error(`${refusal?.code}: ${reason}`);
    return joined;
  };
  const clients = new Map<string, Client>();
  const clientOf = async (name: string): Promise<Client> => {
    const client = clients.get(name) ?? (await join({ token: secret.token(name) }));
    clients.set(name, client);
    return client;
  };
  return {
    ...{ node, store, entries, address, join, joinBus, clientOf, http },
    admin: () => join({ secret: secret.client() }),
    setGrants(next: readonly Grant[]): void {
      http.setGrants(next);
      const changed = book.set(next);
      bus.setTokens(book.names(), changed);
    },
    edges: [
      { name: 'HTTP', may: (token, asking) => mayOverHttp(http.url, token, asking) },
      { name: 'TCP', may: async (token, asking) => mayOverTcp(await clientOf(token), asking) },
    ] satisfies Edge[],
  };
}

async function mayOverHttp(url: string, token: string, asking: Asking): Promise<boolean> {
  const [method, path, body] = requestOf(asking);
  const gone = new AbortController();
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${secret.token(token)}` },
    signal: gone.signal,
    ...(body === undefined ? {} : { body }),
  });
  if (asking.type === 'watch') gone.abort();
  else await response.arrayBuffer();
  if (response.status === 401) throw new Error(`the token of ${token} is not known`);
  return response.status !== 403;
}

function requestOf(asking: Asking): readonly [method: string, path: string, body?: string] {
  switch (asking.type) {
    case 'get':
      return ['GET', `/kv/${asking.key}`];
    case 'history':
      return ['GET', `/history/${asking.key}`];
    case 'delete':
      return ['DELETE', `/kv/${asking.key}`];
    case 'put':
      return ['PUT', `/kv/${asking.key}${asking.lease === undefined ? '' : `?lease=${asking.lease}`}`, 'v'];
    case 'range':
    case 'watch': {
      const { type, ...selection } = asking;
      return ['GET', `/${type === 'range' ? 'kv' : 'watch'}?${new URLSearchParams(selection)}`];
    }
    case 'transaction': {
      const told = (operation: TransactionOperation) =>
        operation.type === 'put' ? { put: operation.key, value: 'v' } : { [operation.type]: operation.key };
      const { compared, success, failure = [] } = asking;
      const compare = compared === undefined ? [] : [{ key: compared, exists: true }];
      return [
        'POST',
        '/transactions',
        JSON.stringify({ compare, success: success.map(told), failure: failure.map(told) }),
      ];
    }
    case 'grant':
      return ['POST', '/leases', '{"ttlMs":600000}'];
    case 'lease':
      return ['GET', `/leases/${asking.lease}`];
    case 'keep':
      return ['POST', `/leases/${asking.lease}/keep`];
    case 'revoke':
      return ['DELETE', `/leases/${asking.lease}`];
    case 'namespaces':
      return ['GET', '/namespaces'];
    case 'set-namespace':
      return ['PUT', '/namespaces/team', '{}'];
    case 'end-namespace':
      return ['DELETE', '/namespaces/team'];
    case 'members':
      return ['GET', '/members'];
    case 'remove-member':
      return ['POST', '/members/remove', '{"id":"n9"}'];
    case 'hand-over':
      return ['POST', '/members/leader', '{}'];
  }
}

async function mayOverTcp(client: Client, asking: Asking): Promise<boolean> {
  try {
    await asked(client, asking);
  } catch (error) {
    if (error instanceof ForbiddenError) return false;
    if (!(error instanceof NotHappenedError) || error instanceof UnavailableError) throw error;
  }
  return true;
}

async function asked(client: Client, asking: Asking): Promise<unknown> {
  switch (asking.type) {
    case 'get':
      return client.get(asking.key, patient);
    case 'history':
      return client.history(asking.key, patient);
    case 'delete':
      return client.delete(asking.key, patient);
    case 'put':
      return client.put(asking.key, value, asking.lease === undefined ? patient : { ...patient, lease: asking.lease });
    case 'range':
    case 'watch': {
      const { type, key, ...range } = asking;
      const selection = key === undefined ? range : { key };
      if (type === 'range') return client.range(selection, patient);
      const updates = client.updates(selection, { after: 0 })[Symbol.asyncIterator]();
      const first = await updates.next();
      await updates.return?.();
      return first;
    }
    case 'transaction': {
      const { compared, success, failure = [] } = asking;
      const compare = compared === undefined ? [] : [{ key: compared, condition: { type: 'present' } as const }];
      return client.transaction({ compare, success, failure }, patient);
    }
    case 'grant':
      return client.grantLease(600_000, patient);
    case 'lease':
      return client.lease(asking.lease, patient);
    case 'keep':
      return client.keepLease(asking.lease, patient);
    case 'revoke':
      return client.revokeLease(asking.lease, patient);
    case 'namespaces':
      return client.namespaces(patient);
    case 'set-namespace':
      return client.setNamespace('team', {}, patient);
    case 'end-namespace':
      return client.endNamespace('team', patient);
    case 'members':
      return client.members(patient);
    case 'remove-member':
      return client.changeMember({ kind: 'remove', node: 'n9' }, patient);
    case 'hand-over':
      return client.handOver(undefined, patient);
  }
}
