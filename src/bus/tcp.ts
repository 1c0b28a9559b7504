/**
 * The bus over TCP: `createTcpBus` for nodes, which listen and dial their peers, and `createTcpClient` for clients,
 * which only dial. Frames and handshake are described in `tcp/frames.ts`, `tcp/wire.ts` and `tcp/handshake.ts`.
 */

import type { Server } from 'node:net';
import type { Observable } from 'rxjs';
import type { Bus } from './bus.ts';
import { AddressInUseError, BusOptionsError, ConnectionError, ListenError } from './errors.ts';
import { type CommonOptions, commonOf, versionsOf } from './tcp/common.ts';
import type { BusNotice } from './tcp/core.ts';
import { createEndpoint } from './tcp/endpoint.ts';
import { provenanceOf } from './tcp/guests/remote.ts';
import type { OpenClients } from './tcp/guests.ts';
import { createPeerMemory, type PeerMemory } from './tcp/handshake/credentials.ts';
import type { Introduction, ProofKeys } from './tcp/handshake.ts';
import type { Target } from './tcp/links.ts';
import { checkHostPort, checkNodeId, type HostPort, textOf } from './tcp/options.ts';
import { type ClientSecret, type ClientToken, type ClusterSecret, clientTokenOf } from './tcp/secret/secret.ts';
import {
  checkIdentity,
  checkTrust,
  createListener,
  createTrusting,
  type Dial,
  type TlsIdentity,
  type TlsTrust,
} from './tcp/tls.ts';

export { protocolVersions, type VersionRange } from './tcp/common.ts';
export type { BusNotice } from './tcp/core.ts';
export type { OpenClients } from './tcp/guests.ts';
export { createPeerMemory, type PeerMemory } from './tcp/handshake/credentials.ts';
export { type HostPort, type TcpLimits, type TcpTiming, textOf } from './tcp/options.ts';
export * from './tcp/secret/errors.ts';
export { createSecretFile, openSecretFile, readClientSecretFile, readSecretFile } from './tcp/secret/file.ts';
export {
  type ClientSecret,
  type ClientToken,
  type ClusterSecret,
  clientSecretOf,
  clientTokenOf,
  clusterSecretOf,
  createClusterSecret,
  isHttpToken,
  isTokenName,
  nameOfToken,
} from './tcp/secret/secret.ts';
export { nodeUri } from './tcp/security.ts';
export { checkTrust, contextOf, type TlsIdentity, type TlsTrust, tlsOptionsOf } from './tcp/tls.ts';

export interface TcpBusOptions extends CommonOptions {
  readonly node: string;
  /** Nodes of other clusters are refused. */
  readonly cluster: string;
  /** Where to listen; 127.0.0.1 and a free port by default, so that other machines cannot connect unasked. */
  readonly listen?: Partial<HostPort>;
  /** What all nodes of the cluster share, and prove to each other. Needed as soon as there are peers. */
  readonly secret?: ClusterSecret;
  /**
   * Secures all connections by TLS 1.3. Peers show certificates that name them, which both sides compare with whom they say
   * they are; clients need none. It hides and guards what is said, and the secret is proven all the same. Off by default,
   * and alike on all nodes.
   */
  readonly tls?: TlsIdentity;
  /**
   * Which clients reach services without proving that they hold the secret of clients: those on this machine by default
   * (`loopback`), `all`, or `none`, which is for machines whose other users, or proxies, are not trusted.
   */
  readonly openClients?: OpenClients;
  /**
   * The names of tokens by which clients may come in place of the secret of clients; `secret` derives them. Their bearers reach
   * only services that look at what a token may do. None by default.
   */
  readonly tokens?: readonly string[];
  /**
   * Where the other nodes of the cluster listen. Sessions are opened with these alone, whichever side dials.
   */
  readonly peers?: Readonly<Record<string, HostPort>>;
  /** The random id of this node's journal, by which peers notice that it was lost. Only proven peers are told. */
  readonly journalId?: string;
  /** By which journal each peer is known; by default forgotten when the process ends. */
  readonly peerMemory?: PeerMemory;
}

