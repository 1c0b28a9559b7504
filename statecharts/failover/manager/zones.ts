/**
 * Zones: what fails together, such as a rack or a site. Standbys are there to survive a failure, so one that fails with the primary
 * is none: the pool holds one elsewhere if it can, and counts none in a zone that has failed.
 */

import { isBelievedAlive, type ManagerContext, planOf, type Sight, sightOf } from './context.ts';
import { isSteered } from './orders.ts';

const zoneOf = (context: ManagerContext, server: string | undefined): string | null =>
  server === undefined ? null : (planOf(context, server)?.zone ?? null);

/** Whether a server is outside of the zone of `other`, as far as they have any. */
export function isApart(context: ManagerContext, server: string, other: string | undefined): boolean {
  const zone = zoneOf(context, other);
  return zone === null || zoneOf(context, server) !== zone;
}

/** Whether the servers of its zone that should run are all taken for dead: then one that is started there is no help. */
export function isInFailedZone(context: ManagerContext, server: string): boolean {
  const zone = zoneOf(context, server);
  if (zone === null) return false;
  const running = context.plan.servers.filter(
    (it) => it.zone === zone && it.server !== server && it.standby !== 'cold' && isSteered(context, it.server),
  );
  return running.length > 0 && running.every((it) => !isAlive(context, it.server));
}

function isAlive(context: ManagerContext, server: string): boolean {
  const sight = sightOf(context, server);
  return sight !== undefined && isBelievedAlive(sight);
}

/** Whether one of `standbys` would be left without the primary's zone; true where no server is elsewhere. */
export function isSpread(context: ManagerContext, standbys: readonly Sight[]): boolean {
  const primary = context.standing.primary?.server;
  const isElsewhere = ({ server }: { readonly server: string }): boolean =>
    zoneOf(context, primary) !== null && server !== primary && isApart(context, server, primary);
  return !context.plan.servers.some(isElsewhere) || standbys.some(isElsewhere);
}
