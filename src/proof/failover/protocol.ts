/** Failover, as a protocol that is simulated, checked and broken. */

import { defineProtocol } from '../protocol.ts';
import { failoverBounds } from './bounds.ts';
import { failoverTwins } from './broken.ts';
import { chartsBounds } from './charts/bounds.ts';
import { failoverChartsTwins } from './charts/broken.ts';
import { failoverChartsModel } from './charts/model.ts';
import { failoverChartsSystems, failoverSystems } from './configurations.ts';
import { type BrokenFailover, failoverModel } from './model.ts';
import type { BrokenCharts } from './scenario/machine.ts';
import { failoverScenario } from './scenario.ts';

/** A group of servers under its managers. */
export const failover = defineProtocol({
  name: 'failover',
  about: 'a group of servers that know nothing of it, one of them primary, under managers that replace it',
  bounds: failoverBounds,
  model: (given, broken?: BrokenFailover) => failoverModel({ ...given, ...(broken && { broken }) }),
  scenario: (broken) => failoverScenario(broken?.charts),
  systems: failoverSystems,
  suites: [{ runs: 300, nodes: 3, budgetSeconds: 300 }],
  statesToFind: 60_000,
  runsToFind: { runs: 40, nodes: 3 },
  twins: failoverTwins,
  examples: [
    { managers: 2, offices: 2 },
    { servers: 3, keeper: 'servers', crashes: 1 },
  ],
});

/** The charts of one manager and of what steers its servers. */
export const failoverCharts = defineProtocol({
  name: 'failover-charts',
  about: 'the same under the charts of one manager, over the detectors of any quorum',
  bounds: chartsBounds,
  model: (given, broken?: BrokenCharts) => failoverChartsModel({ ...given, ...(broken && { broken }) }),
  scenario: (broken) => failoverScenario(broken),
  systems: failoverChartsSystems,
  suites: [],
  statesToFind: 60_000,
  runsToFind: { runs: 40, nodes: 3 },
  twins: failoverChartsTwins,
  examples: [
    { live: true, recoveries: 0 },
    { crashes: 1, memory: 'durable' },
  ],
});
