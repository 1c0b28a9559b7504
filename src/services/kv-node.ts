/**
 * A node of a replicated key-value store, put together: journal, TCP, a replicated log, store and HTTP. What `quorate node` runs, and
 * what an application embeds.
 */

import { merge, type Observable } from 'rxjs';
import { agreementRoom } from '../../statecharts/paxos.ts';
import { type HostPort, textOf } from '../bus/tcp.ts';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import { examineNode } from './examination/examination.ts';
import { replacingBoth } from './http/tls.ts';
import type { KeyValueNode, KeyValueNodeOptions } from './kv-node/contract.ts';
import { roleChangesOf } from './kv-node/role-changes.ts';
import { openClientsOf, servingHttp } from './kv-node/serving.ts';
import { createStopping } from './kv-node/stopping.ts';
import { followMembers } from './member-peers.ts';
import { createReplicaNotices, type NodeNotice } from './replica-notices.ts';
import { type RunningNode, startNode } from './start-node.ts';
import { compareStates } from './state-comparison.ts';
import { createKeyValueMachine } from './store/key-value/machine.ts';
import type { LogProtocolName } from './store/log/protocol-names.ts';
import { logProtocols, replicationOf } from './store/log/protocols.ts';
import { timingOf } from './store/log/timing.ts';
import { type ReplicatedStore, startReplicatedStore } from './store/replicated-store.ts';
import { createGrantBook, type GrantBook, GrantsError } from './tokens/grants.ts';
import { createStoreGuard } from './tokens/guard.ts';

export type { KeyValueNode, KeyValueNodeOptions } from './kv-node/contract.ts';
export { JournalLostError, JournalRolledBackError } from './lives/standing.ts';
export { MemberPlaceMissingError, MemberRetiredError } from './member-peers.ts';
export { OtherClusterError, type Restoration } from './restoration.ts';
export { FoundingMismatchError, MembersFixedError, OtherModeError, OtherProtocolError } from './store/log/protocols.ts';
export { type LogTiming, LogTimingError } from './store/log/timing.ts';
export type { Audit, AuditEntry } from './tokens/audit.ts';
export { type Grant, GrantsError, grantsIn, type Role } from './tokens/grants.ts';

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
  const { id, dataDirectory, peers, nats, environment = systemEnvironment() } = options;
  const { clock } = environment;
  const { electionTimeoutMs } = timingOf(options.timing ?? {});
  const grants = grantsOf(options);
  // What was opened so far, to be closed again should a later step fail.
  const opened: (() => Promise<void>)[] = [];
  try {
    const running = await startOwnNode(options, grants, environment);
    const { node, bus, restoration } = running;
    opened.push(() => running.stop());
    const { store, protocol, notices } = startStore(options, running, grants, environment);
    const comparison = compareStates({ node, store, key, clock });
    opened.push(async () => comparison.close());
    const members = followMembers({ id, store, bus, told: peers });
    const http = await servingHttp(
      options,
      {
        ...{ node, store, protocol, cluster: running.cluster, bus },
        ...(restoration === undefined ? {} : { restoration }),
        standing: () => running.standing.now,
        comparison: () => comparison.status(),
        examine: () => examineNode({ ...running, directory: dataDirectory, clock }),
      },
      environment,
    );
    const { departures } = members;
    return {
      ...{ node, store, bus, protocol, journal: running.journal, standing: running.standing, httpUrl: http?.url },
      roleChanges: roleChangesOf(node, protocol, key),
      notices: merge(notices, comparison.notices, members.notices),
      ...createStopping({ running, store, http, departures, comparison, resignationMs: 2 * electionTimeoutMs }),
      setTls: replacingBoth(nats === undefined ? bus : undefined, http),
      setTokens(tokens) {
        if (options.tokens === undefined) return;
        http?.setGrants(tokens);
        const changed = grants.set(tokens);
        bus.setTokens(grants.names(), changed);
      },
    };
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

/** The node with its journal and its bus, on which nothing runs yet. */
function startOwnNode(options: KeyValueNodeOptions, grants: GrantBook, environment: Environment): Promise<RunningNode> {
  const { id, cluster, secret, dataDirectory, listen, peers, nats, tls, agreementKeys, faults } = options;
  return startNode({
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
}

/** @throws OtherProtocolError, OtherModeError, MembersFixedError */
function startStore(
  options: KeyValueNodeOptions,
  { node, journal, bus }: RunningNode,
  grants: GrantBook,
  environment: Environment,
): { readonly store: ReplicatedStore; readonly protocol: LogProtocolName; readonly notices: Observable<NodeNotice> } {
  const { id, peers, secret, joins = false, timing = {}, stateBytes, tokens, audit } = options;
  const { protocol, ...durability } = replicationOf(journal, key, options);
  const { report, notices } = createReplicaNotices();
  const store = startReplicatedStore({
    node,
    machine: createKeyValueMachine(environment.randomness.stream('hash')),
    log: logProtocols[protocol].start({
      voters: joins ? [] : [id, ...Object.keys(peers)],
      joins,
      places: placesOf({ ...peers, [id]: bus.address() }),
      isFixed: secret === undefined,
      report,
      timing,
      ...durability,
    }),
    key,
    environment,
    // A node that has neither to look at takes what clients ask as it comes.
    ...(tokens === undefined && audit === undefined
      ? {}
      : { guard: createStoreGuard({ grantOf: grants.of, audit, clock: environment.clock }) }),
    ...(stateBytes === undefined ? {} : { limits: { server: { stateBytes } } }),
  });
  return { store, protocol, notices };
}

/** @throws GrantsError */
function grantsOf({ tokens, secret }: KeyValueNodeOptions): GrantBook {
  if (tokens === undefined || secret !== undefined) return createGrantBook(tokens ?? []);
  throw new GrantsError(
    'expected the secret of the cluster, from which tokens are derived, got none; start the node with it',
  );
}

/** Where nodes can be told to be reached: not what listens at every address. */
const placesOf = (nodes: Readonly<Record<string, HostPort>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(nodes).flatMap(([node, at]) =>
      at.host === '0.0.0.0' || at.host === '::' ? [] : [[node, textOf(at)] as const],
    ),
  );
