/** How time is taken apart for the odds of an election: in milliseconds, with one for every message. */

import { raftDelays } from '../../../../statecharts/raft.ts';

/**
 * At how many instants of its range an election timeout may end, each as probable as the others. The more there are, the rarer it
 * is that two servers stand at once, and the larger is the model.
 */
const instantsFor = (servers: number): number => (servers === 2 ? 8 : 4);

export const times = {
  messageMs: 1,
  /**
   * How long the first server that stands is watched. It is elected and its entry committed within 6 ms, or something must be said
   * again; and it is less than what lies between two instants.
   */
  attemptMs: 20,
} as const;

/** The instants at which an election timeout may end, from the least on. */
export function instantsMs(servers: number): readonly number[] {
  const { minMs, maxMs } = raftDelays.electionTimeout;
  const count = instantsFor(servers);
  return Array.from({ length: count }, (_, place) => Math.floor(minMs + ((maxMs - minMs) * place) / count));
}
