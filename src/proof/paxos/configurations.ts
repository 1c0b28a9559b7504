/**
 * The systems in which Multi-Paxos is proven before a release: as large as some minutes on two processors allow. Each
 * leaves something out that another one has.
 */

import type { ProvenSystem } from '../protocol.ts';
import type { GivenPaxosBounds } from './bounds.ts';

/** On a network that loses whatever it likes, and carries few messages at a time. */
const lossy = { losses: 'unlimited', inFlight: 2 } as const;

/** Two of three servers stand, one after the other; the third one decides between them. */
const three = { nodes: 3, ballots: 2, candidates: ['n1', 'n2'] } as const;

/** The largest first, so that two processors end at about the same time. */
const systems: readonly GivenPaxosBounds[] = [
  { nodes: 2, ballots: 2, entries: 1, crashes: 1, ...lossy },
  // Nothing is lost, and yet whatever is on its way may never arrive.
  { ...three, entries: 1, inFlight: 5 },
  // A leader stands by itself, and none reads before all others have answered.
  { ...three, phase2: 3, entries: 0, reads: 1, ...lossy, inFlight: 3 },
  // A leader chooses by itself, and none stands without all others.
  { ...three, phase2: 1, entries: 1, ...lossy, inFlight: 4 },
  { ...three, entries: 0, crashes: 1, ...lossy },
  { ...three, ballots: 1, candidates: ['n1'], entries: 1, heartbeats: 1, compactions: 1, ...lossy },
  { nodes: 2, ballots: 2, entries: 1, crashes: 1, compactions: 1, ...lossy },
  { ...three, entries: 0, transfers: 1, ...lossy },
  { ...three, entries: 0, reads: 1, ...lossy },
  { nodes: 2, ballots: 2, entries: 1, transfers: 1, ...lossy },
];

/** Likewise, with a server that is replaced: a leader may crash, or be overtaken, before its stop-sign is chosen. The next one inherits it. */
const replacing: readonly GivenPaxosBounds[] = [
  { nodes: 2, ballots: 2, entries: 0, crashes: 1, heartbeats: 1, replacements: 1, candidates: ['n1', 'n2'], ...lossy },
  { nodes: 3, ballots: 1, entries: 0, heartbeats: 1, replacements: 1, candidates: ['n1'], ...lossy, inFlight: 3 },
  { ...three, entries: 0, replacements: 1, inFlight: 4 },
  { nodes: 2, ballots: 2, entries: 0, crashes: 1, replacements: 1, candidates: ['n1', 'n2'], ...lossy },
];

/** Likewise, with members that come and go. In two of them the leader is removed. Who is added hears of it by a heartbeat. */
const changing: readonly GivenPaxosBounds[] = [
  { nodes: 2, ballots: 2, entries: 1, changes: ['remove:n1'], crashes: 1, candidates: ['n1', 'n2'], ...lossy },
  { ...three, entries: 0, changes: ['remove:n3'], ...lossy },
  { ...three, entries: 0, changes: ['remove:n1'], ...lossy },
  { nodes: 2, ballots: 2, entries: 0, changes: ['remove:n2'], crashes: 1, candidates: ['n1', 'n2'], ...lossy },
  {
    nodes: 2,
    ballots: 1,
    entries: 0,
    heartbeats: 1,
    changes: ['add:n3', 'promote:n3'],
    candidates: ['n1'],
    ...lossy,
  },
];

export const paxosSystems: readonly ProvenSystem<GivenPaxosBounds>[] = systems.map((bounds) => ({ bounds }));
export const paxosReplacementSystems: readonly ProvenSystem<GivenPaxosBounds>[] = replacing.map((bounds) => ({
  bounds,
}));
export const paxosChangeSystems: readonly ProvenSystem<GivenPaxosBounds>[] = changing.map((bounds) => ({ bounds }));
