/** How a node of a replicated key-value store is started, and what it shows while it runs. */

import type { Observable } from 'rxjs';
import type { QuorateError } from '../../../statecharts/actor.ts';
import type { NatsServer } from '../../bus/nats.ts';
import type { ClusterSecret, HostPort, OpenClients, TlsIdentity } from '../../bus/tcp.ts';
import type { Environment } from '../../environment/environment.ts';
import type { Node } from '../../host/node.ts';
import type { RoleChange } from '../../host/role-change.ts';
import type { Journal } from '../../journal/journal.ts';
import type { HttpServerOptions } from '../http/server.ts';
import type { MemberPlaceNotice } from '../member-peers.ts';
import type { NodeNotice } from '../replica-notices.ts';
import type { NodeFaults, RunningNode } from '../start-node.ts';
import type { ComparisonNotice } from '../state-comparison.ts';
import type { Durability } from '../store/log/primary-backup/founding.ts';
import type { LogProtocolName } from '../store/log/protocol-names.ts';
import type { LogTiming } from '../store/log/timing.ts';
import type { ReplicatedStore } from '../store/replicated-store.ts';
import type { Audit } from '../tokens/audit.ts';
import type { Grant } from '../tokens/grants.ts';

/** How to start a node. What acknowledgements are worth can be chosen with `primary-backup` alone, the same on all nodes. */
export interface KeyValueNodeOptions extends Durability {
  readonly id: string;
  /** Nodes of other clusters are refused. Default: what a restored directory says, else `quorate`. */
  readonly cluster?: string;
  /** What all nodes of the cluster share; needed as soon as there are peers. `readSecretFile` reads one. */
  readonly secret?: ClusterSecret;
  /**
   * Secures TCP and HTTP by TLS: nodes show each other certificates that name them (see `createTcpBus`), and HTTP shows the same to
   * clients. Over NATS it is for HTTP alone.
   */
  readonly tls?: TlsIdentity;
  /**
   * What bearers of tokens may do over HTTP and TCP, besides those of all clients: `secret` derives the token of each name. With it,
   * clients need a token, or the secret of clients, unless `openClients` says otherwise.
   */
  readonly tokens?: readonly Grant[];
  /** Told which client has changed what, and which was refused. By default none is. */
  readonly audit?: Audit;
  /** Which clients need no secret, over TCP and HTTP: those on this machine by default. */
  readonly openClients?: OpenClients;
  /** Where the durable data lives; made when it is not there. */
  readonly dataDirectory: string;
  /**
   * By which protocol the log of the store is replicated; the same on all nodes. Default: the one that the data directory
   * was begun with, and `raft` in a new one.
   */
  readonly protocol?: LogProtocolName;
  /** How long nodes wait for each other; the same on all nodes. */
  readonly timing?: LogTiming;
  /** Where to listen for other nodes and clients. */
  readonly listen: HostPort;
  /**
   * Reaches other nodes over this NATS server in place of TCP; `listen`, and the addresses of peers, are then names of places
   * and no more. Clients come over HTTP.
   */
  readonly nats?: NatsServer;
  /** Where to serve HTTP, and under which further names it is reached (`HttpServerOptions`). Left out, none is served. */
  readonly http?: HostPort & Pick<HttpServerOptions, 'hostNames'>;
  /**
   * The other nodes. On a first start they become, with this one, the voters of the cluster; afterwards the log knows who
   * takes part, and where, as soon as a node was replaced. Until then they may have moved.
   */
  readonly peers: Readonly<Record<string, HostPort>>;
  /** Whether a node without data waits to be taken into the cluster of its peers, in place of beginning one. */
  readonly joins?: boolean;
  /** The process, for `GET /status`; left out, that does not say. */
  readonly pid?: number;
  /** Bytes of all keys and values, beyond which only deletes are taken. Default 256 MiB; the same on all nodes. */
  readonly stateBytes?: number;
  /** Keys of agreements that the node keeps, beyond which it takes no new ones. Default 10,000. */
  readonly agreementKeys?: number;
  /** How long an HTTP request may take, in milliseconds. Default 5,000. */
  readonly requestDeadlineMs?: number;
  /** Faults that may be ordered of its links and its disk; by default none may. */
  readonly faults?: NodeFaults;
  /** Told of errors in answering HTTP that are a fault of this program. By default none is. */
  readonly onUnexpected?: (error: unknown) => void;
  readonly environment?: Environment;
}

/** A running node. */
export interface KeyValueNode {
  readonly node: Node;
  readonly store: ReplicatedStore;
  readonly bus: RunningNode['bus'];
  /** Whether the node takes part, and why not. */
  readonly standing: RunningNode['standing'];
  /** By which protocol its log is replicated. */
  readonly protocol: LogProtocolName;
  /** Where HTTP is served, if it is. */
  readonly httpUrl: string | undefined;
  readonly journal: Journal;
  /** Of the actor that keeps the log of the store; the role of the one that takes proposals is `leader`. */
  readonly roleChanges: Observable<RoleChange>;
  /** What its log, and the comparison of its state with those of others, should alarm an operator about. */
  readonly notices: Observable<NodeNotice | ComparisonNotice | MemberPlaceNotice>;
  /** Emits once when the node has stopped for good, and cannot go on. */
  readonly failure: Observable<QuorateError>;
  /**
   * Replaces certificate, key and authority for connections that are made from now on.
   *
   * @throws BusOptionsError, TlsIdentityError when it runs without TLS, or these are unusable or another node's; the former stay
   */
  setTls(identity: TlsIdentity): void;
  /** Replaces what tokens may do, where it was started with some; what is under way by one that changed is cut off. */
  setTokens(tokens: readonly Grant[]): void;
  /** Stops cleanly: lets another node lead if this one does, answers what is under way, flushes, closes. Idempotent. */
  stop(): Promise<void>;
}
