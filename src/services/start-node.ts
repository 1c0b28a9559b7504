/**
 * A node, assembled safely: its journal in a directory, its lives, TCP, what it remembers of its peers, the witness before
 * its bus, and the host. What a node must do so that a wiped, copied or rolled-back directory harms no peer is done here.
 */

import { type Observable, ReplaySubject } from 'rxjs';
import type { QuorateError } from '../../statecharts/actor.ts';
import { BusOptionsError } from '../bus/errors.ts';
import type { LinkFaults } from '../bus/link-faults.ts';
import type { NatsServer } from '../bus/nats.ts';
import { createTcpBus, type HostPort, type TcpBus, type TcpBusOptions } from '../bus/tcp.ts';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import { createNode, type Node, type NodeOptions, type Resources } from '../host/node.ts';
import type { DiskFaults } from '../journal/disk-faults.ts';
import { type FileJournalOptions, openFileJournal } from '../journal/file-journal.ts';
import type { Journal } from '../journal/journal.ts';
import { placeOf } from '../journal/place.ts';
import { beginLife, hasLived, type LivesMemory, type LivesMemoryParts } from './lives/memory.ts';
import { createWitness, type Witness, type WitnessParts } from './lives/witness.ts';
import { createDurablePeerMemory } from './peer-journals.ts';
import { clusterOf, type Restoration, restoredIn } from './restoration.ts';

export { JournalLostError, JournalRolledBackError, type Standing } from './lives/standing.ts';
export {
  followMembers,
  type MemberPeers,
  type MemberPeersParts,
  MemberPlaceMissingError,
  type MemberPlaceNotice,
  MemberRetiredError,
} from './member-peers.ts';

/** How to start a node; `listen`, `peers`, `secret` and the rest of the bus's options are those of `createTcpBus`. */
export interface StartNodeOptions<Owned extends Resources = Resources>
  extends Omit<TcpBusOptions, 'node' | 'cluster' | 'journalId' | 'peerMemory' | 'limits'>,
    Pick<NodeOptions, 'definitions' | 'inspect' | 'development'> {
  /** The node's name; it stays the same for all its lives. */
  readonly id: string;
  /** Nodes of other clusters are refused. Default: that of the backup's restoration where the data is of one, else `quorate`. */
  readonly cluster?: string;
  /**
   * Reaches its peers over this NATS server in place of TCP. It listens nowhere then: `listen`, and the addresses of peers,
   * are names of places and no more.
   */
  readonly nats?: NatsServer;
  /** Where its durable data lives: made when it is not there, and given to no other node. */
  readonly directory: string;
  /** What its actors may ask to act; made over the journal where they keep records in it. */
  readonly resources?: Owned | ((parts: ResourceParts) => Owned);
  /** Faults that may be ordered of its links and its disk, to see what becomes of it; by default none may. */
  readonly faults?: NodeFaults;
  /** What differs from the defaults of journal, bus and host. */
  readonly limits?: {
    readonly journal?: FileJournalOptions['limits'];
    readonly bus?: TcpBusOptions['limits'];
    readonly node?: NodeOptions['limits'];
  };
}

/** What may be wrong with a node on purpose. */
export interface NodeFaults {
  readonly links: Pick<LinkFaults, 'on'>;
  readonly disk: Pick<DiskFaults, 'on'>;
}

export interface ResourceParts {
  readonly journal: Journal;
  readonly environment: Environment;
}

