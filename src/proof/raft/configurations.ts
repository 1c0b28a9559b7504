/**
 * The systems in which Raft is proven before a release: as large as some minutes on two processors allow. Each leaves
 * something out that another one has.
 */

import type { ProvenSystem } from '../protocol.ts';
import type { GivenRaftBounds } from './bounds.ts';

/** On a network that loses whatever it likes, and carries few messages at a time. */
const lossy = { losses: 'unlimited', inFlight: 2 } as const;

/** The largest first, so that two processors end at about the same time. */
const systems: readonly GivenRaftBounds[] = [
  { nodes: 3, terms: 2, entries: 1, preVotes: false },
  { nodes: 3, terms: 2, entries: 0, crashes: 1, ...lossy, preVotes: false },
  { nodes: 3, terms: 2, entries: 1, duplicates: 1, ...lossy, preVotes: false },
  { nodes: 3, terms: 1, entries: 1, crashes: 1, duplicates: 1, preVotes: false },
  { nodes: 2, terms: 2, entries: 1, crashes: 1, heartbeats: 1, quorumChecks: 1, ...lossy },
  { nodes: 3, terms: 2, entries: 0, heartbeats: 1, compactions: 1, ...lossy, preVotes: false },
  { nodes: 2, terms: 2, entries: 1, crashes: 1, compactions: 1, ...lossy },
  { nodes: 2, terms: 2, entries: 1, crashes: 1, duplicates: 1, ...lossy, inFlight: 3 },
  { nodes: 3, terms: 1, entries: 1, crashes: 1 },
  { nodes: 3, terms: 2, entries: 0, transfers: 1, ...lossy, preVotes: false },
  { nodes: 2, terms: 2, entries: 1, crashes: 1, transfers: 1, ...lossy, preVotes: false },
  { nodes: 2, terms: 2, entries: 1, crashes: 2 },
  { nodes: 3, terms: 2, entries: 1, ...lossy },
  { nodes: 3, terms: 2, entries: 0, reads: 1, ...lossy },
  { nodes: 2, terms: 2, entries: 1, crashes: 1, losses: 1 },
  { nodes: 2, terms: 2, entries: 1, crashes: 1, network: 'ordered' },
];

/** Likewise, with a server that is replaced. */
const replacing: readonly GivenRaftBounds[] = [
  { nodes: 3, terms: 2, entries: 0, replacements: 1, candidates: ['n1', 'n3|n4'], ...lossy, preVotes: false },
  { nodes: 3, terms: 1, entries: 0, replacements: 1, candidates: ['n1'], ...lossy, inFlight: 3, preVotes: false },
  { nodes: 3, terms: 1, entries: 0, replacements: 1, lateRounds: 2, candidates: ['n1'], ...lossy, preVotes: false },
  {
    nodes: 2,
    terms: 1,
    entries: 1,
    replacements: 1,
    leaderLeaves: true,
    candidates: ['n1'],
    ...lossy,
    preVotes: false,
  },
];

/** Likewise, with members that come and go. In the last one the leader is removed. */
const changing: readonly GivenRaftBounds[] = [
  { nodes: 3, terms: 2, entries: 0, changes: ['remove:n3'], candidates: ['n1', 'n2|n3'], ...lossy, preVotes: false },
  { nodes: 2, terms: 2, entries: 0, changes: ['remove:n2'], crashes: 1, ...lossy, preVotes: false },
  {
    nodes: 2,
    terms: 1,
    entries: 0,
    changes: ['add:n3', 'promote:n3'],
    crashes: 1,
    candidates: ['n1'],
    ...lossy,
    preVotes: false,
  },
  {
    nodes: 2,
    terms: 2,
    entries: 0,
    changes: ['add:n3', 'promote:n3'],
    candidates: ['n1', 'n2|n3'],
    ...lossy,
    preVotes: false,
  },
  { nodes: 3, terms: 1, entries: 1, changes: ['remove:n1'], candidates: ['n1'], ...lossy, preVotes: false },
];

export const raftSystems: readonly ProvenSystem<GivenRaftBounds>[] = systems.map((bounds) => ({ bounds }));
export const raftReplacementSystems: readonly ProvenSystem<GivenRaftBounds>[] = replacing.map((bounds) => ({ bounds }));
export const raftChangeSystems: readonly ProvenSystem<GivenRaftBounds>[] = changing.map((bounds) => ({ bounds }));
