/**
 * The bus over NATS, for those who run it already: `createNatsBus` for nodes, `createNatsClient` for clients. Each two ends
 * speak through channels of their own (`nats/exchange.ts`), in which everything is as over TCP: handshake, frames, limits. It
 * needs `@nats-io/transport-node` beside this package.
 *
 * Who may publish on the NATS server can send to a node whatever he likes. It reaches no actor: members, and clients, vouch
 * for every message (`nats/keys.ts`). He can read what they say, and cost them the work of refusing what he sends; the server's
 * own permissions (`quorate.CLUSTER.>`) and TLS prevent that.
 */

import { BusOptionsError } from './errors.ts';
import { createExchange, type Exchange, type ExchangeOptions } from './nats/exchange.ts';
import { openingKeyOf } from './nats/keys.ts';
import { connectServer, type NatsServer, type Server } from './nats/server.ts';
import { subjectOf } from './nats/subjects.ts';
import { type CommonOptions, commonOf, versionsOf } from './tcp/common.ts';
import type { CoreOptions } from './tcp/core.ts';
import { createEndpoint } from './tcp/endpoint.ts';
import { createPeerMemory, type PeerMemory } from './tcp/handshake/credentials.ts';
import type { Introduction } from './tcp/handshake.ts';
import type { Target } from './tcp/links.ts';
import { checkNodeId } from './tcp/options.ts';
import type { ClientSecret, ClusterSecret } from './tcp/secret/secret.ts';
import type { NetworkBus } from './tcp.ts';

export type { NatsServer, NatsServerOptions } from './nats/server.ts';

interface NatsOptions extends CommonOptions {
  /** How to reach the NATS server. */
  readonly server: NatsServer;
  /** The name of the cluster. Several may share a server. */
  readonly cluster: string;
}

export interface NatsBusOptions extends NatsOptions {
  readonly node: string;
  /** What all nodes of the cluster share, and vouch with for all that they say. */
  readonly secret: ClusterSecret;
  /** The other nodes of the cluster. Sessions are opened with these alone. */
  readonly peers?: readonly string[];
  /** The random id of this node's journal, by which peers notice that it was lost. Only proven peers are told. */
  readonly journalId?: string;
  /** By which journal each peer is known; by default forgotten when the process ends. */
  readonly peerMemory?: PeerMemory;
}

export interface NatsClientOptions extends NatsOptions {
  /** The nodes to connect to. */
  readonly nodes: readonly string[];
  readonly secret: ClientSecret;
}

/** A bus over NATS as a client has it. Its `node` is a random id, to which nodes can answer while it is connected. */
export type NatsClient = NetworkBus;

/** A bus over NATS as a node has it. */
export interface NatsBus extends NatsClient {
  /** The NATS server, `host:port`. */
  readonly server: string;
  /**
   * Replaces the peers. Channels to those that stay are not disturbed.
   *
   * @throws BusOptionsError for an id that is none
   */
  setPeers(peers: readonly string[]): void;
}

/**
 * Makes a node's bus. It resolves when the server hears this node; peers are connected to as they become reachable, which
 * `peers` tells. When the server is lost, it is looked for until it is back.
 *
 * @throws BusOptionsError for options that make no sense; ConnectionError when there is no server
 */
export async function createNatsBus(options: NatsBusOptions): Promise<NatsBus> {
  const { node, cluster, secret, peers = [], journalId, peerMemory: memory = createPeerMemory() } = options;
  checkNodeId(node);
  requireOthers(node, peers);
  const mine: Introduction = { protocol: 'quorate', kind: 'node', node, cluster, versions: versionsOf(options) };
  const keys = { peer: secret.peerKey(), client: secret.client().key() };
  const credentials = () => (journalId === undefined ? {} : { journalId });
  const { bus, notices, links, guests, server, targetOf } = await join(options, {
    mine,
    memory,
    keys,
    credentials,
    ...commonOf(options),
  });
  links.set(peers.map(targetOf));
  return {
    ...bus,
    notices,
    server: server.found,
    setPeers(changed) {
      requireOthers(node, changed);
      links.set(changed.map(targetOf));
      guests.dismiss();
    },
  };
}

/**
 * Makes a client's bus, and begins to connect.
 *
 * @throws BusOptionsError for options that make no sense; ConnectionError when there is no server
 */
export async function createNatsClient(options: NatsClientOptions): Promise<NatsClient> {
  const { nodes, cluster, secret } = options;
  if (nodes.length === 0) throw new BusOptionsError('expected one node or more to connect to, got none');
  for (const node of nodes) checkNodeId(node);
  const common = commonOf(options);
  const node = `client-${common.environment.ids.next()}`;
  const mine: Introduction = { protocol: 'quorate', kind: 'client', node, cluster, versions: versionsOf(options) };
  const identity = { mine, keys: { client: secret.key() }, memory: createPeerMemory(), credentials: () => ({}) };
  const { bus, notices, links, targetOf } = await join(options, { ...common, ...identity });
  links.set(nodes.map(targetOf));
  return { ...bus, notices };
}

/** An end that the server hears, and that dials none yet. */
async function join({ server: wanted, cluster }: NatsOptions, options: CoreOptions) {
  const { mine, keys, environment, timing } = options;
  const parts = createEndpoint(options, 'none', async () => undefined);
  const { core, guests } = parts;
  const subject = subjectOf(cluster, mine.node);
  let server: Server | undefined;
  const { peer, client } = keys;
  const exchange: Exchange = createExchange({
    cluster,
    self: mine.node,
    keys: {
      ...(peer === undefined ? {} : { peer: openingKeyOf(peer) }),
      ...(client === undefined ? {} : { client: openingKeyOf(client) }),
    },
    dialsBy: mine.kind === 'node' ? 'peer' : 'client',
    post: {
      get isUp() {
        return server?.isUp === true;
      },
      get limitBytes() {
        return server?.limitBytes ?? 0;
      },
      publish: (to, bytes, reply) => server?.publish(to, bytes, reply),
    },
    ...acceptedBy(mine.kind, guests.accept),
    notice: (error, node) => core.notice(error, subject, node),
  });
  const connected = await connectServer({
    server: wanted,
    name: `quorate ${cluster} ${mine.node}`,
    subject,
    environment,
    onMessage: exchange.receive,
    onUnanswered: exchange.unanswered,
    onDisconnected: exchange.disconnected,
  });
  server = connected;
  // Not before it can answer.
  await connected.listen();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await parts.bus.close();
    await connected.close(timing.closeTimeoutMs);
  };
  const bus = {
    ...parts.bus,
    close() {
      closing ??= close();
      return closing;
    },
  };
  const targetOf = (node: string): Target => ({
    node,
    remote: `${node} over NATS`,
    connect: () => exchange.connect(node),
  });
  return { ...parts, bus, notices: core.notices, server: connected, targetOf };
}

/** No client is called. */
const acceptedBy = (
  kind: Introduction['kind'],
  accept: NonNullable<ExchangeOptions['accept']>,
): Pick<ExchangeOptions, 'accept'> => (kind === 'node' ? { accept } : {});

function requireOthers(node: string, peers: readonly string[]): void {
  for (const peer of peers) checkNodeId(peer);
  if (peers.includes(node)) {
    throw new BusOptionsError(`expected the other nodes as peers, got ${node} itself; leave it out`);
  }
}
