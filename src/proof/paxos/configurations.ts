/**
 * The systems in which Multi-Paxos is proven before a release: as large as some minutes on two processors allow. Each
 * leaves something out that another one has.
 */

import type { ProvenSystem } from '../protocol.ts';
import type { GivenPaxosBounds } from './bounds.ts';

/** On a network that loses whatever it likes, and carries few messages at a time. */
const lossy = { losses: 'unlimited', inFlight: 2 } as const;

/** The largest first, so that two processors end at about the same time. */
const systems: readonly GivenPaxosBounds[] = [
  { nodes: 2, ballots: 2, entries: 1, crashes: 1, ...lossy },
  { nodes: 2, ballots: 2, entries: 1, transfers: 1, ...lossy },
];

/** Likewise, with a server that is replaced: a leader may crash before its stop-sign is chosen, and the next one inherits it. */
const replacing: readonly GivenPaxosBounds[] = [
  { nodes: 2, ballots: 2, entries: 0, crashes: 1, heartbeats: 1, replacements: 1, candidates: ['n1', 'n2'], ...lossy },
  { nodes: 2, ballots: 2, entries: 0, crashes: 1, replacements: 1, candidates: ['n1', 'n2'], ...lossy },
];

export const paxosSystems: readonly ProvenSystem<GivenPaxosBounds>[] = systems.map((bounds) => ({ bounds }));
export const paxosReplacementSystems: readonly ProvenSystem<GivenPaxosBounds>[] = replacing.map((bounds) => ({
  bounds,
}));
