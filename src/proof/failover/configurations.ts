/** The systems whose proofs are made before a release, the largest first. */

import type { ProvenSystem } from '../protocol.ts';
import type { GivenFailoverBounds } from './bounds.ts';
import type { GivenChartsBounds } from './charts/bounds.ts';

export const failoverSystems: readonly ProvenSystem<GivenFailoverBounds>[] = [
  { bounds: { managers: 2, offices: 2 }, maxStates: 200_000 },
  { bounds: { servers: 2, managers: 2, offices: 2, elections: 2 }, maxStates: 200_000 },
  { bounds: { elections: 2 }, maxStates: 100_000 },
  { bounds: { crashes: 1 }, maxStates: 100_000 },
  { bounds: { sizes: 1 }, maxStates: 100_000 },
  { bounds: { memory: 'durable', crashes: 1, keeper: 'servers' }, maxStates: 200_000 },
  { bounds: { late: 1, sizes: 1, keeper: 'servers' }, maxStates: 200_000 },
  { bounds: { pauses: 1, keeper: 'servers' }, maxStates: 200_000 },
  { bounds: { confirmations: 2 }, maxStates: 200_000 },
];

export const failoverChartsSystems: readonly ProvenSystem<GivenChartsBounds>[] = [
  { bounds: {}, maxStates: 200_000 },
  { bounds: { live: true, recoveries: 0 }, maxStates: 200_000 },
];
