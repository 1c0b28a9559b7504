/** The systems whose proofs are made before a release, the largest first. Each leaves something out that another one has. */

import type { ProvenSystem } from '../protocol.ts';
import type { GivenCasPaxosBounds } from './bounds.ts';

const atOnce = { ballots: 0, flushes: false } as const;

const systems: readonly GivenCasPaxosBounds[] = [
  { ...atOnce, crashes: 1, crashing: ['n3'] },
  { registers: 1, acceptors: 2, reads: 1, ballots: 0, crashes: 1 },
  { ...atOnce, abandons: 1 },
  { ...atOnce, acceptors: 2, reads: 1 },
  atOnce,
  { ...atOnce, acceptors: 2, crashes: 1, crashing: ['n1'] },
  { ...atOnce, acceptors: 2, ballots: 1 },
];

export const casPaxosSystems: readonly ProvenSystem<GivenCasPaxosBounds>[] = systems.map((bounds) => ({ bounds }));
