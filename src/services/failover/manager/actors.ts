/**
 * The actors of a group on one node: a probe, what steers it, and a detector for each server, the manager, and the register over a
 * log among the managers; and what they show together.
 */

import { BehaviorSubject, map, type Observable, Subject } from 'rxjs';
import { canonicalKey } from '../../../../statecharts/actor.ts';
import {
  type EstimatorConfig,
  failoverManager,
  type GroupPlan,
  type ManagerOutput,
  type ManagerRequest,
  managerAddress,
  probe,
  probeAddress,
  type Standing,
  serverKey,
  standby,
  type Topology,
} from '../../../../statecharts/failover.ts';
import type { Environment } from '../../../environment/environment.ts';
import type { Node } from '../../../host/node.ts';
import { raft } from '../../store/log/raft.ts';
import { type WatchQuality, watch } from '../detectors.ts';
import { createOperatorDesk, type OperatorDesk } from '../operator.ts';
import { type GroupRegister, startGroupRegister } from '../register.ts';
import { type FailoverStatus, statusOf } from '../status.ts';
import { type GroupPlaces, topologyOf } from '../topology/current.ts';
import type { ManagerNews, ManagerNodeOptions } from './contract.ts';

const defaultEstimator: EstimatorConfig = {
  kind: 'phi',
  threshold: 8,
  windowSize: 100,
  minDeviationMs: 25,
  firstIntervalMs: 100,
};

/** How often clients are told how far standbys are behind, in milliseconds. */
const measureMs = 500;

/** How long an operator's request may take, in milliseconds. */
const operatorMs = 10_000;

/** The actors of a group on one node, as those that are beside them see them. */
export interface Actors {
  readonly register: GroupRegister;
  readonly desk: OperatorDesk;
  readonly topology: BehaviorSubject<Topology>;
  readonly outputs: Observable<ManagerOutput>;
  /** What the detectors of this node think. Errs when one of them has failed. */
  readonly opinions: Observable<ServerOpinion>;
  /** Emits when an actor has failed. */
  readonly failed: Observable<Error>;
  status(): FailoverStatus;
  qualityOf(server: string): WatchQuality | undefined;
}

type ServerOpinion = Omit<Extract<ManagerNews, { type: 'opinion' }>, 'type'>;

/** Starts the actors, from those that are spoken to, to those that speak. */
export function startActors(
  node: Node,
  plan: GroupPlan,
  options: ManagerNodeOptions,
  founding: Standing,
  environment: Environment,
): Actors {
  const { group } = plan;
  const { clock } = environment;
  const voters = Object.keys(options.managers).sort();
  const failed = new Subject<Error>();
  const ended = (error?: unknown): void => {
    if (error !== undefined) failed.next(error instanceof Error ? error : new Error(String(error)));
  };
  const outputs = launchManager(node, plan, founding, ended);
  const register = startGroupRegister({
    node,
    group,
    log: raft({ voters, isFixed: true })({ node, key: group, environment }),
    founding,
    ended,
  });
  const desk = createOperatorDesk({
    clock,
    timeoutMs: operatorMs,
    ask: (request) => node.request(managerAddress(node.id, group), request),
    standing: () => register.current.standing,
  });
  outputs.subscribe((output) => desk.hear(output));
  const watched = watchServers(node, plan, options, voters, environment, ended);
  return {
    register,
    desk,
    outputs,
    failed,
    ...watched,
    ...shown(node, plan, options, register, environment),
  };
}

/** What steers each server, and the manager. Returns what the manager tells. */
function launchManager(
  node: Node,
  plan: GroupPlan,
  { confirmations, maxFlaps }: Standing,
  ended: (error?: unknown) => void,
): Observable<ManagerOutput> {
  const { group, servers, settings } = plan;
  const outputs = new Subject<ManagerOutput>();
  for (const { server, canStart, canStop } of servers) {
    const key = serverKey(group, server);
    node.launch(probe, { key, input: {}, observer: { ended } });
    node.launch(standby, { key, input: { group, server, canStart, canStop, settings }, observer: { ended } });
  }
  node.launch(failoverManager, {
    key: group,
    input: { plan, confirmations, maxFlaps },
    observer: { delivered: (output) => outputs.next(output), ended },
  });
  return outputs;
}

/** A detector for each server, whose opinions the manager hears. */
function watchServers(
  node: Node,
  { group, servers }: GroupPlan,
  { estimator = defaultEstimator, detector = {} }: ManagerNodeOptions,
  detectors: readonly string[],
  { clock }: Environment,
  failed: (error: unknown) => void,
): Pick<Actors, 'opinions' | 'qualityOf'> {
  const names = new Map(servers.map(({ server }) => [serverKey(group, server), server]));
  const nameOf = (target: string): string => names.get(target) ?? target;
  const { changes, qualityOf } = watch(node, {
    targets: [...names.keys()],
    answeredBy: (target) => probeAddress(node.id, group, nameOf(target)),
    detectors,
    estimator,
    settings: detector,
    clock,
  });
  const opinions = changes.pipe(map((change) => ({ server: nameOf(change.watched), change })));
  opinions.subscribe({
    next({ server, change: { opinion } }) {
      if (!node.isRunning) return;
      const judged: ManagerRequest = { type: 'judged', server, opinion };
      node.request(managerAddress(node.id, group), judged);
    },
    error: failed,
  });
  return { opinions, qualityOf: (server) => qualityOf(serverKey(group, server)) };
}

/** What the actors show together: to clients, and to operators. */
function shown(
  node: Node,
  { group, servers }: GroupPlan,
  options: ManagerNodeOptions,
  register: GroupRegister,
  { clock }: Environment,
): Pick<Actors, 'topology' | 'status'> {
  const places: GroupPlaces = {
    group,
    servers: new Map(
      servers.flatMap(({ server }) => {
        const found = options.servers[server];
        return found === undefined ? [] : [[server, found.address] as const];
      }),
    ),
  };
  const view = () => node.view(failoverManager, group);
  const topologyNow = (): Topology => topologyOf(places, register.current.standing, view()?.sights ?? []);
  const topology = new BehaviorSubject(topologyNow());
  register.recorded.subscribe(() => {
    const next = topologyNow();
    if (next.revision > topology.value.revision) topology.next(next);
  });
  // How far standbys are behind is no part of what is recorded.
  const measureLater = (): void =>
    void clock.setTimeout(() => {
      if (!node.isRunning) return;
      const next = topologyNow();
      if (canonicalKey(next) !== canonicalKey(topology.value)) topology.next(next);
      measureLater();
    }, measureMs);
  measureLater();
  const startedMs = clock.nowMs();
  return {
    topology,
    status: () =>
      statusOf({
        id: node.id,
        pid: options.pid ?? null,
        places,
        standing: register.current.standing,
        registerLeader: register.leader,
        view: view(),
        standbys: servers.flatMap(({ server }) => node.view(standby, serverKey(group, server)) ?? []),
        uptimeMs: clock.nowMs() - startedMs,
      }),
  };
}
