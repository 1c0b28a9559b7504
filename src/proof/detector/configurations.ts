/** The systems whose proofs are made before a release, the largest first. */

import type { ProvenSystem } from '../protocol.ts';
import type { GivenDetectorBounds } from './bounds.ts';

export const detectorSystems: readonly ProvenSystem<GivenDetectorBounds>[] = [
  { bounds: { detectors: 3, pings: 1, silences: 2 } },
  { bounds: { detectors: 3, pings: 0, silences: 'unlimited', dead: true } },
  { bounds: { pings: 1, silences: 2, stalls: 1 } },
  { bounds: { pings: 2, silences: 2, crashes: 1, crashing: ['w'] } },
  { bounds: { pings: 1, silences: 2, relays: 1 } },
];
