/** Which standby a reader goes to: the one with the fewest connections, of those that are close enough behind the primary. */

import type { Topology } from '../../../statecharts/failover.ts';
import type { Destination } from './settings.ts';

type Standby = Topology['standbys'][number];

/** Whether a standby is known to be at most `maxLagBytes` behind. */
export const isClose = ({ lagBytes }: Standby, maxLagBytes: number): boolean =>
  lagBytes !== null && lagBytes <= maxLagBytes;

/**
 * The standby for the next reader; undefined where none is close enough.
 *
 * @param pendingAt how many connections lead to a server
 */
export function leastPending(
  standbys: readonly Standby[],
  maxLagBytes: number,
  pendingAt: (server: string) => number,
): Destination | undefined {
  let least: Standby | undefined;
  for (const standby of standbys) {
    if (!isClose(standby, maxLagBytes)) continue;
    if (least === undefined || pendingAt(standby.server) < pendingAt(least.server)) least = standby;
  }
  return least;
}

/**
 * Whether readers may stay where they are. One of a standby whose lag is not known just now may; one that is too far
 * behind, is primary, has moved or is gone may not.
 */
export function mayRead(
  { server, host, port }: Destination,
  standbys: readonly Standby[],
  maxLagBytes: number,
): boolean {
  const standby = standbys.find((it) => it.server === server && it.host === host && it.port === port);
  return standby !== undefined && (standby.lagBytes === null || isClose(standby, maxLagBytes));
}