export interface TcpClientOptions extends CommonOptions {
  /** Where nodes of the cluster listen. Which node answers where is learnt by connecting. */
  readonly addresses: readonly HostPort[];
  /** Refuse nodes of other clusters; by default any cluster will do. */
  readonly cluster?: string;
  /** What client and nodes prove to each other. Needed where the nodes are not on this machine. */
  readonly secret?: ClientSecret;
  /** The token that this client proves in place of a secret. */
  readonly token?: ClientToken;
  /** Secures connections by TLS, with nodes alone that show a certificate of this authority which names them. */
  readonly tls?: TlsTrust;
}

/** A bus over a network, which refuses what it should not take. */
export interface NetworkBus extends Bus {
  /** Frames, connections and handshakes that were refused. */
  readonly notices: Observable<BusNotice>;
}

/** A bus over TCP as a client has it. Its `node` is a random id, to which nodes can answer while it is connected. */
export interface TcpClient extends NetworkBus {
  /**
   * Replaces the authority and its list of revoked certificates for connections that are made from now on; those that are open
   * stay, unless the list is another one: then they are made anew.
   *
   * @throws BusOptionsError when the client was made without TLS
   * @throws TlsIdentityError when these are unusable; the former ones stay
   */
  setTls(trust: TlsTrust): void;
}

/** A bus over TCP as a node has it. */
export interface TcpBus extends NetworkBus {
  /** Where this node listens: the host that was asked for, and the port that it got. */
  address(): HostPort;
  /**
   * Replaces the peers. Connections to those that stay are not disturbed.
   *
   * @throws BusOptionsError for an id or an address that is none, or when there is no secret to prove to peers
   */
  setPeers(peers: Readonly<Record<string, HostPort>>): void;
  /**
   * Replaces the certificate, its key and the authority for connections that are made from now on; those that are open stay,
   * unless the list of revoked certificates is another one: then those with nodes are made anew.
   *
   * @throws BusOptionsError when the bus was made without TLS
   * @throws TlsIdentityError when these are unusable, or another node's; the former ones stay
   */
  setTls(identity: TlsIdentity): void;
  /**
   * Replaces the tokens by which clients may come.
   *
   * @param changed those that may do something else now: sessions that were opened with one of them end
   */
  setTokens(names: readonly string[], changed: ReadonlySet<string>): void;
}

/**
 * Makes a node's bus. It resolves when the node listens; peers are connected to as they become reachable, which
 * `peers` tells.
 *
 * @throws BusOptionsError for options that make no sense
 * @throws TlsIdentityError when the certificate, key and authority are unusable, or another node's
 * @throws AddressInUseError when another process listens there
 * @throws ListenError when it cannot listen there
 */
export async function createTcpBus(options: TcpBusOptions): Promise<TcpBus> {
  const { node, cluster, peers = {}, journalId, secret, openClients = 'loopback' } = options;
  const { peerMemory: memory = createPeerMemory() } = options;
  const listen = { host: '127.0.0.1', port: 0, ...options.listen };
  checkNodeId(node);
  checkHostPort(listen, 0);
  const common = commonOf(options);
  const mine: Introduction = { protocol: 'quorate', kind: 'node', node, cluster, versions: versionsOf(options) };
  let tokens = new Set(options.tokens);
  const keys = secret === undefined ? {} : keysOf(secret, (name) => tokens.has(name));
  const credentials = () => (journalId === undefined ? {} : { journalId });

  if (options.tls !== undefined) checkIdentity(options.tls, cluster, node);
  const trusting = createTrusting(options.tls);
  const targetsIn = (them: Readonly<Record<string, HostPort>>) => targetsOf(node, them, secret, trusting.dial);
  const targets = targetsIn(peers);
  const listener = createListener(
    options.tls,
    common.timing.handshakeTimeoutMs,
    () => core,
    (socket) => guests.accept(trusting.add(socket), provenanceOf(socket)),
  );
  const { server } = listener;
  const { bus, core, links, guests } = createEndpoint(
    { ...common, mine, memory, keys, credentials },
    openClients,
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        listener.abandon();
      }),
  );
  const port = await listenAt(server, listen);
  server.on('error', (cause) =>
    core.notice(new ConnectionError(`could not accept a connection: ${cause.message}`, { cause }), textOf(listen)),
  );
  links.set(targets);
  return {
    ...bus,
    notices: core.notices,
    address: () => ({ host: listen.host, port }),
    setPeers(changed) {
      links.set(targetsIn(changed));
      guests.dismiss();
    },
    setTokens(names, changed) {
      tokens = new Set(names);
      guests.dismissBearers(changed);
    },
    setTls(identity) {
      if (options.tls === undefined) {
        throw new BusOptionsError(`expected node ${node} to run with TLS, got none to replace; start it with tls`);
      }
      checkIdentity(identity, cluster, node);
      listener.setIdentity(identity);
      // What is under way is judged by the former list.
      if (trusting.replace(identity)) listener.abandon();
    },
  };
}

