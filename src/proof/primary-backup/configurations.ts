/** The systems whose proofs are made before a release, the largest first. */

import type { ProvenSystem } from '../protocol.ts';
import type { GivenPrimaryBackupBounds } from './bounds.ts';

const systems: readonly GivenPrimaryBackupBounds[] = [
  { nodes: 3, mode: 'quorum', entries: 0, gathers: 1, inFlight: 5 },
  { nodes: 2, entries: 1, reads: 1, looks: 1, inFlight: 3 },
  { nodes: 2, entries: 1, crashes: 1, inFlight: 2 },
  { nodes: 2, entries: 1 },
  { nodes: 2, entries: 1, looks: 2, elections: 0, epochs: 1, duplicates: 1, inFlight: 3 },
  { nodes: 2, minInSync: 2, entries: 1, looks: 2, elections: 0, epochs: 1, inFlight: 4 },
  { nodes: 2, entries: 1, crashes: 1, elections: 0, epochs: 1 },
  { nodes: 2, entries: 1, elections: 0, transfers: 1 },
];

export const primaryBackupSystems: readonly ProvenSystem<GivenPrimaryBackupBounds>[] = systems.map((bounds) => ({
  bounds,
}));

export const primaryBackupAsyncSystems: readonly ProvenSystem<GivenPrimaryBackupBounds>[] = [
  { bounds: { nodes: 2, mode: 'async', maxLoss: 1, entries: 2, inFlight: 4 } },
];
