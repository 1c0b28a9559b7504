/**
 * A replicated store: a service that runs an application's state machine over a replicated log, on every node of
 * a cluster. Commands are applied once each, in the same order everywhere; answers are linearizable unless asked for
 * otherwise. Any node takes requests; those that do not lead pass them on to the one that does.
 */

import { type Observable, ReplaySubject, Subject } from 'rxjs';
import { type Address, QuorateError } from '../../../statecharts/actor.ts';
import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { numberFrom } from '../../environment/ids.ts';
import type { Node } from '../../host/node.ts';
import { MalformedRequestError, OverloadedError, StoreClosedError, StoreFailedError } from './errors.ts';
import { fixedMembership } from './log/members/fixed.ts';
import type { LogMembership } from './log/members.ts';
import type { LogStarter } from './log/replicated-log.ts';
import type { StateCopy } from './replica.ts';
import type { Sink } from './requests/desk.ts';
import { responseOf } from './requests/outcomes.ts';
import {
  type CallbackExecutor,
  createRequester,
  type Executor,
  type MemberAdministration,
} from './requests/requester.ts';
import { createRouter, defaultRouterLimits, type Router, type RouterLimits } from './requests/router.ts';
import { type BusSink, createSinks, defaultRoomLimits, type RoomLimits } from './requests/sinks.ts';
import {
  type Request,
  type RequestsMessage,
  type Response,
  type ResponsesMessage,
  storeAddress,
  storeMessages,
  storeSenders,
} from './requests/wire.ts';
import { defaultServerLimits, type ServerLimits } from './server/limits.ts';
import { createServer } from './server.ts';
import { defaultSessionLimits, type SessionLimits } from './sessions/entries.ts';
import { createSessionedMachine } from './sessions/machine.ts';
import type { SlicedStateMachine, StateMachine } from './state-machine.ts';
import type { StateSamples } from './state-samples.ts';
import { slicedOf } from './whole-state.ts';

/** The limits of a store. Those of sessions hold on all nodes alike: the leader's travel with the log. */
export interface StoreLimits {
  readonly sessions?: Partial<SessionLimits>;
  readonly server?: Partial<ServerLimits>;
  readonly router?: Partial<RouterLimits>;
  /** Of answers that wait for slow readers. */
  readonly room?: Partial<RoomLimits>;
  /** Bytes of one command. Default 1 MiB and 8 KiB, so that a value of 1 MiB fits. */
  readonly commandBytes?: number;
}

/** How to start a store on a node. */
export interface ReplicatedStoreOptions {
  readonly node: Node;
  readonly machine: StateMachine | SlicedStateMachine;
  /** What replicates it: `raft({ voters })`. */
  readonly log: LogStarter;
  /** Tells apart the stores of a cluster; `kv` by default. */
  readonly key?: string;
  /** Time and randomness; the system's by default. The same as the node's. */
  readonly environment?: Environment;
  readonly limits?: StoreLimits;
}

/** How a store stands on its node. */
export interface StoreStatus {
  readonly id: string;
  readonly key: string;
  /** A word of the log's protocol; `leader` for the node that takes proposals. */
  readonly role: string;
  /** The node that leads, as far as known. */
  readonly leader: string | undefined;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  /** Whether it has applied all that its log held when it was started; before, it gives no stale answers. */
  readonly isCaughtUp: boolean;
  readonly lastIndex: number;
  /** What the log's protocol adds about itself, for people, to stand behind the role: `in term 3` with Raft. */
  readonly remark: string;
  /** The same as fields, for programs that know the protocol: `{ term: 3 }` with Raft. */
  readonly details: Readonly<Record<string, number | string>>;
  /** The other nodes that replicate the store, sorted. */
  readonly peers: readonly string[];
  /** Requests that the log has carried so far, applied or refused. */
  readonly revision: number;
  readonly sessions: number;
  /** Results kept for repeated requests. */
  readonly keptResults: number;
  /** About the bytes of the state, where its machine tells. */
  readonly stateBytes: number | undefined;
  /** Requests that wait here for the log. */
  readonly waiting: number;
  /** Requests of this node, and those that it passes on, that are under way. */
  readonly inFlight: number;
  /** Attempts after the first that this node made. */
  readonly repeated: number;
}

