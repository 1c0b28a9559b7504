/** Broken twins of the charts: what the checker finds of them that it finds of no managers that do as they like. */

import { fencedIn } from '../../../../statecharts/failover/manager/rules/electing.ts';
import { want } from '../../../../statecharts/failover/manager/rules/office.ts';
import type { Twin } from '../../protocol.ts';
import type { BrokenCharts } from '../scenario/machine.ts';
import type { GivenChartsBounds } from './bounds.ts';

export type ChartsTwin = Twin<GivenChartsBounds, BrokenCharts>;

export const failoverChartsTwins: readonly ChartsTwin[] = [
  {
    name: 'a server that was fenced is chosen, whatever it has forgotten',
    rule: 'members are incarnations',
    broken: {
      manager: {
        hasHeardAll: (context) => context.standing.phase === 'fencing' && fencedIn(context).length > 0,
        choose(context) {
          const [found] = fencedIn(context).filter(({ server }) => server !== context.standing.primary?.server);
          if (found === undefined) return {};
          const { server, incarnation, position } = found;
          const { epoch } = context.standing;
          const candidate = { server, incarnation };
          return want(context, { type: 'choose', epoch, candidate, offset: position.offset, inSync: [], loss: null });
        },
      },
    },
    checker: { bounds: { crashes: 1 }, violates: 'what was acknowledged is in every later primary' },
  },
];