/** A node that runs. */
export interface RunningNode<Owned extends Resources = Resources> {
  readonly node: Node<Owned>;
  readonly journal: Journal;
  /** The cluster that it is of. */
  readonly cluster: string;
  /** The backup that its data was made of; undefined where it was made of none. */
  readonly restoration: Restoration | undefined;
  /** Where it listens, who its peers are, and how it stands with each. Closed with the node. */
  readonly bus: Pick<TcpBus, 'address' | 'setPeers' | 'setTls' | 'setTokens' | 'peers' | 'losses' | 'notices'>;
  /** Whether the node takes part, and why not. */
  readonly standing: Pick<Witness['standing'], 'now' | 'changes'>;
  /**
   * Emits once, when the node has stopped for good: its journal failed, or a majority of the cluster says that its journal
   * is not what it was.
   */
  readonly failure: Observable<QuorateError>;
  /** Stops cleanly. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a node. It resolves when it listens; its peers are connected to as they become reachable. Until a peer has vouched
 * for this life of the node, nothing goes to it; a directory that is a copy, and one that a peer knows as longer than it
 * is, waits for all of them (`standing`).
 *
 * @throws OtherClusterError for data of another cluster; the errors of `openFileJournal` (locked, damaged, another node's directory), of `createTcpBus` (port taken, no
 * secret) and of `createNode`; what was opened is closed again
 *
 * @example
 * const { node } = await startNode({ id: 'n1', directory: './n1', listen: { port: 4801 }, peers, secret });
 * const store = startReplicatedStore({ node, machine, log: raft({ voters: ['n1', ...Object.keys(peers)] }) });
 */
export function startNode<const Owned extends Resources>(
  options: StartNodeOptions<Owned> & { readonly resources: Owned | ((parts: ResourceParts) => Owned) },
): Promise<RunningNode<Owned>>;
export function startNode(options: StartNodeOptions): Promise<RunningNode>;
export async function startNode(options: StartNodeOptions): Promise<RunningNode> {
  const { id, directory, environment = systemEnvironment(), limits = {}, faults, cluster: _, ...others } = options;
  const { resources = {}, definitions, inspect, development, ...reachable } = others;
  const { clock, ids } = environment;
  let { peers = {} } = reachable;
  const opened: (() => Promise<void>)[] = [];
  try {
    const journal = await openFileJournal({
      directory,
      node: id,
      clock,
      ids,
      ...(limits.journal && { limits: limits.journal }),
      ...(faults && { faults: faults.disk }),
    });
    opened.push(() => journal.close());
    const restoration = restoredIn(journal);
    const cluster = clusterOf(restoration, options.cluster);
    const life = beginLifeIn(directory, { journal, clock, ids, isPeer: (node) => Object.hasOwn(peers, node) });
    const reached = await openBus({
      ...reachable,
      node: id,
      cluster,
      environment,
      journalId: journal.id,
      peerMemory: createDurablePeerMemory(journal),
      ...(limits.bus && { limits: limits.bus }),
    });
    opened.push(() => reached.close());
    const bus = faults === undefined ? reached : faults.links.on(reached);
    const witness = createWitness({ ...life, bus, clock, peers: () => Object.keys(peers) });
    opened.push(() => witness.bus.close());
    const node = createNode({
      id,
      bus: witness.bus,
      journal,
      environment,
      resources: typeof resources === 'function' ? resources({ journal, environment }) : resources,
      ...(definitions && { definitions }),
      ...(inspect && { inspect }),
      ...(development === undefined ? {} : { development }),
      ...(limits.node && { limits: limits.node }),
    });
    const setPeers = (next: Readonly<Record<string, HostPort>>): void => {
      reached.setPeers(next);
      peers = next;
    };
    return { ...running(node, journal, { ...reached, setPeers }, witness, life.memory), cluster, restoration };
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

/** The bus that the options ask for. */
async function openBus({ nats, ...options }: TcpBusOptions & Pick<StartNodeOptions, 'nats'>): Promise<TcpBus> {
  if (nats === undefined) return await createTcpBus(options);
  const { secret, peers = {}, listen, openClients: _, tokens: __, tls, ...others } = options;
  if (secret === undefined) {
    throw new BusOptionsError(
      'expected a secret, as anyone may publish over NATS, got none; read it with readSecretFile, or make one with createSecretFile',
    );
  }
  const noTls = (): BusOptionsError =>
    new BusOptionsError(
      `expected no certificate for node ${options.node}, as NATS carries its bus, got one; secure the connection to the NATS server instead (nats: { tls })`,
    );
  if (tls !== undefined) throw noTls();
  // Its client is an optional peer of this package.
  const { createNatsBus } = await import('../bus/nats.ts');
  const bus = await createNatsBus({ ...others, server: nats, secret, peers: Object.keys(peers) });
  return {
    ...bus,
    address: () => ({ host: '127.0.0.1', port: 0, ...listen }),
    setPeers: (places) => bus.setPeers(Object.keys(places)),
    // Clients come over HTTP.
    setTokens: () => undefined,
    setTls() {
      throw noTls();
    },
  };
}

/**
 * Begins a life of the node whose journal is in `directory`, which says whether it is where it was.
 *
 * @param parts nothing was taken from the journal yet
 * @throws RefusedInputError, JournalDirectoryError for what does not read
 */
export function beginLifeIn(
  directory: string,
  parts: LivesMemoryParts,
): Pick<WitnessParts, 'memory' | 'mustBeVouched' | 'onCleared'> {
  const place = placeOf(directory);
  const mustBeVouched = place.state === 'other' || (place.state === 'unmarked' && hasLived(parts.journal));
  if (!mustBeVouched && place.state !== 'same') place.adopt();
  return { memory: beginLife(parts), mustBeVouched, onCleared: place.adopt };
}

function running(
  node: Node,
  journal: Journal,
  bus: RunningNode['bus'],
  { standing }: Witness,
  memory: LivesMemory,
): Omit<RunningNode, 'cluster' | 'restoration'> {
  const failure = new ReplaySubject<QuorateError>(1);
  const stop = (): Promise<void> => {
    memory.flush();
    return node.stop();
  };
  const fail = (error: QuorateError): void => {
    failure.next(error);
    failure.complete();
    void node.stop();
  };
  node.failure.subscribe(fail);
  standing.failure.subscribe(fail);
  return { node, journal, bus, standing, failure: failure.asObservable(), stop };
}