/** A store, as its node holds it. */
export interface ReplicatedStore extends Executor, CallbackExecutor, MemberAdministration {
  status(): StoreStatus;
  /**
   * A copy of the state, to be read part by part while the store goes on; undefined while it is in the making, is being
   * copied, or written down.
   */
  copy(): StateCopy | undefined;
  /** What the state was after the last entries, where its machine tells a hash of it. */
  readonly samples: Pick<StateSamples, 'at' | 'lastIndex'>;
  /** Who takes part, as this node knows it. */
  readonly membership: LogMembership;
  /** Emits when that may have changed. */
  readonly changes: Observable<void>;
  /** How long each entry of writes took from its place in the log of this node, which leads, until it was applied here, in milliseconds. */
  readonly commitTimes: Observable<number>;
  /** Emits once when the store cannot go on; its node stops then, because a leader that cannot apply would block all. */
  readonly failure: Observable<StoreFailedError>;
  /**
   * Before this node stops: where it leads, lets another one lead, so that the others need not miss it first. Requests are
   * taken as before.
   *
   * @param patienceMs how long to wait for that at most. Default 1,000 ms, the longest election timeout
   */
  resign(patienceMs?: number): Promise<void>;
  /**
   * Takes no more requests; those under way end as not happened, or as unknown. The node goes on to replicate.
   * Idempotent.
   */
  close(): void;
}

const defaultCommandBytes = 1_024 * 1_024 + 8 * 1_024;

/** A passed-on request ends earlier than its asker's patience, so that the asker hears how. */
const forwardMarginMs = 100;

const resignationMs = 1_000;

/**
 * Starts a replicated store on a node.
 *
 * @throws what the log's start throws, as `node.start`; MalformedRequestError for limits below 1; AddressTakenError when
 *   the node has a store of that key
 *
 * @example
 * const machine = createKeyValueMachine();
 * const store = startReplicatedStore({ node, machine, log: raft({ voters: ['n1', 'n2', 'n3'] }) });
 * const { version } = await keyValueStore(store).put('greeting', value);
 */
