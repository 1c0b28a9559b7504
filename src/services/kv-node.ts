/**
 * A node of a replicated key-value store, put together: journal, TCP, a replicated log, store and HTTP. What `quorate node` runs, and
 * what an application embeds.
 */

import { filter, map, merge, type Observable, ReplaySubject } from 'rxjs';
import { addressOf, type QuorateError } from '../../statecharts/actor.ts';
import { agreementRoom } from '../../statecharts/paxos.ts';
import type { NatsServer } from '../bus/nats.ts';
import { type ClusterSecret, type HostPort, type OpenClients, type TlsIdentity, textOf } from '../bus/tcp.ts';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import { NodeFailedError } from '../host/errors.ts';
import type { Node } from '../host/node.ts';
import type { RoleChange } from '../host/role-change.ts';
import type { Journal } from '../journal/journal.ts';
import { createDecisions } from './agreement/decisions.ts';
import { examineNode } from './examination/examination.ts';
import { type HttpServerOptions, type StoreHttpServer, serveHttp } from './http/server.ts';
import { replacingBoth } from './http/tls.ts';
import { followMembers, type MemberPlaceNotice } from './member-peers.ts';
import { createReplicaNotices, type NodeNotice } from './replica-notices.ts';
import { type NodeFaults, type RunningNode, startNode } from './start-node.ts';
import { type ComparisonNotice, compareStates, type StateComparison } from './state-comparison.ts';
import { createKeyValueMachine } from './store/key-value/machine.ts';
import type { Durability } from './store/log/primary-backup/founding.ts';
import type { LogProtocolName } from './store/log/protocol-names.ts';
import { FoundingMismatchError, logProtocols, replicationOf } from './store/log/protocols.ts';
import { type LogTiming, timingOf } from './store/log/timing.ts';
import { type ReplicatedStore, startReplicatedStore } from './store/replicated-store.ts';
import type { Audit } from './tokens/audit.ts';
import { createGrantBook, type Grant, type GrantBook, GrantsError } from './tokens/grants.ts';
import { createStoreGuard } from './tokens/guard.ts';

export { JournalLostError, JournalRolledBackError } from './lives/standing.ts';
export { MemberPlaceMissingError, MemberRetiredError } from './member-peers.ts';
export { OtherClusterError, type Restoration } from './restoration.ts';
export { FoundingMismatchError, MembersFixedError, OtherModeError, OtherProtocolError } from './store/log/protocols.ts';
export { type LogTiming, LogTimingError } from './store/log/timing.ts';
export type { Audit, AuditEntry } from './tokens/audit.ts';
export { type Grant, GrantsError, grantsIn, type Role } from './tokens/grants.ts';

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

const key = 'kv';

/**
 * Starts a node.
 *
 * @throws GrantsError for tokens without a secret; LogTimingError for times that contradict each other; OtherClusterError for data of another cluster; OtherProtocolError, OtherModeError when the data directory was begun with another protocol or mode; MembersFixedError
 * when the node is to join where members stay the same; MemberPlaceMissingError when nothing says where a member is; MemberRetiredError; the errors of `openFileJournal` (locked, damaged,
 * another node's directory), of `createTcpBus` (port taken, a certificate of another node) and of `serveHttp`
 */
