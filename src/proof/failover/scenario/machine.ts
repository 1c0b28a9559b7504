/** What runs on a machine of a simulated group: a manager with its standbys, detectors and register, as services have them. */

import {
  defineFailoverManager,
  defineStandby,
  type EstimatorConfig,
  foundingStanding,
  type GroupMode,
  type GroupPlan,
  groupPlan,
  type ManagerRequest,
  type ManagerRules,
  managerAddress,
  managerRules,
  probe,
  probeAddress,
  type readinesses,
  type StandbyRules,
  type Standing,
  serverKey,
  standbyRules,
} from '../../../../statecharts/failover.ts';
import { NodeFailedError } from '../../../host/errors.ts';
import { createNode, type Node } from '../../../host/node.ts';
import type { MemoryGroup } from '../../../resources/managed/memory.ts';
import { resourceOf } from '../../../resources/managed/resource.ts';
import { watch } from '../../../services/failover/detectors.ts';
import { type GroupRegister, startGroupRegister } from '../../../services/failover/register.ts';
import { raft } from '../../../services/store/log/raft.ts';
import type { Application, Boot } from '../../../simulator/scenario.ts';
import { serverNames } from './servers.ts';

/** Rules of charts that differ from the true ones. */
export interface BrokenCharts {
  readonly manager?: Partial<ManagerRules>;
  readonly standby?: Partial<StandbyRules>;
}

/** How a group is meant to be. */
export interface GroupForm {
  /** Default `durable`, the only one that claims what is asked of a run. */
  readonly mode?: GroupMode;
  /** How ready servers are kept as standbys; those that are not named are hot. One that is cold can be started. */
  readonly standby?: Readonly<Record<string, (typeof readinesses)[number]>>;
}

/** Brief, so that everything that waits does so many times in a run. */
const planOf = ({ mode = 'durable', standby = {} }: GroupForm): GroupPlan =>
  groupPlan({
    group: 'orders',
    mode,
    servers: serverNames.map((server) => {
      const readiness = standby[server] ?? 'hot';
      return { server, standby: readiness, canStart: readiness === 'cold' };
    }),
    settings: { lookIntervalMs: 100, operationDeadlineMs: 300, promoteTimeoutMs: 2_000, settleAfter: 10 },
  });
const maxFlaps = 1_000;

/** How a group is steered. */
export interface Steering {
  readonly plan: GroupPlan;
  readonly founding: Standing;
  readonly estimator: EstimatorConfig;
  readonly probeTimeoutMs: number;
}

/** With detectors that are as hasty as the plan. */
export const steeringOf = (form: GroupForm = {}): Steering => ({
  plan: planOf(form),
  founding: foundingStanding({ mode: form.mode ?? 'durable', maxFlaps }),
  estimator: { kind: 'fixed', timeoutMs: 400 },
  probeTimeoutMs: 80,
});

/** A machine of the group. */
export interface FailoverApplication extends Application {
  readonly node: Node;
  readonly register: GroupRegister;
  /** Why one of its actors has ended that should not. */
  readonly mistake: string | undefined;
  /** What an operator asks of its manager. */
  ask(request: ManagerRequest): void;
}

/** Boots a machine whose actors steer `group`. @param given how; by default as in the scenario, `durable` */
export function bootMachine(
  boot: Boot,
  group: MemoryGroup,
  broken: BrokenCharts = {},
  given: Steering = steeringOf(),
): FailoverApplication {
  const { plan, founding, estimator, probeTimeoutMs } = given;
  const { id, machines, bus, journal, environment } = boot;
  const { clock } = environment;
  let mistake: string | undefined;
  const ended = (error?: unknown): void => {
    // A node whose disk fails takes its actors along; everything else that ends one is a bug.
    const isOfNode = [error, error instanceof Error && error.cause].some((it) => it instanceof NodeFailedError);
    if (error !== undefined && !isOfNode) mistake ??= String(error);
  };
  const resources = Object.fromEntries(
    plan.servers.map(({ server }) => [serverKey(plan.group, server), resourceOf(group.reach(server, id), { clock })]),
  );
  const node = createNode({ id, bus, journal, environment, resources });
  const standby = defineStandby({ ...standbyRules, ...broken.standby });
  const manager = defineFailoverManager({ ...managerRules, ...broken.manager });
  for (const { server, canStart } of plan.servers) {
    const key = serverKey(plan.group, server);
    node.launch(standby, {
      key,
      input: { group: plan.group, server, canStart, settings: plan.settings },
      observer: { ended },
    });
    node.launch(probe, { key, input: { timeoutMs: probeTimeoutMs }, observer: { ended } });
  }
  const self = managerAddress(id, plan.group);
  node.launch(manager, { key: plan.group, input: { plan, maxFlaps: founding.maxFlaps }, observer: { ended } });
  const log = raft({ voters: machines })({ node, key: plan.group, environment });
  const register = startGroupRegister({ node, group: plan.group, log, founding, ended });
  const watched = watch(node, {
    targets: plan.servers.map(({ server }) => server),
    answeredBy: (server) => probeAddress(id, plan.group, server),
    detectors: machines,
    estimator,
    clock,
  });
  const ask = (request: ManagerRequest): void => node.request(self, request);
  watched.changes.subscribe({
    next: ({ watched: server, opinion }) => ask({ type: 'judged', server, opinion }),
    error: ended,
  });
  return {
    node,
    register,
    get mistake() {
      return mistake;
    },
    ask,
  };
}
