/**
 * The charts of a group for the model checker: a manager and what steers each of its servers, as they run in production, over the
 * servers and clients of `../model.ts`. Detectors are any at all: whatever a quorum of them says of a server may be said at any
 * moment. That managers do nothing but what is right whatever they believe is shown with managers that do whatever they like
 * (`../any-managers.ts`); here it is shown that the charts come to an end.
 */

import {
  defineFailoverManager,
  defineStandby,
  type GroupPlan,
  groupPlan,
  hasPrimary,
  type ManagerRequest,
  managerRules,
  type Opinion,
  serverKey,
  standbyRules,
} from '../../../../statecharts/failover.ts';
import {
  actorOf,
  defineModel,
  type Model,
  type Predicates,
  request,
  resourceModel,
  type SystemState,
} from '../../../checker.ts';
import { boundsOf, systemNameOf } from '../../bounds.ts';
import { isKept, ofAnyTwo } from '../../claim.ts';
import { numbered } from '../../nodes.ts';
import { oneServer, survives } from '../claims.ts';
import { clientSteps } from '../group/clients.ts';
import { lifeSteps } from '../group/lives.ts';
import { type GroupOperation, operate, sessionOf } from '../group/operations.ts';
import { founded } from '../group/start.ts';
import { type Group, groupOf, reignsIn } from '../group/state.ts';
import { register } from '../register.ts';
import type { BrokenCharts } from '../scenario/machine.ts';
import { type ChartsBounds, chartsBounds, type GivenChartsBounds } from './bounds.ts';

const node = 'm1';
const group = 'g';
const resource = 'group';

type State = SystemState<undefined>;

const groupIn = (state: State): Group => groupOf(state.resource(resource));

const planOf = (servers: readonly string[]): GroupPlan =>
  groupPlan({
    group,
    mode: 'durable',
    servers: servers.map((server) => ({ server })),
    // Counts are as low as they can be: what waits for more of them is as good as slow.
    settings: { settleAfter: 1, lateAfter: 1, failAfter: 1, failbackAfter: 1 },
  });

/** How much may happen, as `chartsBounds` says, and whose charts it happens to. */
export interface ChartsModelOptions extends GivenChartsBounds {
  readonly broken?: BrokenCharts;
}

/** The model of a group under its charts. */
export function failoverChartsModel({ broken = {}, ...given }: ChartsModelOptions = {}): Model<undefined> {
  const bounds = boundsOf(chartsBounds, given);
  const { servers: count, confirmations, memory, looks, retries, waits, deaths, recoveries, live, ...events } = bounds;
  const names = numbered('r', count);
  const plan = planOf(names);
  const left = { ...events, offices: 0, elections: 0, sizes: 0 };
  const start = founded({ servers: names, confirmations, left });
  const manager = actorOf(defineFailoverManager({ ...managerRules, ...broken.manager }), node, {
    key: group,
    input: { plan, confirmations },
  });
  const standby = defineStandby({ ...standbyRules, ...broken.standby });
  const steering = names.map((server) =>
    actorOf(standby, node, {
      key: serverKey(group, server),
      input: { group, server, settings: plan.settings, canStart: false },
    }),
  );
  const keeper = actorOf(register, node, { key: group, input: { group, node, standing: start.standing } });
  const judged = (opinion: Opinion): ManagerRequest => ({ type: 'judged', server: names[0] ?? '', opinion });
  const nameOf = (part: string): string => part.slice(group.length + 1);
  return defineModel<undefined>({
    name: `the charts of failover with ${systemNameOf(chartsBounds, given)}`,
    actors: [manager, ...steering, keeper],
    requests: [
      request(manager, judged('confirmed'), { times: deaths, ...(live && { fair: 'weak' }) }),
      request(manager, judged('trusted'), { times: recoveries }),
    ],
    deliveries: 'changing',
    localMessages: 'at-once',
    timers: {
      lookInterval: looks,
      retryInterval: retries,
      gatherTimeout: waits,
      promoteTimeout: waits,
      catchUpTimeout: 0,
    },
    resources: {
      [resource]: resourceModel<Group, GroupOperation>({
        start,
        parts: names.map((server) => serverKey(group, server)),
        perform: (state, operation, asked) => operate(state, operation, { ...asked, part: nameOf(asked.part) }),
        isAtOnce: ({ type }) => type === 'look' || type === 'claim',
        connect: (state, { actor, part }) => sessionOf(state, { actor, part: nameOf(part) }),
        changes: (state) => [...clientSteps(state, 'servers', {}), ...lifeSteps(state, memory)],
      }),
    },
    always: {
      'what was acknowledged is in every later primary': (state) => {
        const { acknowledged, ...rest } = groupIn(state);
        return acknowledged.every((told) => reignsIn(rest).every((reign) => isKept(survives(told, reign))));
      },
      'one server acknowledges in each epoch': (state) => isKept(ofAnyTwo(groupIn(state).acknowledged, oneServer)),
      'nothing goes back: terms, epochs, and the managers that servers obey': (state) => groupIn(state).wrong === null,
    },
    sometimes: goalsOf(bounds),
    ...(live
      ? {
          fair: ['deliver', 'execute', 'answer', 'change', 'timer'],
          eventually: {
            'a primary that is taken for dead has a successor': {
              holds: (state) => {
                const standing = state.of(keeper).snapshot?.context.standing;
                return standing !== undefined && standing.epoch > 1 && hasPrimary(standing);
              },
            },
          },
        }
      : {}),
  });
}

function goalsOf({ deaths, writes }: ChartsBounds): Predicates<undefined> {
  const hasReplaced = (state: State): boolean => reignsIn(groupIn(state)).some(({ epoch }) => epoch > 1);
  return {
    ...(writes > 0 ? { 'a write is acknowledged': (state: State) => groupIn(state).acknowledged.length > 0 } : {}),
    ...(deaths > 0 ? { 'another epoch has a primary': hasReplaced } : {}),
    ...(deaths > 0 && writes > 0
      ? {
          'a write is acknowledged after a failover': (state: State) =>
            groupIn(state).acknowledged.some(({ epoch }) => epoch > 1),
        }
      : {}),
  };
}