export function startReplicatedStore(options: ReplicatedStoreOptions): ReplicatedStore {
  const { node, key = 'kv', environment = systemEnvironment(), limits = {} } = options;
  const { clock } = environment;
  const { commandBytes = defaultCommandBytes } = limits;
  const sessionLimits = checked({ ...defaultSessionLimits, ...limits.sessions });
  const serverLimits = checked({ ...defaultServerLimits, ...limits.server });
  const routerLimits = checked({ ...defaultRouterLimits, ...limits.router });
  const log = options.log({ node, key, environment });
  const membership = log.membership ?? fixedMembership(node.id, log.status().nodes);
  const machine = slicedOf(options.machine);
  const sessioned = createSessionedMachine(machine);
  const failure = new ReplaySubject<StoreFailedError>(1);
  const changes = new Subject<void>();
  const commitTimes = new Subject<number>();
  const endpoint = node.open('store', key, storeMessages, { senders: storeSenders });
  const sinks = createSinks({
    clock,
    backlog: node.backlog,
    limits: checked({ ...defaultRoomLimits, ...limits.room }),
    send(to, responses) {
      const message: ResponsesMessage = { type: 'responses', responses };
      endpoint.send(to, message);
    },
  });

  const close = (error: QuorateError): void => {
    sinks.close();
    endpoint.close();
    router.close(error);
    failure.complete();
    changes.complete();
  };
  const fail = (cause: unknown): void => {
    const error = new StoreFailedError(`store '${key}' of node '${node.id}' cannot follow its log: ${String(cause)}`, {
      cause,
    });
    failure.next(error);
    server.close();
    close(error);
    void node.stop();
  };

  const server = createServer({
    clock,
    random: environment.randomness.stream('snapshots'),
    log,
    membership,
    machine,
    sessioned,
    sessionLimits,
    newSession: () => numberFrom(environment.ids),
    limits: serverLimits,
    commandLimitBytes: commandBytes,
    committed: (durationMs) => commitTimes.next(durationMs),
    askLeader: (body, deadlineAtMs, done) => router.submit({ prepare: () => body, deadlineAtMs, done }),
    fail,
  });

  const ownSink: Sink & { responses: Response[] } = {
    isOwn: true,
    responses: [],
    hasRoom: true,
    whenRoom: (run) => clock.enqueue(run),
    push(response) {
      this.responses.push(response);
    },
    flush() {
      const due = this.responses;
      this.responses = [];
      router.receive(node.id, due);
    },
  };
  const candidates = [node.id];
  const router: Router = createRouter({
    clock,
    random: environment.randomness.stream('store'),
    limits: routerLimits,
    // While no leader is known, requests wait here: what was never sent certainly did not happen.
    candidates: () => candidates,
    reaches: () => true,
    send(to, requests, forward) {
      if (to === node.id) {
        server.take(requests, ownSink);
        return;
      }
      const message: RequestsMessage = { type: 'requests', forward, requests };
      endpoint.send(storeAddress(to, key), message);
    },
  });

  const passOn = ({ id, body, waitMs }: Request, sink: BusSink): void => {
    const respond = (error: QuorateError | undefined, value?: unknown): void => {
      // A question that was answered for a slow reader has not changed anything: it may be told so instead of being kept.
      const isTooMuch = error === undefined && body.type === 'query' && !sink.hasRoom;
      const told = isTooMuch ? new OverloadedError('more answers wait for this client than it reads') : error;
      sink.push(responseOf(id, told, value));
      sink.flushSoon();
    };
    const patienceMs = Math.max(waitMs - forwardMarginMs, waitMs / 2);
    try {
      router.submit({ prepare: () => body, deadlineAtMs: clock.nowMs() + patienceMs, done: respond });
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      respond(new OverloadedError(error.message));
    }
  };

  const takeRequests = (from: Address, { forward, requests }: RequestsMessage): void => {
    const sink = sinks.of(from, requests.length);
    if (forward && !log.isLeader) for (const request of requests) passOn(request, sink);
    else server.take(requests, sink);
  };

  endpoint.received.subscribe(({ from, message }) => {
    if (message.type === 'requests') takeRequests(from, message);
    else router.receive(from.slice(0, from.indexOf('/')), message.responses);
  });

  let wasLeader = false;
  log.listen({
    event: (event) => server.event(event),
    changed() {
      if (wasLeader && !log.isLeader) server.stepDown();
      wasLeader = log.isLeader;
      router.leaderIs(log.leader);
      server.changed();
      changes.next();
    },
    ended(error) {
      server.close();
      if (error === undefined) close(new StoreClosedError(`node '${node.id}' has stopped`));
      else fail(error);
    },
  });

  return {
    ...createRequester({ clock, router, commandLimitBytes: commandBytes }),
    failure: failure.asObservable(),
    copy: () => server.copy(),
    samples: server.samples,
    membership,
    changes: changes.asObservable(),
    commitTimes: commitTimes.asObservable(),
    status() {
      const { nodes, ...logStatus } = log.status();
      return {
        id: node.id,
        key,
        ...logStatus,
        appliedIndex: server.appliedIndex,
        isCaughtUp: server.isCaughtUp,
        peers: nodes.filter((it) => it !== node.id),
        revision: sessioned.revision,
        sessions: sessioned.sessions,
        keptResults: sessioned.keptResults,
        stateBytes: machine.sizeBytes,
        waiting: server.waiting,
        inFlight: router.inFlight,
        repeated: router.repeated,
      };
    },
    resign: (patienceMs = resignationMs) =>
      new Promise((resolve) => {
        const timeout = clock.setTimeout(resolve, patienceMs);
        server.resign(() => {
          clock.clearTimeout(timeout);
          resolve();
        });
      }),
    close: () => close(new StoreClosedError(`store '${key}' of node '${node.id}' was closed`)),
  };
}

function checked<L extends SessionLimits | ServerLimits | RouterLimits | RoomLimits>(limits: L): L {
  for (const [name, limit] of Object.entries(limits)) {
    if (Number.isSafeInteger(limit) && Number(limit) >= 1) continue;
    throw new MalformedRequestError(`expected limit '${name}' to be an integer of 1 or more, got ${String(limit)}`);
  }
  return limits;
}