/**
 * Makes a client's bus, and begins to connect.
 *
 * @throws BusOptionsError for options that make no sense
 */
export function createTcpClient(options: TcpClientOptions): TcpClient {
  const { addresses, cluster, secret, token } = options;
  if (addresses.length === 0) {
    throw new BusOptionsError('expected the address of one node or more, got none; say where the cluster listens');
  }
  for (const address of addresses) checkHostPort(address, 1);
  const common = commonOf(options);
  const mine: Introduction = {
    protocol: 'quorate',
    kind: 'client',
    node: `client-${common.environment.ids.next()}`,
    ...(cluster === undefined ? {} : { cluster }),
    ...(token === undefined ? {} : { token: token.name }),
    versions: versionsOf(options),
  };
  if (secret !== undefined && token !== undefined) {
    throw new BusOptionsError(
      'expected the secret of clients or a token, got both; leave out the one that is not meant',
    );
  }
  const keys = {
    ...(secret === undefined ? {} : { client: secret.key() }),
    ...(token === undefined ? {} : { ofToken: () => token.key() }),
  };
  if (options.tls !== undefined) checkTrust(options.tls);
  const trusting = createTrusting(options.tls);
  const identity = { mine, keys, memory: createPeerMemory(), credentials: () => ({}) };
  const { bus, core, links } = createEndpoint({ ...common, ...identity }, 'none', async () => undefined);
  links.set(addresses.map((address) => targetAt(address, trusting.dial)));
  return {
    ...bus,
    notices: core.notices,
    setTls(trust) {
      if (options.tls === undefined) {
        throw new BusOptionsError('expected a client with TLS, got none to replace; make it with tls');
      }
      checkTrust(trust);
      trusting.replace(trust);
    },
  };
}

/** What a node can prove, and have proven to it. */
const keysOf = (secret: ClusterSecret, isListed: (token: string) => boolean): ProofKeys => ({
  peer: secret.peerKey(),
  client: secret.client().key(),
  ofToken: (name) => clientTokenOf(secret.token(name)).key(),
  isListed,
});

const targetAt = (address: HostPort, dial: Dial): Target => ({
  remote: textOf(address),
  connect: () => dial(address),
});

function targetsOf(
  node: string,
  peers: Readonly<Record<string, HostPort>>,
  secret: ClusterSecret | undefined,
  dial: Dial,
): Target[] {
  if (secret === undefined && Object.keys(peers).length > 0) {
    throw new BusOptionsError(
      `expected a secret that node ${node} and its peers share, got none; read it with readSecretFile, or make one with createSecretFile`,
    );
  }
  return Object.entries(peers).map(([peer, address]) => {
    checkNodeId(peer);
    checkHostPort(address, 1);
    if (peer === node) {
      throw new BusOptionsError(`expected the other nodes as peers, got ${node} itself; leave it out`);
    }
    return { node: peer, ...targetAt(address, dial) };
  });
}

/** @returns the port */
function listenAt(server: Server, address: HostPort): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      const taken = 'code' in cause && cause.code === 'EADDRINUSE';
      reject(
        taken
          ? new AddressInUseError(
              `expected ${textOf(address)} to be free, but another process listens there; stop it, or choose another port (0 for any that is free)`,
              { cause },
            )
          : new ListenError(
              `expected to listen on ${textOf(address)}, got: ${cause.message}; choose an address of this machine and a port that this user may open`,
              { cause },
            ),
      );
    };
    server.once('error', fail);
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', fail);
      const bound = server.address();
      resolve(bound !== null && typeof bound === 'object' ? bound.port : address.port);
    });
  });
}
