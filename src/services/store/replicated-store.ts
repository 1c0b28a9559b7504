/**
 * A replicated store: a service that runs an application's state machine over a replicated log, on every node of
 * a cluster. Commands are applied once each, in the same order everywhere; answers are linearizable unless asked for
 * otherwise. Any node takes requests; those that do not lead pass them on to the one that does.
 */

import { ReplaySubject, Subject } from 'rxjs';
import type { QuorateError } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import { systemEnvironment } from '../../environment/environment.ts';
import { numberFrom } from '../../environment/ids.ts';
import { StoreClosedError, StoreFailedError } from './errors.ts';
import { fixedMembership } from './log/members/fixed.ts';
import type { ReplicatedLog } from './log/replicated-log.ts';
import type { ReplicatedStore, ReplicatedStoreOptions, StoreStatus } from './replicated-store/contract.ts';
import { limitsOf } from './replicated-store/limits.ts';
import { openMail } from './replicated-store/mail.ts';
import { createOwnSink } from './requests/own-sink.ts';
import { passOn } from './requests/passing-on.ts';
import { createRequester } from './requests/requester.ts';
import { createRouter, type Router } from './requests/router.ts';
import { toldRouter } from './requests/told-router.ts';
import { clientAddress } from './requests/wire.ts';
import { createServer, type Server } from './server.ts';
import { createSessionedMachine, type SessionedMachine } from './sessions/machine.ts';
import type { SlicedStateMachine } from './state-machine.ts';
import { slicedOf } from './whole-state.ts';

export * from './replicated-store/contract.ts';

const defaultPatienceMs = 1_000;

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
  const { node, key = 'kv', environment = systemEnvironment(), guard } = options;
  const { clock, randomness } = environment;
  const limits = limitsOf(options.limits ?? {});
  const log = options.log({ node, key, environment });
  const membership = log.membership ?? fixedMembership(node.id, log.status().nodes);
  const machine = slicedOf(options.machine);
  const sessioned = createSessionedMachine(machine);
  const failure = new ReplaySubject<StoreFailedError>(1);
  const changes = new Subject<void>();
  const commitTimes = new Subject<number>();
  const mail = openMail({ node, key, clock, room: limits.room, guard });

  const close = (error: QuorateError): void => {
    mail.close();
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
    random: randomness.stream('snapshots'),
    log,
    membership,
    machine,
    sessioned,
    sessionLimits: limits.sessions,
    newSession: () => numberFrom(environment.ids),
    limits: limits.server,
    commandLimitBytes: limits.commandBytes,
    committed: (durationMs) => commitTimes.next(durationMs),
    askLeader: (body, deadlineAtMs, done) => router.submit({ prepare: () => body, deadlineAtMs, done }),
    fail,
  });

  const ownSink = createOwnSink(clock, (responses) => router.receive(node.id, responses));
  const candidates = [node.id];
  const router: Router = createRouter({
    clock,
    random: randomness.stream('store'),
    limits: limits.router,
    // While no leader is known, requests wait here: what was never sent certainly did not happen.
    candidates: () => candidates,
    reaches: () => true,
    send(to, requests, forward) {
      if (to === node.id) server.take(requests, ownSink);
      else mail.request(to, requests, forward);
    },
  });

  const requester = createRequester({
    clock,
    router: toldRouter({
      ...{ router, clock, endpoint: mail.endpoint },
      random: randomness.stream('told requests'),
      asker: clientAddress(node.id, key),
    }),
    commandLimitBytes: limits.commandBytes,
  });
  mail.listen({
    take({ forward, requests }, sink) {
      if (forward && !log.isLeader) for (const request of requests) passOn(clock, router, request, sink);
      else server.take(requests, sink);
    },
    ask: requester.queryThen,
    answered: (from, responses) => router.receive(from, responses),
  });
  follow({
    ...{ log, server, router },
    changed: () => changes.next(),
    ended: (error) =>
      error === undefined ? close(new StoreClosedError(`node '${node.id}' has stopped`)) : fail(error),
  });

  return {
    ...requester,
    failure: failure.asObservable(),
    copy: () => server.copy(),
    samples: server.samples,
    membership,
    changes: changes.asObservable(),
    commitTimes: commitTimes.asObservable(),
    status: () => statusOf({ id: node.id, key, log, machine, sessioned, server, router }),
    resign: (patienceMs = defaultPatienceMs) => resigned(server, clock, patienceMs),
    close: () => close(new StoreClosedError(`store '${key}' of node '${node.id}' was closed`)),
  };
}

/** Lets a store hear its log. */
function follow(parts: {
  readonly log: ReplicatedLog;
  readonly server: Server;
  readonly router: Router;
  changed(): void;
  ended(error: unknown): void;
}): void {
  const { log, server, router } = parts;
  let wasLeader = false;
  log.listen({
    event: (event) => server.event(event),
    changed() {
      if (wasLeader && !log.isLeader) server.stepDown();
      wasLeader = log.isLeader;
      router.leaderIs(log.leader);
      server.changed();
      parts.changed();
    },
    ended(error) {
      server.close();
      parts.ended(error);
    },
  });
}

function statusOf(parts: {
  readonly id: string;
  readonly key: string;
  readonly log: ReplicatedLog;
  readonly machine: SlicedStateMachine;
  readonly sessioned: SessionedMachine;
  readonly server: Server;
  readonly router: Router;
}): StoreStatus {
  const { id, key, log, machine, sessioned, server, router } = parts;
  const { nodes, ...logStatus } = log.status();
  return {
    id,
    key,
    ...logStatus,
    appliedIndex: server.appliedIndex,
    isCaughtUp: server.isCaughtUp,
    peers: nodes.filter((it) => it !== id),
    revision: sessioned.revision,
    sessions: sessioned.sessions,
    keptResults: sessioned.keptResults,
    stateBytes: machine.sizeBytes,
    waiting: server.waiting,
    inFlight: router.inFlight,
    repeated: router.repeated,
  };
}

/** Resolves when another node leads, or `patienceMs` have passed. */
function resigned(server: Server, clock: Clock, patienceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timeout = clock.setTimeout(resolve, patienceMs);
    server.resign(() => {
      clock.clearTimeout(timeout);
      resolve();
    });
  });
}
