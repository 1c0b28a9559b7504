/** The systems whose proofs are made before a release, the largest first. */

import type { ProvenSystem } from '../protocol.ts';
import type { GivenAgreeBounds } from './bounds.ts';

export const agreeSystems: readonly ProvenSystem<GivenAgreeBounds>[] = [
  { bounds: { ballots: 0, crashes: 1, flushes: false, refusals: false } },
  { bounds: { ballots: 0, flushes: false } },
  { bounds: { acceptors: 2, ballots: 0, crashes: 1, crashing: ['n1'], flushes: false } },
  { bounds: { ballots: 0, flushes: false, promises: 3 } },
  { bounds: { proposers: 1, acceptors: 2, ballots: 0, crashes: 1 } },
];
