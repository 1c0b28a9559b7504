/**
 * A manager of a group of servers, put together: a node with its journal and TCP, the register over a log among the managers, a
 * detector and a probe for each server, what steers each, the manager, HTTP, hooks, and the audit log. What `quorate
 * failover` runs, and what an application embeds.
 */

import { join } from 'node:path';
import { ReplaySubject } from 'rxjs';
import { foundingStanding, type GroupPlan, groupPlan, serverKey } from '../../../statecharts/failover.ts';
import type { Clock } from '../../environment/clock.ts';
import { systemEnvironment } from '../../environment/environment.ts';
import { resourceOf } from '../../resources/managed/resource.ts';
import { replacingBoth } from '../http/tls.ts';
import { type RunningNode, startNode } from '../start-node.ts';
import { holdToFounding } from './group-file.ts';
import { type ManagerHttpServer, serveManager } from './http/server.ts';
import { type Actors, startActors } from './manager/actors.ts';
import { type Beside, startBeside } from './manager/beside.ts';
import type { ManagerNode, ManagerNodeOptions } from './manager/contract.ts';

export type { ManagerNews, ManagerNode, ManagerNodeOptions } from './manager/contract.ts';

/**
 * Starts a manager.
 *
 * @throws OtherGroupError when the directory was begun for something else; FailoverConfigError, DetectorConfigError for what
 * makes no sense; the errors of `startNode` and of `serveManager`
 */
export async function startFailoverManager(options: ManagerNodeOptions): Promise<ManagerNode> {
  const { id, managers, dataDirectory, secret, nats, tls, confirmations = 1, maxFlaps = 3 } = options;
  const { environment = systemEnvironment(), inspect } = options;
  const plan = planOf(options);
  const { group, mode } = plan;
  holdToFounding(dataDirectory, { group, mode, confirmations, maxFlaps });
  const { [id]: listen, ...peers } = managers;
  const opened: (() => Promise<void>)[] = [];
  try {
    const running = await startNode({
      id,
      cluster: `failover-${group}`,
      directory: join(dataDirectory, 'journal'),
      ...(listen && { listen }),
      peers,
      openClients: 'none',
      ...(secret && { secret }),
      ...(nats && { nats }),
      ...(tls && nats === undefined && { tls }),
      environment,
      ...(inspect && { inspect }),
      resources: Object.fromEntries(
        Object.entries(options.servers).map(([name, { server }]) => [
          serverKey(group, name),
          resourceOf(server, environment),
        ]),
      ),
    });
    opened.push(() => running.stop());
    const founding = foundingStanding({ mode, confirmations, maxFlaps });
    const parts = startActors(running.node, plan, options, founding, environment);
    const beside = await startBeside(options, group, parts, {
      ...{ node: running.node, bus: running.bus, clock: environment.clock },
      peers: () => Object.keys(peers),
    });
    opened.push(() => beside.close());
    const http = await serveManager({
      ...options.http,
      ...(tls && { tls }),
      clock: environment.clock,
      access: {
        openClients: options.openClients ?? 'loopback',
        ...(secret && { token: secret.client().httpToken() }),
      },
      topology: parts.topology,
      topologyNow: () => parts.topology.value,
      metrics: beside.metrics,
      status: parts.status,
      history: () => parts.register.current.journal,
      isRunning: () => running.node.isRunning,
      request: parts.desk.request,
    });
    const setTls = replacingBoth(nats === undefined ? running.bus : undefined, http);
    return { ...assembled(running, parts, beside, http, environment.clock), setTls };
  } catch (error) {
    for (const close of opened.reverse()) await close();
    for (const { server } of Object.values(options.servers)) await server.close();
    throw error;
  }
}

/** The plan, with the time that operations take at such servers where it does not say. */
function planOf({ plan, servers }: ManagerNodeOptions): GroupPlan {
  const deadlinesMs = Object.values(servers).flatMap(({ server }) => server.operationDeadlineMs ?? []);
  const operationDeadlineMs = plan.settings?.operationDeadlineMs ?? deadlinesMs.sort((one, other) => other - one)[0];
  return groupPlan({ ...plan, settings: { ...plan.settings, operationDeadlineMs } });
}

/** How long a stop waits for another manager to lead, in milliseconds. */
const resignMs = 2_000;

function assembled(
  running: RunningNode,
  { register, topology, status, desk, failed }: Actors,
  { news, close }: Beside,
  http: ManagerHttpServer,
  clock: Clock,
): Omit<ManagerNode, 'setTls'> {
  const failure = new ReplaySubject<Error>(1);
  let stopping: Promise<void> | undefined;
  const stop = (isAble = true): Promise<void> => {
    stopping ??= (async () => {
      // Another manager is in office at once, and need not find out that this one is gone.
      if (isAble && register.isLeader) {
        await new Promise<void>((resolve) => {
          const patience = clock.setTimeout(resolve, resignMs);
          register.resign(() => {
            clock.clearTimeout(patience);
            resolve();
          });
        });
      }
      await http.close();
      await running.stop();
      await close();
    })();
    return stopping;
  };
  const fail = (error: Error): void => {
    if (stopping !== undefined) return;
    void stop(false);
    failure.next(error);
    failure.complete();
  };
  running.failure.subscribe(fail);
  failed.subscribe(fail);
  return {
    node: running.node,
    bus: running.bus,
    httpUrl: http.url,
    topology: topology.asObservable(),
    news,
    status,
    request: desk.request,
    failure: failure.asObservable(),
    stop: () => stop(),
  };
}