export function startKeyValueNode(
  options: KeyValueNodeOptions & Required<Pick<KeyValueNodeOptions, 'http'>>,
): Promise<KeyValueNode & { readonly httpUrl: string }>;
export function startKeyValueNode(options: KeyValueNodeOptions): Promise<KeyValueNode>;
export async function startKeyValueNode(options: KeyValueNodeOptions): Promise<KeyValueNode> {
  const { id, cluster, secret, dataDirectory, listen, peers, nats, tls } = options;
  const { environment = systemEnvironment(), stateBytes, joins = false, agreementKeys, timing = {}, faults } = options;
  const { electionTimeoutMs } = timingOf(timing);
  const grants = grantsOf(options);
  // What was opened so far, to be closed again should a later step fail.
  const opened: (() => Promise<void>)[] = [];
  try {
    const running = await startNode({
      id,
      ...(cluster === undefined ? {} : { cluster }),
      directory: dataDirectory,
      listen,
      peers,
      openClients: openClientsOf(options),
      tokens: grants.names(),
      ...(secret === undefined ? {} : { secret }),
      ...(nats === undefined ? {} : { nats }),
      ...(tls === undefined || nats !== undefined ? {} : { tls }),
      environment,
      ...(faults === undefined ? {} : { faults }),
      ...(agreementKeys === undefined ? {} : { limits: { node: { rooms: { [agreementRoom.name]: agreementKeys } } } }),
    });
    const { node } = running;
    opened.push(() => running.stop());
    const { protocol, ...durability } = replicationOf(running.journal, key, options);
    const { report, notices } = createReplicaNotices();
    const places = placesOf({ ...peers, [id]: running.bus.address() });
    const store = startReplicatedStore({
      node,
      machine: createKeyValueMachine(environment.randomness.stream('hash')),
      log: logProtocols[protocol].start({
        voters: joins ? [] : [id, ...Object.keys(peers)],
        joins,
        places,
        isFixed: secret === undefined,
        report,
        timing,
        ...durability,
      }),
      key,
      environment,
      // A node that has neither to look at takes what clients ask as it comes.
      ...(options.tokens === undefined && options.audit === undefined
        ? {}
        : { guard: createStoreGuard({ grantOf: grants.of, audit: options.audit, clock: environment.clock }) }),
      ...(stateBytes === undefined ? {} : { limits: { server: { stateBytes } } }),
    });
    const comparison = compareStates({ node, store, key, clock: environment.clock });
    opened.push(async () => comparison.close());
    const members = followMembers({ id, store, bus: running.bus, told: peers });
    const http = await servingHttp(
      options,
      {
        ...{ node, store, protocol, cluster: running.cluster, bus: running.bus },
        ...(running.restoration === undefined ? {} : { restoration: running.restoration }),
        standing: () => running.standing.now,
        comparison: () => comparison.status(),
        examine: () => examineNode({ ...running, directory: dataDirectory, clock: environment.clock }),
      },
      environment,
    );
    const setTls = replacingBoth(nats === undefined ? running.bus : undefined, http);
    const resignationMs = 2 * electionTimeoutMs;
    const setTokens = (tokens: readonly Grant[]): void => {
      if (options.tokens === undefined) return;
      http?.setGrants(tokens);
      const changed = grants.set(tokens);
      running.bus.setTokens(grants.names(), changed);
    };
    const { departures } = members;
    const parts = { running, store, http, departures, protocol, comparison, resignationMs };
    const told = merge(notices, comparison.notices, members.notices);
    return { ...assembled({ ...parts, notices: told }), setTls, setTokens };
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

/** @throws GrantsError */
function grantsOf({ tokens, secret }: KeyValueNodeOptions): GrantBook {
  if (tokens === undefined || secret !== undefined) return createGrantBook(tokens ?? []);
  throw new GrantsError(
    'expected the secret of the cluster, from which tokens are derived, got none; start the node with it',
  );
}

/** Serves HTTP where that is wanted. */
async function servingHttp(
  options: KeyValueNodeOptions,
  parts: Pick<
    HttpServerOptions,
    'node' | 'store' | 'bus' | 'protocol' | 'cluster' | 'restoration' | 'standing' | 'comparison' | 'examine'
  >,
  environment: Environment,
): Promise<StoreHttpServer | undefined> {
  const { http, secret, tls, tokens, audit, pid, requestDeadlineMs, onUnexpected } = options;
  if (http === undefined) return undefined;
  const { node, store } = parts;
  return await serveHttp({
    ...parts,
    decisions: createDecisions(node, () => store.membership.founders, environment.clock),
    environment,
    ...http,
    ...(tls === undefined ? {} : { tls }),
    access: {
      openClients: openClientsOf(options),
      ...(secret === undefined ? {} : { token: secret.client().httpToken() }),
      ...(secret === undefined || tokens === undefined ? {} : { named: { secret, grants: tokens } }),
    },
    ...(audit === undefined ? {} : { audit }),
    ...(pid === undefined ? {} : { pid }),
    ...(requestDeadlineMs === undefined ? {} : { deadlineMs: requestDeadlineMs }),
    ...(onUnexpected === undefined ? {} : { onUnexpected }),
  });
}

/** Where tokens differ in what they open, one that shows none is let in only when that was said. */
const openClientsOf = ({ openClients, tokens }: KeyValueNodeOptions): OpenClients =>
  openClients ?? (tokens === undefined ? 'loopback' : 'none');

/** Where nodes can be told to be reached: not what listens at every address. */
const placesOf = (nodes: Readonly<Record<string, HostPort>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(nodes).flatMap(([node, at]) =>
      at.host === '0.0.0.0' || at.host === '::' ? [] : [[node, textOf(at)] as const],
    ),
  );

const isWhy = (cause: unknown): cause is QuorateError =>
  cause instanceof NodeFailedError || cause instanceof FoundingMismatchError;

interface NodeParts {
  readonly running: RunningNode;
  readonly store: ReplicatedStore;
  readonly http: StoreHttpServer | undefined;
  readonly departures: Observable<QuorateError>;
  readonly protocol: LogProtocolName;
  readonly comparison: StateComparison;
  readonly notices: KeyValueNode['notices'];
  /** How long a clean stop waits for another node to lead: the longest election timeout. */
  readonly resignationMs: number;
}

function assembled(parts: NodeParts): Omit<KeyValueNode, 'setTls' | 'setTokens'> {
  const { running, store, http, departures, protocol, comparison, notices, resignationMs } = parts;
  const { node, bus, journal, standing } = running;
  const { serverName, leadingRole } = logProtocols[protocol];
  const server = addressOf(node.id, serverName, key);
  const nameOf = (role: string | undefined) => (role === leadingRole ? 'leader' : role);
  const failure = new ReplaySubject<QuorateError>(1);
  let stopping: Promise<void> | undefined;
  const stop = (isAble = true): Promise<void> => {
    stopping ??= (async () => {
      comparison.close();
      if (isAble) await store.resign(resignationMs);
      await http?.close();
      store.close();
      await running.stop();
    })();
    return stopping;
  };
  const fail = (error: QuorateError): void => {
    if (stopping !== undefined) return;
    // Nothing that waits can still succeed here: it ends now, so that others can be asked.
    store.close();
    void stop(false);
    failure.next(error);
    failure.complete();
  };
  running.failure.subscribe(fail);
  // A store fails also because its node has failed, or because it was begun otherwise: then that is what there is to tell.
  departures.subscribe(fail);
  store.failure.subscribe((error) => fail(isWhy(error.cause) ? error.cause : error));
  return {
    node,
    store,
    bus,
    journal,
    standing,
    protocol,
    httpUrl: http?.url,
    roleChanges: node.roleChanges.pipe(
      filter(({ actor }) => actor === server),
      map((change) => ({ ...change, role: nameOf(change.role), former: nameOf(change.former) })),
    ),
    notices,
    failure: failure.asObservable(),
    stop: () => stop(),
  };
}
