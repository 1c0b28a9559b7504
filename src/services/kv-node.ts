/**
 * A node of a replicated key-value store, put together: journal, TCP, Raft, store and HTTP. What `quorate node` runs, and
 * what an application embeds.
 */

import { type Observable, ReplaySubject } from 'rxjs';
import type { QuorateError } from '../../statecharts/actor.ts';
import { createTcpBus, type HostPort, type TcpBus } from '../bus/tcp.ts';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import { NodeFailedError } from '../host/errors.ts';
import { createNode, type Node, type RoleChange } from '../host/node.ts';
import { openFileJournal } from '../journal/file-journal.ts';
import type { Journal } from '../journal/journal.ts';
import { type HttpServer, type HttpServerOptions, serveHttp } from './http/server.ts';
import { createDurablePeerMemory, journalLosses } from './peer-journals.ts';
import { createKeyValueMachine } from './store/key-value/machine.ts';
import { raft } from './store/log/raft.ts';
import { checkVoters } from './store/log/voters.ts';
import { type ReplicatedStore, startReplicatedStore } from './store/replicated-store.ts';

export { JournalLostError } from './peer-journals.ts';
export { VotersMismatchError } from './store/log/voters.ts';

export interface KeyValueNodeOptions {
  readonly id: string;
  /** Nodes of other clusters are refused. Default `quorate`. */
  readonly cluster?: string;
  /** Where the durable data lives; made when it is not there. */
  readonly dataDirectory: string;
  /** Where to listen for other nodes and clients. */
  readonly listen: HostPort;
  /** Where to serve HTTP, and under which further names it is reached (`HttpServerOptions`). */
  readonly http: HostPort & Pick<HttpServerOptions, 'hostNames'>;
  /**
   * The other nodes. On a first start they become, with this one, the voters of the cluster for good; afterwards they
   * must still be the same ones, but may have moved.
   */
  readonly peers: Readonly<Record<string, HostPort>>;
  /** The process, for `GET /status`. */
  readonly pid: number;
  /** How long an HTTP request may take, in milliseconds. Default 5,000. */
  readonly requestDeadlineMs?: number;
  /** Told of errors in answering HTTP that are a fault of this program. By default nobody is. */
  readonly onUnexpected?: (error: unknown) => void;
  readonly environment?: Environment;
}

/** A running node. */
export interface KeyValueNode {
  readonly node: Node;
  readonly store: ReplicatedStore;
  readonly bus: TcpBus;
  /** Where HTTP is served. */
  readonly httpUrl: string;
  readonly journal: Journal;
  readonly roleChanges: Observable<RoleChange>;
  /** Emits once when the node has stopped for good, and cannot go on. */
  readonly failure: Observable<QuorateError>;
  /** Stops cleanly: answers what is under way, flushes, closes. Idempotent. */
  stop(): Promise<void>;
}

const key = 'kv';

/**
 * Starts a node.
 *
 * @throws VotersMismatchError when the peers are not those of the log; the errors of `openFileJournal` (locked, damaged,
 * another node's directory), of `createTcpBus` (port taken) and of `serveHttp`
 */
export async function startKeyValueNode(options: KeyValueNodeOptions): Promise<KeyValueNode> {
  const { id, cluster = 'quorate', dataDirectory, listen, peers, pid } = options;
  const { environment = systemEnvironment(), requestDeadlineMs, onUnexpected } = options;
  const { clock, ids } = environment;
  // What was opened so far, to be closed again should a later step fail.
  const opened: (() => Promise<void>)[] = [];
  try {
    const journal = await openFileJournal({ directory: dataDirectory, node: id, clock, ids });
    opened.push(() => journal.close());
    const peerMemory = createDurablePeerMemory(journal);
    const bus = await createTcpBus({
      node: id,
      cluster,
      listen,
      peers,
      journalId: journal.id,
      peerMemory,
      environment,
    });
    opened.push(() => bus.close());
    const node = createNode({ id, bus, journal, environment });
    opened.push(() => node.stop());
    const voters = [id, ...Object.keys(peers)];
    const store = startReplicatedStore({
      node,
      machine: createKeyValueMachine(),
      log: raft({ voters }),
      key,
      environment,
    });
    checkVoters(node, key, voters);
    const http = await serveHttp({
      node,
      store,
      environment,
      ...options.http,
      pid,
      ...(requestDeadlineMs === undefined ? {} : { deadlineMs: requestDeadlineMs }),
      ...(onUnexpected === undefined ? {} : { onUnexpected }),
    });
    return assembled({ node, store, bus, journal, http });
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

interface Parts {
  readonly node: Node;
  readonly store: ReplicatedStore;
  readonly bus: TcpBus;
  readonly journal: Journal;
  readonly http: HttpServer;
}

function assembled({ node, store, bus, journal, http }: Parts): KeyValueNode {
  const failure = new ReplaySubject<QuorateError>(1);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await http.close();
      store.close();
      await node.stop();
    })();
    return stopping;
  };
  const fail = (error: QuorateError): void => {
    if (stopping !== undefined) return;
    // Nothing that waits can still succeed here: it ends now, so that others can be asked.
    store.close();
    void stop();
    failure.next(error);
    failure.complete();
  };
  node.failure.subscribe(fail);
  // A store fails also because its node has failed: then that is what there is to tell.
  store.failure.subscribe((error) => fail(error.cause instanceof NodeFailedError ? error.cause : error));
  journalLosses(bus).subscribe(fail);
  return {
    node,
    store,
    bus,
    journal,
    httpUrl: http.url,
    roleChanges: node.roleChanges,
    failure: failure.asObservable(),
    stop,
  };
}
