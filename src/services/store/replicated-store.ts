/**
 * A replicated store: a service that runs an application's state machine over a replicated log, on every node of
 * a cluster. Commands are applied once each, in the same order everywhere; answers are linearizable unless asked for
 * otherwise. Any node takes requests; those that do not lead pass them on to the one that does.
 */

import { ReplaySubject, Subject } from 'rxjs';
import type { QuorateError } from '../../../statecharts/actor.ts';
import { systemEnvironment } from '../../environment/environment.ts';
import { numberFrom } from '../../environment/ids.ts';
import { MalformedRequestError, StoreClosedError, StoreFailedError } from './errors.ts';
import { fixedMembership } from './log/members/fixed.ts';
import type { ReplicatedStore, ReplicatedStoreOptions } from './replicated-store/contract.ts';
import { takeGuarded } from './requests/guard.ts';
import { createOwnSink } from './requests/own-sink.ts';
import { passOn } from './requests/passing-on.ts';
import { createRequester } from './requests/requester.ts';
import { createRouter, defaultRouterLimits, type Router, type RouterLimits } from './requests/router.ts';
import { type BusSink, createSinks, defaultRoomLimits, type RoomLimits } from './requests/sinks.ts';
import { toldRouter } from './requests/told-router.ts';
import {
  clientAddress,
  guardedSenders,
  type RequestsMessage,
  type ResponsesMessage,
  storeAddress,
  storeMessages,
  storeSenders,
} from './requests/wire.ts';
import { defaultServerLimits, type ServerLimits } from './server/limits.ts';
import { createServer } from './server.ts';
import { defaultSessionLimits, type SessionLimits } from './sessions/entries.ts';
import { createSessionedMachine } from './sessions/machine.ts';
import { slicedOf } from './whole-state.ts';

export * from './replicated-store/contract.ts';

const defaultCommandBytes = 1_024 * 1_024 + 8 * 1_024;

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
  const { node, key = 'kv', environment = systemEnvironment(), limits = {}, guard } = options;
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
  const endpoint = node.open('store', key, storeMessages, {
    senders: guard === undefined ? storeSenders : guardedSenders,
  });
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

  const ownSink = createOwnSink(clock, (responses) => router.receive(node.id, responses));
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

  const take = ({ forward, requests }: RequestsMessage, sink: BusSink): void => {
    if (forward && !log.isLeader) for (const request of requests) passOn(clock, router, request, sink);
    else server.take(requests, sink);
  };

  const requester = createRequester({
    clock,
    router: toldRouter({
      ...{ router, clock, endpoint },
      random: environment.randomness.stream('told requests'),
      asker: clientAddress(node.id, key),
    }),
    commandLimitBytes: commandBytes,
  });
  const ask = requester.queryThen;
  endpoint.received.subscribe(({ from, message, client }) => {
    if (message.type === 'requests') {
      if (guard === undefined || client === undefined) take(message, sinks.of(from, message.requests.length));
      else takeGuarded({ guard, ask, sinkOf: sinks.of, take }, from, client, message);
    } else router.receive(from.slice(0, from.indexOf('/')), message.responses);
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
    ...requester,
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
